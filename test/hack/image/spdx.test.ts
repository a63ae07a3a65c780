import { expect, test } from '@jest/globals'
import { addDebianPackages } from '../../../hack/image/spdx.ts'

const document = {
  spdxVersion: 'SPDX-2.3',
  documentDescribes: ['SPDXRef-Package-flotilla-0.1.0'],
  packages: [{ SPDXID: 'SPDXRef-Package-flotilla-0.1.0', name: 'flotilla', versionInfo: '0.1.0' }],
  relationships: [],
}

const status = `Package: libstdc++6
Status: install ok installed
Architecture: arm64
Source: gcc-12
Version: 12.2.0-14+deb12u1
Description: GNU Standard C++ Library v3
 This package contains an additional runtime library: Version: 1
`

test('a Debian package is named with its version and what a scanner looks it up by', () => {
  const { packages, relationships, spdxVersion } = addDebianPackages(document, [status])
  expect(spdxVersion).toBe('SPDX-2.3')
  expect(packages[0]).toBe(document.packages[0])
  expect(packages[1]).toMatchObject({
    SPDXID: 'SPDXRef-Package-deb-libstdc--6',
    name: 'libstdc++6',
    versionInfo: '12.2.0-14+deb12u1',
    externalRefs: [{ referenceLocator: 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=arm64' }],
  })
  expect(relationships).toEqual([
    {
      spdxElementId: 'SPDXRef-Package-deb-libstdc--6',
      relatedSpdxElement: 'SPDXRef-Package-flotilla-0.1.0',
      relationshipType: 'DEPENDENCY_OF',
    },
  ])
})

test('a status that is none is refused', () => {
  expect(() => addDebianPackages(document, ['Package: libc6\n'])).toThrow(
    'Cannot name a Debian package: its status has no Version',
  )
})

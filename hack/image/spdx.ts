// SPDX 2.3: the parts of a document that are added to here, and nothing else of it.

interface SpdxPackage {
  readonly SPDXID: string
  readonly name: string
  readonly versionInfo: string
  readonly [field: string]: unknown
}

interface SpdxRelationship {
  readonly spdxElementId: string
  readonly relatedSpdxElement: string
  readonly relationshipType: string
}

export interface SpdxDocument {
  /** The package that the document is of. */
  readonly documentDescribes: readonly string[]
  readonly packages: readonly SpdxPackage[]
  readonly relationships: readonly SpdxRelationship[]
}

/** `statuses` are what `dpkg-query --status` says of packages. */
export function addDebianPackages<D extends SpdxDocument>(document: D, statuses: readonly string[]): D {
  const added = statuses.map(debianPackage)
  const described = document.documentDescribes[0]!
  return {
    ...document,
    packages: [...document.packages, ...added],
    relationships: [
      ...document.relationships,
      ...added.map(({ SPDXID }) => ({
        spdxElementId: SPDXID,
        relatedSpdxElement: described,
        relationshipType: 'DEPENDENCY_OF',
      })),
    ],
  }
}

function debianPackage(status: string): SpdxPackage {
  const field = (name: string): string => {
    const value = new RegExp(`^${name}: (.+)$`, 'm').exec(status)?.[1]
    if (value === undefined) throw new Error(`Cannot name a Debian package: its status has no ${name}`)
    return value
  }
  const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')]
  return {
    name,
    SPDXID: `SPDXRef-Package-deb-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}`,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    // Debian has texts of licences, not their SPDX names: /usr/share/doc/PACKAGE/copyright.
    licenseDeclared: 'NOASSERTION',
    externalRefs: [
      {
        referenceCategory: 'PACKAGE-MANAGER',
        referenceType: 'purl',
        referenceLocator: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`,
      },
    ],
  }
}

// dist/install.yaml: the chart for those who have no Helm. That a real API server takes it is tried in test/kube.
import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { describeRendered, type Rendered } from './helm.ts'

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'dist', 'install.yaml'), 'utf8')
const objects = (loadAll(text) as (Rendered | null)[]).filter((object) => object !== null)

describe('dist/install.yaml', () => {
  test('has everything that the operator needs, and nothing of a release of Helm', () => {
    expect(new Set(objects.map(({ kind }) => kind))).toEqual(
      new Set([
        'Namespace',
        'CustomResourceDefinition',
        'ServiceAccount',
        'ClusterRole',
        'ClusterRoleBinding',
        'Role',
        'RoleBinding',
        'Service',
        'PodDisruptionBudget',
        'Deployment',
      ]),
    )
    expect(text).not.toMatch(/helm\.sh\/(chart|hook)|managed-by: Helm/)
  })

  test('is in one namespace of its own', () => {
    const [first] = objects
    expect(first).toMatchObject({ kind: 'Namespace', metadata: { name: 'flotilla-system' } })
    const namespaces = objects.flatMap(({ metadata }) => metadata.namespace ?? [])
    expect(new Set(namespaces)).toEqual(new Set(['flotilla-system']))
  })
})

describeRendered('dist/install.yaml, made anew', () => {
  test('is what `npm run manifests` writes', () => {
    expect(text).toBe(execFileSync(join(root, 'hack', 'install-manifest'), { encoding: 'utf8' }))
  })
})

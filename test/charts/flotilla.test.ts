// The Helm chart, without Helm: versions, values and permissions hold together. Rendering needs the program: HELM
// names it.
import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load, loadAll } from 'js-yaml'
import { brokerClusters, events, leases } from '../../operator/kube/resource-types.ts'
import type { ResourceType } from '../../operator/kube/port.ts'
import { childTypes } from '../../operator/reconcile/cluster-reader.ts'
import { parseOperatorSettings } from '../../operator/config/operator-settings.ts'

const root = join(import.meta.dirname, '..', '..')
const chart = join(root, 'charts', 'flotilla')
const read = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8')
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
const values = load(read('values.yaml')) as Record<string, unknown>
const templates = readdirSync(join(chart, 'templates')).map((file) => read('templates', file))

interface Rule {
  readonly apiGroups: string[]
  readonly resources: string[]
  readonly verbs: string[]
}

/** Objects of a template whose directives are taken out: good enough for rules, which have none. */
const objectsOf = (template: string): { kind: string; rules?: Rule[] }[] =>
  loadAll(template.replace(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, '').replace(/^.*\{\{.*$/gm, ''))
    .filter((document) => document !== null && document !== undefined)
    .map((document) => document as { kind: string; rules?: Rule[] })

describe('the chart', () => {
  test('has the version of the package', () => {
    expect(load(read('Chart.yaml'))).toMatchObject({ version, appVersion: version })
  })

  test('uses only values that values.yaml has, and has none that it does not use', () => {
    const used = new Set(
      templates.flatMap((text) => [...text.matchAll(/\.Values\.([A-Za-z]+)/g)].map((match) => match[1]!)),
    )
    expect([...used].sort()).toEqual(Object.keys(values).sort())
  })

  test('gives the operator flags that it knows', () => {
    const args = [...read('templates', 'deployment.yaml').matchAll(/- (--[a-z-]+)$/gm)].map((match) => match[1]!)
    expect(args.length).toBeGreaterThan(3)
    const given = args.flatMap((flag) => [flag, flag === '--log-level' ? 'info' : 'x'])
    expect(parseOperatorSettings(given, {}, 'suffix')).toMatchObject({ ok: true })
  })
})

describe('the permissions of the chart', () => {
  const rules = objectsOf(read('templates', 'rbac.yaml')).flatMap((object) => object.rules ?? [])
  const verbsOf = ({ apiVersion, plural }: ResourceType, subresource = ''): string[] => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : ''
    return rules
      .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(`${plural}${subresource}`))
      .flatMap(({ verbs }) => verbs)
  }

  test.each(Object.values(childTypes))('let it watch $plural', (type) => {
    expect(verbsOf(type)).toEqual(expect.arrayContaining(['get', 'list', 'watch']))
  })

  test.each(Object.values(childTypes).filter(({ kind }) => kind !== 'Pod'))(
    'let it apply and delete $plural',
    (type) => {
      expect(verbsOf(type)).toEqual(expect.arrayContaining(['create', 'patch', 'delete']))
    },
  )

  test('let it label and delete pods, and never make any', () => {
    expect(verbsOf(childTypes.pods)).toEqual(expect.arrayContaining(['patch', 'delete']))
    expect(verbsOf(childTypes.pods)).not.toContain('create')
  })

  test('let it write the status of a cluster, and never its spec', () => {
    expect(verbsOf(brokerClusters).sort()).toEqual(['get', 'list', 'watch'])
    expect(verbsOf(brokerClusters, '/status')).toContain('patch')
  })

  test('let it elect a leader and record Events, and read no Secrets', () => {
    expect(verbsOf(leases)).toEqual(expect.arrayContaining(['get', 'create', 'update']))
    expect(verbsOf(events)).toEqual(expect.arrayContaining(['create', 'patch']))
    expect(JSON.stringify(rules)).not.toContain('secrets')
    expect(JSON.stringify(rules)).not.toContain('*')
  })
})

const helm = process.env['HELM']
const rendering = helm === undefined ? describe.skip : describe
rendering('rendered by Helm (set HELM to its path)', () => {
  const render = (...set: string[]) =>
    loadAll(
      execFileSync(helm!, ['template', 'release', chart, '--include-crds', '--kube-version', '1.36.0', ...set], {
        encoding: 'utf8',
      }),
    ) as {
      kind: string
      metadata: { name: string; namespace?: string }
      spec: { template: { spec: { containers: { args: string[]; image: string }[] } } }
    }[]

  test('is one Deployment with its account, its permissions and the CRD', () => {
    expect(
      render()
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'CustomResourceDefinition',
      'Deployment',
      'Role',
      'RoleBinding',
      'ServiceAccount',
    ])
  })

  test('looks after single namespaces when asked to', () => {
    const objects = render('--set', 'watchNamespaces={shop,bank}', '--set', 'brokerImage=mine:1')
    expect(
      objects
        .filter(({ kind }) => kind === 'RoleBinding')
        .map(({ metadata }) => metadata.namespace ?? '')
        .sort(),
    ).toEqual(['bank', 'default', 'shop'])
    expect(objects.some(({ kind }) => kind === 'ClusterRoleBinding')).toBe(false)
    const { args } = objects.find(({ kind }) => kind === 'Deployment')!.spec.template.spec.containers[0]!
    expect(args).toEqual(expect.arrayContaining(['--watch-namespaces', 'shop,bank', '--broker-image', 'mine:1']))
  })
})

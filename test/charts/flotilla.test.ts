// The Helm chart, without Helm: versions, values and permissions hold together.
import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import {
  brokerClusters,
  events,
  leases,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
} from '../../operator/kube/resource-types.ts'
import type { ResourceType } from '../../operator/kube/port.ts'
import { childTypes } from '../../operator/reconcile/cluster-reader.ts'
import { parseOperatorSettings } from '../../operator/config/operator-settings.ts'

const root = join(import.meta.dirname, '..', '..')
const chart = join(root, 'charts', 'flotilla')
const read = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8')
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
const values = load(read('values.yaml')) as Record<string, unknown>
const templates = readdirSync(join(chart, 'templates'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))

interface Rule {
  readonly apiGroups: string[]
  readonly resources: string[]
  readonly verbs: string[]
}

/** Rules of a template, without its directives. */
const rulesOf = (template: string): Rule[] =>
  load(template.replace(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, '').replace(/^.*\{\{.*$/gm, '')) as Rule[]

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
    const given = args.flatMap((flag) => [
      flag,
      { '--log-level': 'info', '--concurrency': '4', '--broker-user': '1000' }[flag] ?? 'x',
    ])
    expect(parseOperatorSettings(given, {}, 'suffix')).toMatchObject({ ok: true })
  })

  test('runs the operator of the image that it has in common with brokers', () => {
    expect(read('templates', 'deployment.yaml')).toMatch(/ - operator\n +- --log-level\n/)
    const { repository } = values['image'] as { repository: string }
    expect(readFileSync(join(root, 'operator', 'main.ts'), 'utf8')).toContain(`\`${repository}:\${version}\``)
  })
})

describe('the permissions of the chart', () => {
  const rules = rulesOf(read('templates', '_rules.tpl'))
  const verbsOf = ({ apiVersion, plural }: ResourceType, subresource = ''): string[] => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : ''
    return rules
      .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(`${plural}${subresource}`))
      .flatMap(({ verbs }) => verbs)
  }

  test.each(Object.values(childTypes))('let it watch $plural', (type) => {
    expect(verbsOf(type)).toEqual(expect.arrayContaining(['list', 'watch']))
  })

  test.each(Object.values(childTypes).filter(({ kind }) => kind !== 'Pod'))(
    'let it look up, apply and delete $plural',
    (type) => {
      expect(verbsOf(type)).toEqual(['get', 'list', 'watch', 'create', 'patch', 'delete'])
    },
  )

  test('let it label and delete pods, and never make any', () => {
    expect(verbsOf(childTypes.pods)).toEqual(['list', 'watch', 'patch', 'delete'])
  })

  test('let it write the status of a cluster, and never its spec', () => {
    expect(verbsOf(brokerClusters)).toEqual(['list', 'watch'])
    expect(verbsOf(brokerClusters, '/status')).toEqual(['patch'])
  })

  test('let it get Secrets by name and make new ones, and neither list nor watch them', () => {
    expect(verbsOf(secrets)).toEqual(['get', 'create'])
  })

  test('let it record Events, and nothing more than what is told above', () => {
    expect(verbsOf(events)).toEqual(['create', 'patch'])
    const election = [leases, serviceAccounts, roles, roleBindings]
    for (const type of election) expect(verbsOf(type)).toEqual(expect.arrayContaining(['get', 'create', 'patch']))
    const known = [...Object.values(childTypes), events, brokerClusters, ...election, secrets].map(
      ({ plural }) => plural,
    )
    const named = new Set(rules.flatMap(({ resources }) => resources))
    expect([...named].sort()).toEqual([...known, 'brokerclusters/status', 'brokerclusters/finalizers'].sort())
    expect(JSON.stringify(rules)).not.toContain('*')
  })

  test('have a reason beside each rule', () => {
    const lines = read('templates', '_rules.tpl').split('\n')
    const bare = lines.filter((line, index) => line.startsWith('- ') && !lines[index - 1]!.startsWith('# '))
    expect(bare).toEqual([])
  })
})

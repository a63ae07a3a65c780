// A revision that changes restarts members: these tests are about when it must, and when it never may.
import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { load } from 'js-yaml'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { buildBrokerClusterSchema, type JsonSchema } from '../../../operator/api/crd.ts'
import type { BrokerClusterSpec, BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import type { KnownDatabase } from '../../../operator/topology/database.ts'
import { memberRevision } from '../../../operator/topology/member-revision.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { databasePair, sharedPair, single } from '../../support/cluster-harness.ts'
import { withDefaults } from '../../support/crd-rules.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function parse(input: BrokerClusterSpecInput): BrokerClusterSpec {
  const parsed = parseSpec({ metadata, spec: input } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.spec
}
const revision = (input: BrokerClusterSpecInput, defaultImage = 'broker:1'): string =>
  planCluster(metadata, parse(input), { defaultImage }).groups[0]!.revision

const rich = sharedPair({
  image: { reference: 'registry.example/broker:2' },
  broker: { memoryLimit: '1Gi' },
  transportConnectors: [
    { name: 'openwire', port: 61_616 },
    { name: 'second', port: 61_617, maximumConnections: 5 },
  ],
  terminationGracePeriodSeconds: 30,
})
rich.groupTemplate!.resources = { requests: { cpu: 1, memory: '2Gi' }, limits: {} }
rich.groupTemplate!.scheduling = { spread: 'Zones', strict: true }
rich.groupTemplate!.storage.sharedVolume!.lock = { keepAlivePeriod: '1s' }

describe('the revision', () => {
  test('is pinned: another one here restarts every broker in the world', () => {
    expect([revision(sharedPair()), revision(single('None'))]).toMatchInlineSnapshot(`
[
  "9d0678dd86",
  "06b66023d0",
]
`)
  })

  // The first release took defaults in. These are its values: of the examples, and of a spec that sets nearly everything.
  test('is the one of the first release, so that an upgrade of the operator restarts nothing', () => {
    const examples = ['master-slave', 'standalone'].map((name) => {
      const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'examples', `${name}.yaml`), 'utf8')
      return revision((load(text) as { spec: BrokerClusterSpecInput }).spec)
    })
    expect(examples).toEqual(['9d0678dd86', '06b66023d0'])
    expect([revision(single('Volume')), revision(rich)]).toEqual(['06b66023d0', '6fbf4f8280'])
  })

  test('does not change with the operator: neither its default image nor defaults that are written out', () => {
    expect(revision(sharedPair(), 'broker:2')).toBe(revision(sharedPair()))
    expect(revision(sharedPair({ broker: { memoryLimit: '60%' }, terminationGracePeriodSeconds: 120 }))).toBe(
      revision(sharedPair()),
    )
  })

  test('does not change with what members need not know', () => {
    expect(revision(sharedPair({}, 3))).toBe(revision(sharedPair()))
    expect(
      revision(
        sharedPair({ services: { client: { type: 'NodePort' } }, paused: true, updateStrategy: { type: 'OnDelete' } }),
      ),
    ).toBe(revision(sharedPair()))
  })

  const lock = sharedPair()
  lock.groupTemplate!.storage.sharedVolume!.lock = { acquireInterval: '1s' }
  const resources = sharedPair()
  resources.groupTemplate!.resources = { limits: { memory: '1Gi' } }
  const scheduling = sharedPair()
  scheduling.groupTemplate!.scheduling = { spread: 'Zones' }
  test.each<[string, BrokerClusterSpecInput]>([
    ['the image', sharedPair({ image: { reference: 'mine:1' } })],
    ['the memory limit', sharedPair({ broker: { memoryLimit: '1Gi' } })],
    ['the temp limit', sharedPair({ broker: { tempLimit: '0' } })],
    ['a virtual destination', sharedPair({ broker: { virtualDestinations: [{ virtualTopic: {} }] } })],
    ['a redelivery policy', sharedPair({ broker: { redeliveryPlugin: { fallbackToDeadLetter: false } } })],
    ['a startup destination', sharedPair({ broker: { startupDestinations: [{ queue: 'A' }] } })],
    ['a connector', sharedPair({ transportConnectors: [{ name: 'openwire', port: 61_617 }] })],
    ['the grace period', sharedPair({ terminationGracePeriodSeconds: 60 })],
    ['the lock', lock],
    ['resources', resources],
    ['scheduling', scheduling],
  ])('changes with %s', (_, spec) => {
    expect(revision(spec)).not.toBe(revision(sharedPair()))
  })
})

describe('the revision of a group on a database', () => {
  const known = { urlHash: '0123456789', hasCa: false }
  const of = (input: BrokerClusterSpecInput, database: KnownDatabase = known): string =>
    planCluster(metadata, parse(input), { defaultImage: 'broker:1' }, undefined, new Map([['g0', database]])).groups[0]!
      .revision

  test('is pinned, and does not change with defaults that are written out', () => {
    expect(of(databasePair())).toMatchInlineSnapshot(`"7c080afe27"`)
    expect(of(databasePair({ tablePrefix: '', locker: 'Lease', lease: { duration: '5s' } }))).toBe(of(databasePair()))
  })

  test.each<[string, string]>([
    ['the way to it', of(databasePair(), { ...known, urlHash: '9876543210' })],
    ['certificates', of(databasePair(), { ...known, hasCa: true })],
    ['the Secret', of(databasePair({ secretRef: { name: 'other' } }))],
    ['its keys', of(databasePair({ keys: { url: 'uri' } }))],
    ['the lease', of(databasePair({ lease: { duration: '10s' } }))],
    ['the locker', of(databasePair({ locker: 'Database' }))],
  ])('changes with %s', (_, changed) => {
    expect(changed).not.toBe(of(databasePair()))
  })
})

// By construction, whatever the field is: no list has to be kept for this.
describe('a field that the API gets later', () => {
  const schema = buildBrokerClusterSchema().properties!['spec']!
  /** Where it may be added: all that a member is made from. */
  const places: readonly (readonly string[])[] = [
    ['broker'],
    ['transportConnectors', '[]'],
    ['livenessProbe'],
    ['groupTemplate', 'resources'],
    ['groupTemplate', 'resources', 'requests'],
    ['groupTemplate', 'scheduling'],
    ['groupTemplate', 'storage', 'sharedVolume', 'lock'],
  ]
  const ofDatabases: readonly (readonly string[])[] = [
    ['groupTemplate', 'storage', 'jdbc'],
    ['groupTemplate', 'storage', 'jdbc', 'keys'],
    ['groupTemplate', 'storage', 'jdbc', 'lease'],
  ]
  const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null)
  const specs = fc.constantFrom(sharedPair(), rich, single('None'), single('Volume'), databasePair()).map(parse)

  /** The schema with one more property, and the spec as the API server then gives it. */
  function withField(spec: BrokerClusterSpec, place: readonly string[], name: string, fallback: unknown) {
    const grown = structuredClone(schema)
    let node: JsonSchema = grown
    for (const part of place) node = part === '[]' ? node.items! : node.properties![part]!
    node.properties = { ...node.properties, [name]: { default: fallback } }
    return { schema: grown, spec: withDefaults(spec, grown) as BrokerClusterSpec }
  }
  const revisionOf = (spec: BrokerClusterSpec, of = schema): string =>
    memberRevision(spec, { name: 'g0', ...spec.groupTemplate! }, [], undefined, of)

  test('changes no revision as long as it says its default', () => {
    fc.assert(
      fc.property(
        specs,
        fc.constantFrom(...places, ...ofDatabases),
        fc.stringMatching(/^new[A-Z][a-z]{0,8}$/),
        json,
        (...field) => {
          const { spec, schema: grown } = withField(...field)
          expect(revisionOf(spec, grown)).toBe(revisionOf(field[0]))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('changes the revision where it says something else', () => {
    const rows = [
      ...places.map((place) => [place, rich] as const),
      ...ofDatabases.map((place) => [place, databasePair()] as const),
    ]
    for (const [place, given] of rows) {
      const { spec, schema: grown } = withField(parse(given), place, 'newField', 1)
      let node: unknown = spec
      for (const part of place) node = (node as Record<string, unknown>)[part === '[]' ? '0' : part]
      ;(node as Record<string, unknown>)['newField'] = 2
      expect([place, revisionOf(spec, grown)]).not.toEqual([place, revisionOf(parse(given))])
    }
  })

  test('and has no default in the schema changes it only where it is set', () => {
    expect(revision(sharedPair({ livenessProbe: {} }))).toBe(revision(sharedPair()))
    expect(revision(sharedPair({ livenessProbe: { failureThreshold: 3 } }))).not.toBe(revision(sharedPair()))
  })
})

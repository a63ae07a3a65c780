// What the builders make, held against files in test/golden/resources. After a change that is meant, look at the
// difference that FLOTILLA_UPDATE_GOLDEN=1 npm test -- test/operator/resources makes, and commit it.
import { describe, expect, test } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import { buildClaim } from '../../../operator/resources/claim.ts'
import { buildClientService } from '../../../operator/resources/client-service.ts'
import { buildConfigMap } from '../../../operator/resources/config-map.ts'
import { buildElection } from '../../../operator/resources/election.ts'
import { buildHeadlessService } from '../../../operator/resources/headless-service.ts'
import { buildPodDisruptionBudget } from '../../../operator/resources/pod-disruption-budget.ts'
import { buildSecurityToken } from '../../../operator/resources/security-token.ts'
import { buildStatefulSet } from '../../../operator/resources/stateful-set.ts'
import type { KnownDatabases } from '../../../operator/topology/database.ts'
import type { ClusterPlan } from '../../../operator/topology/plan.ts'
import { planCluster, type PlannerSettings } from '../../../operator/topology/planner.ts'
import {
  copiesByLease,
  copiesByZooKeeper,
  databasePair,
  sharedPair,
  single,
  threeServers,
} from '../../support/cluster-harness.ts'

const folder = join(import.meta.dirname, '..', '..', 'golden', 'resources')
const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function plan(
  spec: BrokerClusterSpecInput,
  settings: Partial<PlannerSettings> = {},
  databases?: KnownDatabases,
): ClusterPlan {
  const parsed = parseSpec({ metadata, spec } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const all = { defaultImage: 'ghcr.io/flotilla-mq/flotilla:0.1.0', ...settings }
  return planCluster(metadata, parsed.spec, all, undefined, databases)
}

function expectGolden(name: string, object: object): void {
  const file = join(folder, `${name}.yaml`)
  if (process.env['FLOTILLA_UPDATE_GOLDEN'] === '1') writeFileSync(file, dump(object, { noRefs: true, lineWidth: 120 }))
  expect(object).toEqual(load(readFileSync(file, 'utf8')))
}

const full = sharedPair({
  image: { reference: 'registry.example/broker:2', pullPolicy: 'Always', pullSecrets: [{ name: 'pull' }] },
  transportConnectors: [
    { name: 'openwire', port: 61_616 },
    { name: 'a-name-too-long-for-a-port', port: 61_617, maximumConnections: 5 },
  ],
  services: {
    client: { type: 'LoadBalancer', annotations: { 'example.org/lb': 'internal' }, labels: { team: 'shop' } },
  },
  podDisruptionBudget: { maxUnavailable: 2, unhealthyPodEvictionPolicy: 'IfHealthyBudget' },
  terminationGracePeriodSeconds: 30,
})
full.groupTemplate!.resources = { requests: { cpu: 1, memory: '2Gi' }, limits: { memory: '2Gi' } }
full.groupTemplate!.scheduling = { spread: 'Zones', strict: true }
full.groupTemplate!.storage.sharedVolume!.claimTemplate!.storageClassName = 'efs'
full.groupTemplate!.storage.retentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Delete' }

const pair = plan(sharedPair())
const rich = plan(full)
const volume = plan(single('Volume'))
const memory = plan(single('None'))
const network = plan(threeServers())
const database = plan(databasePair(), {}, new Map([['g0', { urlHash: '0123456789', hasCa: false }]]))
const databaseFull = plan(
  databasePair({ keys: { url: 'jdbc-uri' }, tablePrefix: 'SHOP_', locker: 'Database', createTables: false }),
  {},
  new Map([['g0', { urlHash: '0123456789', hasCa: true }]]),
)
const leased = plan(copiesByLease())
const kept = plan(copiesByZooKeeper())
const keptFull = plan(
  copiesByZooKeeper(
    {
      address: undefined,
      addressSecretRef: { name: 'zk', key: 'hosts' },
      passwordSecretRef: { name: 'zk-auth' },
      path: '/brokers/orders',
      sessionTimeout: '2s',
      sync: 'QuorumMem',
      bindPort: 7000,
    },
    5,
  ),
)
const electionOf = (from: ClusterPlan): object =>
  buildElection(from, from.groups[0]!, from.groups[0]!.store.replication!.lease!)
const assigned = plan(sharedPair(), { user: 'assigned' })
const claimOf = (from: ClusterPlan): object => {
  const group = from.groups[0]!
  return buildClaim(from, group, group.store.claims[0]!)
}

describe('builders', () => {
  test.each<[string, () => object]>([
    ['config-map', () => buildConfigMap(pair, pair.groups[0]!)],
    ['config-map-database', () => buildConfigMap(database, database.groups[0]!)],
    ['config-map-database-full', () => buildConfigMap(databaseFull, databaseFull.groups[0]!)],
    ['config-map-memory', () => buildConfigMap(memory, memory.groups[0]!)],
    ['config-map-network', () => buildConfigMap(network, network.groups[0]!)],
    ['config-map-network-dialled', () => buildConfigMap(network, network.groups[1]!)],
    ['config-map-replicated', () => buildConfigMap(leased, leased.groups[0]!)],
    ['config-map-zookeeper', () => buildConfigMap(kept, kept.groups[0]!)],
    ['config-map-zookeeper-full', () => buildConfigMap(keptFull, keptFull.groups[0]!)],
    ['election', () => electionOf(leased)],
    ['security-token', () => buildSecurityToken(leased, leased.groups[0]!, 'orders-g0-replication', 'sesame')],
    ['headless-service-replicated', () => buildHeadlessService(leased, leased.groups[0]!)],
    ['headless-service', () => buildHeadlessService(pair, pair.groups[0]!)],
    ['client-service', () => buildClientService(pair)],
    ['client-service-full', () => buildClientService(rich)],
    ['pod-disruption-budget', () => buildPodDisruptionBudget(pair, pair.groups[0]!)],
    ['pod-disruption-budget-full', () => buildPodDisruptionBudget(rich, rich.groups[0]!)],
    ['pod-disruption-budget-replicated', () => buildPodDisruptionBudget(keptFull, keptFull.groups[0]!)],
    ['claim', () => claimOf(pair)],
    ['claim-full', () => claimOf(rich)],
    ['stateful-set', () => buildStatefulSet(pair, pair.groups[0]!, 2)],
    ['stateful-set-assigned-user', () => buildStatefulSet(assigned, assigned.groups[0]!, 2)],
    ['stateful-set-database', () => buildStatefulSet(database, database.groups[0]!, 2)],
    ['stateful-set-database-full', () => buildStatefulSet(databaseFull, databaseFull.groups[0]!, 2)],
    ['stateful-set-full', () => buildStatefulSet(rich, rich.groups[0]!, 2)],
    ['stateful-set-network', () => buildStatefulSet(network, network.groups[1]!, 2)],
    ['stateful-set-replicated', () => buildStatefulSet(leased, leased.groups[0]!, 3)],
    ['stateful-set-zookeeper', () => buildStatefulSet(kept, kept.groups[0]!, 3)],
    ['stateful-set-zookeeper-full', () => buildStatefulSet(keptFull, keptFull.groups[0]!, 5)],
    ['stateful-set-volume', () => buildStatefulSet(volume, volume.groups[0]!, 1)],
    ['stateful-set-memory', () => buildStatefulSet(memory, memory.groups[0]!, 1)],
  ])('%s', (name, build) => {
    expectGolden(name, build())
  })
})

test('paths stand in the pod only, never in the configuration', () => {
  for (const one of [pair, rich, volume, memory, database, databaseFull]) {
    const { data } = buildConfigMap(one, one.groups[0]!) as unknown as { data: Record<string, string> }
    expect(Object.keys(data)).toEqual(['broker.json'])
    expect(data['broker.json']).not.toContain('/')
  }
})

test('the user of members is asked for, unless the platform assigns it, and is not what they are restarted for', () => {
  const userOf = (from: ClusterPlan) => {
    const { spec } = buildStatefulSet(from, from.groups[0]!, 2) as unknown as {
      spec: { template: { spec: { securityContext: Record<string, unknown> } } }
    }
    const { runAsUser, runAsGroup, fsGroup, runAsNonRoot } = spec.template.spec.securityContext
    return { runAsUser, runAsGroup, fsGroup, runAsNonRoot }
  }
  const as = (id: number | undefined) => ({ runAsUser: id, runAsGroup: id, fsGroup: id, runAsNonRoot: true })
  const other = plan(sharedPair(), { user: 2000 })
  expect([pair, other, assigned].map(userOf)).toEqual([as(1000), as(2000), as(undefined)])
  expect(new Set([pair, other, assigned].map(({ groups }) => groups[0]!.revision)).size).toBe(1)
})

test('a ConfigMap has another name when it says something else', () => {
  const name = (from: ClusterPlan) => buildConfigMap(from, from.groups[0]!).metadata.name
  expect(name(pair)).toBe(name(plan(sharedPair())))
  expect(name(pair)).not.toBe(name(plan(sharedPair({ broker: { memoryLimit: '50%' } }))))
})

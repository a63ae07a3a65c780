// What brokers whose store is replicated are told, and what follows from the number of members.
import { describe, expect, test } from '@jest/globals'
import { parseBrokerConfig } from '../../../broker/config/parse.ts'
import { parseSpec } from '../../../operator/api/validate.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { claimNames, type ClusterPlan, type GroupPlan } from '../../../operator/topology/plan.ts'
import { planCluster } from '../../../operator/topology/planner.ts'
import { copiesByLease, copiesByZooKeeper, networkOf } from '../../support/cluster-harness.ts'

const metadata = { name: 'orders', namespace: 'shop', uid: 'uid-1' }

function plan(input: BrokerClusterSpecInput): ClusterPlan {
  const parsed = parseSpec({ metadata, spec: input } as BrokerCluster)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return planCluster(metadata, parsed.spec, { defaultImage: 'broker:1' })
}
const planGroups = (input: BrokerClusterSpecInput): readonly GroupPlan[] => plan(input).groups
const planOne = (input: BrokerClusterSpecInput): GroupPlan => planGroups(input)[0]!

function withSecrets(): BrokerClusterSpecInput {
  const spec = copiesByZooKeeper({
    addressSecretRef: { name: 'zookeeper' },
    passwordSecretRef: { name: 'zookeeper', key: 'pass' },
  })
  delete spec.groupTemplate?.storage!.zookeeper!.address
  return spec
}

describe('a group with copies', () => {
  test('has a claim for each member', () => {
    expect(claimNames(planOne(copiesByLease()))).toEqual(['data-orders-g0-0', 'data-orders-g0-1', 'data-orders-g0-2'])
  })

  test.each([
    [3, 1],
    [5, 2],
    [7, 3],
    [9, 4],
  ])('of %i members may lack %i', (replicas, spare) => {
    expect(planOne(copiesByLease({}, replicas)).store.replication).toMatchObject({ spare })
  })

  test.each(['LocalMem', 'LocalDisk', 'RemoteMem', 'RemoteDisk', 'QuorumMem', 'QuorumDisk'] as const)(
    'says sync %s as brokers write it',
    (sync) => {
      const written = sync.replace(/(?!^)([A-Z])/, '_$1').toLowerCase()
      expect(planOne(copiesByLease({ sync })).brokerConfig.store).toMatchObject({ sync: written })
      expect(planOne(copiesByZooKeeper({ sync })).brokerConfig.store).toMatchObject({ sync: written })
    },
  )

  test.each([
    ['a Lease', copiesByLease()],
    ['ZooKeeper', copiesByZooKeeper()],
    ['an address and a password in Secrets', withSecrets()],
  ])('by %s is written down as brokers read it', (_by, input) => {
    const parsed = parseBrokerConfig(planOne(input).brokerConfig)
    expect(parsed).toMatchObject({ ok: true, config: { store: { type: 'Replicated', replicas: 3 } } })
  })

  test('has a token of its own', () => {
    const [g0, g1] = planGroups({ ...networkOf({ layout: 'Mesh' }, 2), groupTemplate: copiesByLease().groupTemplate! })
    const secretOf = (group: GroupPlan) => group.store.replication!.files.map(({ secretName }) => secretName)
    expect([secretOf(g0!), secretOf(g1!)]).toEqual([['orders-g0-replication'], ['orders-g1-replication']])
  })

  test('is waited for by clients with short pauses, because an election takes seconds', () => {
    expect(plan(copiesByLease()).endpoints[0]!.url).toMatch(/\)\?maxReconnectDelay=1000$/)
  })

  test.each([
    ['more members', copiesByLease(), copiesByLease({}, 5)],
    ['another port between members that know each other by name', copiesByLease(), copiesByLease({ bindPort: 7000 })],
    ['another path in ZooKeeper', copiesByZooKeeper(), copiesByZooKeeper({ path: '/other' })],
    ['a Lease instead of ZooKeeper', copiesByZooKeeper(), copiesByLease()],
  ])('is another store with %s', (_, before, after) => {
    expect(planOne(before).store.note).not.toBe(planOne(after).store.note)
  })

  test('is the same store when what is said was left out before, and with another address of ZooKeeper', () => {
    const { note } = planOne(copiesByZooKeeper()).store
    expect(planOne(copiesByZooKeeper({ path: '/flotilla/shop/orders/g0' })).store.note).toBe(note)
    expect(planOne(copiesByZooKeeper({ address: 'other:2181' })).store.note).toBe(note)
  })
})

describe('a member with a copy', () => {
  const revisionOf = (input: BrokerClusterSpecInput) => planOne(input).revision

  test('is restarted for another address, session, port or sync', () => {
    const before = revisionOf(copiesByZooKeeper())
    for (const change of [
      { address: 'zk:1' },
      { sessionTimeout: '9s' },
      { bindPort: 7000 },
      { sync: 'QuorumMem' },
    ] as const)
      expect(revisionOf(copiesByZooKeeper(change))).not.toBe(before)
    const leased = revisionOf(copiesByLease())
    expect(revisionOf(copiesByLease({ lease: { duration: '9s' } }))).not.toBe(leased)
  })

  test('is not restarted for a larger volume, nor for a default that is said', () => {
    const claimTemplate = { resources: { requests: { storage: '9Gi' } } }
    expect(revisionOf(copiesByZooKeeper({ claimTemplate }))).toBe(revisionOf(copiesByZooKeeper()))
    expect(revisionOf(copiesByLease({ claimTemplate, bindPort: 61_619, lease: { duration: '5s' } }))).toBe(
      revisionOf(copiesByLease()),
    )
  })
})

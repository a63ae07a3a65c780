// Groups whose members each have a copy: what is made for them, what a rollout waits for, and what is told when copies fall behind,
// or nobody can be elected.
import { describe, expect, test } from '@jest/globals'
import type { MemberReplication } from '../../../operator/broker-admin/broker-admin.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { ClusterHarness, copiesByLease, copiesByZooKeeper, rolesOf } from '../../support/cluster-harness.ts'

const members = ['orders-g0-0', 'orders-g0-1', 'orders-g0-2']
const electionKinds = ['Lease', 'ServiceAccount', 'Role', 'RoleBinding']

async function settled(spec = copiesByLease()): Promise<ClusterHarness> {
  const harness = new ClusterHarness()
  harness.apply(spec)
  for (const name of members) harness.world.copies.set(name, { inSync: true })
  await harness.run()
  return harness
}

/** Some time passes. */
async function live(harness: ClusterHarness, rounds = 5): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await harness.reconcile()
    harness.world.tick()
    harness.clock.advance(500)
  }
}

const standbysOf = ({ world }: ClusterHarness): string[] => members.filter((name) => name !== world.activeOf('orders'))
const trouble = (kind: string, reason: string): MemberReplication => ({ inSync: false, trouble: { kind, reason } })
const secret = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name },
  data,
})

describe('a group with copies', () => {
  test('has an active, standbys in sync, and a claim for each', async () => {
    const harness = await settled()
    expect(rolesOf(harness)).toHaveLength(3)
    const { groups, members: told } = harness.cluster.status!
    expect(groups![0]!.standbys).toEqual(standbysOf(harness))
    expect(groups![0]!.storage!.claims.map(({ name, phase }) => `${name} ${phase}`)).toEqual(
      members.map((name) => `data-${name} Bound`),
    )
    expect(told!.map(({ inSync }) => inSync)).toEqual([true, true, true])
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True', reason: 'Bound' })
  })

  test('gets what elects its members, each only while a member is missing or in trouble', async () => {
    const harness = await settled()
    for (const kind of electionKinds)
      expect(harness.kube.all(kind).map(({ metadata }) => metadata.name)).toEqual(['orders-g0'])
    const [lease] = harness.kube.all('Lease')
    harness.kube.remove(lease!)
    harness.kube.writes.length = 0
    await live(harness)
    expect(harness.kube.writes).toEqual([])
    for (const name of standbysOf(harness))
      harness.world.copies.set(name, trouble('ApiServerUnreachable', 'There is no Lease shop/orders-g0'))
    await live(harness)
    expect(harness.kube.all('Lease')).toHaveLength(1)
  })

  test('by ZooKeeper has no account and no Lease', async () => {
    const harness = await settled(copiesByZooKeeper())
    expect(electionKinds.flatMap((kind) => harness.kube.all(kind))).toEqual([])
    expect(harness.kube.all('Secret').map(({ metadata }) => metadata.name)).toEqual(['orders-g0-replication'])
  })

  test('has one token as long as it lives, and a new one when somebody has deleted it and a member waits for it', async () => {
    const harness = await settled()
    const [token] = harness.kube.all('Secret')
    harness.world.crash(standbysOf(harness)[0]!)
    await live(harness)
    await harness.run()
    expect(harness.kube.all('Secret').map(({ metadata }) => metadata.uid)).toEqual([token!.metadata.uid])
    harness.kube.remove(token!)
    harness.world.crash(standbysOf(harness)[0]!)
    await harness.run()
    expect(harness.kube.all('Secret')).toHaveLength(1)
  })

  test('takes no Secret of somebody else for its token', async () => {
    const harness = new ClusterHarness()
    harness.kube.put(secret('orders-g0-replication', { token: 'eA==' }))
    harness.apply(copiesByLease())
    await expect(harness.reconcile()).rejects.toThrow(
      'Cannot write Secret orders-g0-replication: one that belongs to nobody that the operator knows has this name',
    )
    expect(harness.kube.all('StatefulSet')).toEqual([])
  })

  test('of more members would have another quorum, and is refused by the operator, too', async () => {
    const harness = await settled()
    harness.apply(copiesByLease({}, 5))
    await harness.reconcile()
    expect(harness.condition('SpecValid')).toMatchObject({ status: 'False', reason: 'UnsupportedChange' })
    expect(harness.condition('SpecValid')!.message).toContain('expected Replicated port 61619 of 3 members')
    expect(harness.kube.all<KubeObject & { spec: { replicas: number } }>('StatefulSet')[0]!.spec.replicas).toBe(3)
  })
})

describe('a Secret for ZooKeeper', () => {
  const spec = copiesByZooKeeper({ passwordSecretRef: { name: 'zk-auth', key: 'word' } })

  test.each([
    ['that is not there', undefined, 'There is no Secret zk-auth; expected one with the key word'],
    [
      'without the key',
      secret('zk-auth', { password: 'eA==' }),
      'Secret zk-auth has no key word: it has password; expected one with the key word',
    ],
  ])('%s is told, and waited for', async (_, found, message) => {
    const harness = new ClusterHarness()
    if (found) harness.kube.put(found)
    harness.apply(spec)
    await live(harness)
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: 'UnknownSecret', message })
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    harness.kube.put(secret('zk-auth', { word: 'eA==' }))
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
  })
})

describe('copies that fall behind', () => {
  test('are told, by the standby itself or by the active, and do not count as standbys', async () => {
    for (const teller of ['standby', 'active'] as const) {
      const harness = await settled()
      const [behind, other] = standbysOf(harness)
      const said = [
        { name: behind!, inSync: false },
        { name: other!, inSync: true },
      ]
      if (teller === 'standby') harness.world.copies.set(behind!, { inSync: false })
      else harness.world.copies.set(harness.world.activeOf('orders')!, { inSync: true, members: said })
      await harness.reconcile()
      const message = `Group g0: ${behind} has not yet what the active has`
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StandbyNotInSync', message })
      expect(harness.condition('Available')).toMatchObject({ status: 'True' })
      const status = harness.cluster.status!
      expect(status.groups![0]!.standbys).toEqual([other])
      expect(status.members!.filter(({ inSync }) => inSync === false).map(({ name }) => name)).toEqual([behind])
    }
  })

  test('are looked for at rest, too: nobody tells', async () => {
    const harness = await settled()
    const { requeueAfterMs } = await harness.reconcile()
    expect(requeueAfterMs).toBeGreaterThanOrEqual(5_000)
    expect(requeueAfterMs).toBeLessThanOrEqual(20_000)
  })
})

describe('a rollout of a group with copies', () => {
  const other = copiesByLease({}, 3, { broker: { memoryLimit: '40%' } })
  const uids = ({ world }: ClusterHarness) => new Map(world.pods().map(({ metadata }) => [metadata.name, metadata.uid]))

  test('takes one member at a time, and the next one when that is in sync again', async () => {
    const harness = await settled()
    const before = uids(harness)
    const active = harness.world.activeOf('orders')!
    const [first, second] = standbysOf(harness)
    harness.apply(other)
    harness.world.copies.set(second!, { inSync: false })
    await live(harness, 10)
    // Who could not take over goes first; then it has to catch up.
    const changed = () => members.filter((name) => uids(harness).get(name) !== before.get(name))
    expect(changed()).toEqual([second])
    expect(harness.condition('UpToDate')).toMatchObject({
      reason: 'RollingStandbys',
      message: `Waits for ${second} to be ready as a standby`,
    })
    harness.world.copies.set(second!, { inSync: true })
    harness.world.copies.set(first!, { inSync: false })
    await live(harness, 10)
    expect(changed()).toEqual(members.filter((name) => name !== active))
    expect(harness.world.activeOf('orders')).toBe(active)
    harness.world.copies.set(first!, { inSync: true })
    await harness.run()
    expect(changed()).toEqual(members)
  })

  test('takes nobody while two are behind', async () => {
    const harness = await settled()
    const before = uids(harness)
    for (const name of standbysOf(harness)) harness.world.copies.set(name, { inSync: false })
    harness.apply(other)
    await live(harness, 10)
    expect(uids(harness)).toEqual(before)
    expect(harness.condition('UpToDate')!.message).toMatch(/^Waits for orders-g0-\d to be in sync$/)
  })
})

describe('nobody can be elected', () => {
  test.each([
    ['ZooKeeperUnreachable', 'zk-0.zk:2181: connection refused'],
    ['QuorumLost', '1 of 3 members answers'],
    ['ApiServerUnreachable', '10.96.0.1:443: connection refused'],
  ])('is told as %s', async (kind, reason) => {
    const harness = await settled()
    for (const name of members) harness.world.copies.set(name, trouble(kind, reason))
    harness.world.crash(harness.world.activeOf('orders')!)
    await live(harness, 8)
    const message = `orders-g0-0: ${reason}`
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: kind, message })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady', message })
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    for (const name of members) harness.world.copies.set(name, { inSync: true })
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
  })

  test('and an active that can confirm nothing is told as well', async () => {
    const harness = await settled()
    const active = harness.world.activeOf('orders')!
    harness.world.copies.set(active, { inSync: true, trouble: { kind: 'QuorumLost', reason: 'nobody answers' } })
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({
      reason: 'QuorumLost',
      message: `${active}: nobody answers`,
    })
  })

  test('by one standby alone is one standby less', async () => {
    const harness = await settled()
    const [cut] = standbysOf(harness)
    harness.world.copies.set(cut!, trouble('ZooKeeperUnreachable', 'connection refused'))
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True' })
    const message = `Group g0 has 2 of 3 members ready; ${cut}: connection refused`
    expect(harness.condition('Ready')).toMatchObject({ reason: 'StandbyMissing', message })
  })
})

// What the status says of a network: each edge, the condition that sums them up, and that nothing is written for a bridge that
// is tried again and again.
import { describe, expect, test } from '@jest/globals'
import { edgePollMs, restPollMs, slowPollMs } from '../../../operator/reconcile/limits.ts'
import { settle } from '../../support/memory-kube.ts'
import { ClusterHarness, key, networkOf, sharedPair, threeServers } from '../../support/cluster-harness.ts'

async function settled(spec = threeServers()): Promise<ClusterHarness> {
  const harness = new ClusterHarness()
  harness.apply(spec)
  await harness.run()
  return harness
}

const edgesOf = ({ cluster }: ClusterHarness): string[] =>
  (cluster.status?.edges ?? []).map(({ name, state, reason }) => [name, state, reason].filter(Boolean).join(' '))

describe('the status of a network', () => {
  test('tells each edge, and the member at its other end', async () => {
    const harness = await settled()
    const active = harness.cluster.status!.groups!.find(({ name }) => name === 'bc')!.active
    expect(harness.cluster.status).toMatchObject({
      summary: { active: '2/2', members: '3/3', edges: '1/1' },
      edges: [
        {
          name: 'a-to-bc',
          from: 'a',
          to: 'bc',
          state: 'Connected',
          remote: active,
          lastTransitionTime: expect.stringMatching(/^2026-11-21T03:00:\d\dZ$/),
        },
      ],
    })
    expect(harness.condition('NetworkConnected')).toMatchObject({ status: 'True', reason: 'AllEdgesConnected' })
  })

  test('has no edges where there is no network', async () => {
    const harness = await settled(sharedPair())
    expect(harness.cluster.status).not.toHaveProperty('edges')
    expect(harness.cluster.status!.summary).not.toHaveProperty('edges')
    expect(harness.condition('NetworkConnected')).toMatchObject({ status: 'True', reason: 'NotApplicable' })
  })

  test('says which edge is down, and why; the cluster goes on serving', async () => {
    const harness = await settled(networkOf({ layout: 'Mesh' }, 3))
    harness.world.cutEdges.set('g2-to-g0', 'connection refused')
    await harness.reconcile()
    expect(edgesOf(harness)).toEqual(['g1-to-g0 Connected', 'g2-to-g0 Down connection refused', 'g2-to-g1 Connected'])
    const message = 'Edge g2-to-g0 from g2 to g0 is Down: connection refused'
    for (const [type, status] of [
      ['NetworkConnected', 'False'],
      ['Ready', 'False'],
      ['Degraded', 'True'],
    ] as const)
      expect([type, harness.condition(type)]).toMatchObject([type, { status, reason: 'EdgeDown', message }])
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    expect(harness.cluster.status!.summary!.edges).toBe('2/3')
    harness.world.cutEdges.set('g2-to-g1', 'connection refused')
    await harness.reconcile()
    expect(harness.condition('NetworkConnected')!.message).toBe(`${message}; not connected either: g2-to-g1`)
    harness.world.cutEdges.clear()
    await harness.run()
    expect(edgesOf(harness)).toEqual(['g1-to-g0 Connected', 'g2-to-g0 Connected', 'g2-to-g1 Connected'])
    expect(harness.events.map(({ reason }) => reason)).toEqual([
      'Created',
      'NetworkConnected',
      'EdgeDown',
      'NetworkConnected',
    ])
  })

  test('is not written while a bridge is tried again and says something else each time', async () => {
    const harness = await settled()
    harness.world.cutEdges.set('a-to-bc', 'first: connection refused')
    await harness.reconcile()
    harness.kube.writes.length = 0
    for (const [state, reason] of [
      ['Connecting', 'first: connection refused'],
      ['Down', 'second: no route'],
      ['Connecting', 'second: no route'],
      ['Down', 'third'],
    ] as const) {
      harness.world.bridgeState = state
      harness.world.cutEdges.set('a-to-bc', reason)
      await harness.reconcile()
    }
    expect(harness.kube.writes).toEqual([])
    expect(edgesOf(harness)).toEqual(['a-to-bc Down first: connection refused'])
  })

  test('tells that who should dial is not active, and then what the next one says', async () => {
    const harness = await settled(networkOf({ layout: 'Mesh' }, 2))
    for (const name of ['orders-g1-0', 'orders-g1-1']) harness.world.crash(name)
    await harness.reconcile()
    expect(edgesOf(harness)).toEqual(['g1-to-g0 Down Group g1 has no active member'])
    harness.world.cutEdges.set('g1-to-g0', 'no route')
    for (let round = 0; round < 4; round++) {
      harness.world.tick()
      await harness.reconcile()
    }
    expect(edgesOf(harness)).toEqual(['g1-to-g0 Down no route'])
  })

  test('follows a failover of the group that is dialled', async () => {
    const harness = await settled()
    const remote = () => harness.cluster.status!.edges![0]!.remote
    const before = remote()!
    harness.world.crash(before)
    await harness.run()
    expect(remote()).toBe(harness.cluster.status!.groups!.find(({ name }) => name === 'bc')!.active)
    expect(remote()).not.toBe(before)
  })

  test('does not know of an edge whose member cannot be asked', async () => {
    const harness = await settled()
    harness.world.unreachable.add('orders-a-0')
    await harness.reconcile()
    expect(edgesOf(harness)).toEqual(['a-to-bc Unknown'])
    expect(harness.condition('NetworkConnected')).toMatchObject({ status: 'Unknown', reason: 'EdgeDown' })
  })

  test('is kept as it was while the spec is refused', async () => {
    const harness = await settled()
    harness.apply({ ...threeServers(), broker: { memoryLimit: '1k' } })
    await harness.reconcile()
    expect(edgesOf(harness)).toEqual(['a-to-bc Connected'])
  })
})

describe('an edge that goes down', () => {
  test('wakes the cluster, whose brokers tell of their bridges', async () => {
    const harness = await settled()
    await settle()
    expect((await harness.reconcile()).requeueAfterMs).toBeGreaterThanOrEqual(restPollMs * 0.75)
    harness.woken.length = 0
    harness.world.cutEdges.set('a-to-bc', 'gone')
    harness.world.tell()
    expect(harness.woken).toEqual(['orders'])
  })

  test('is looked for within 5 s where brokers do not tell', async () => {
    const harness = await settled()
    harness.world.tellsBridges = false
    harness.startOperator()
    await harness.reconcile()
    await settle()
    expect(await harness.reconcile()).toEqual({ requeueAfterMs: edgePollMs })
    expect(edgePollMs).toBeLessThan(slowPollMs)
  })

  test('is told by connections that were opened for roles only, when a pair has become a network', async () => {
    const harness = await settled(sharedPair({ groupCount: 1 }))
    await settle()
    harness.apply(networkOf({ layout: 'Mesh' }, 2))
    await harness.run()
    await settle()
    await harness.reconcile()
    harness.woken.length = 0
    harness.world.cutEdges.set('g1-to-g0', 'gone')
    harness.world.tell()
    expect(harness.woken).toEqual(['orders'])
    expect(harness.world.watchCount).toBe(4)
  })
})

describe('a group', () => {
  test('that joins a mesh restarts nobody, and one that leaves keeps its claim', async () => {
    const harness = await settled(networkOf({ layout: 'Mesh' }, 2))
    const uids = harness.world.pods().map(({ metadata }) => metadata.uid)
    harness.apply(networkOf({ layout: 'Mesh' }, 3))
    await harness.run()
    expect(harness.world.pods().map(({ metadata }) => metadata.uid)).toEqual(expect.arrayContaining(uids))
    harness.apply(networkOf({ layout: 'Mesh' }, 2))
    await harness.run(() => harness.isSettled() && harness.kube.all('StatefulSet').length === 2)
    expect(harness.kube.all('StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['orders-g0', 'orders-g1'])
    expect(harness.kube.read('PersistentVolumeClaim', { ...key, name: 'orders-g2-data' })).toBeDefined()
    expect(harness.events).toContainEqual(
      expect.objectContaining({ type: 'Normal', reason: 'DrainCompleted', note: expect.stringContaining('g2') }),
    )
  })

  test('whose connectors change is rolled, and no other one', async () => {
    const harness = await settled(threeServers())
    const uidOf = (name: string) => harness.world.pods().find(({ metadata }) => metadata.name === name)!.metadata.uid
    const [a, b] = [uidOf('orders-a-0'), uidOf('orders-bc-0')]
    harness.apply(threeServers(3))
    await harness.run(() => harness.isSettled() && harness.cluster.status!.rollout!.state === 'Idle')
    expect(uidOf('orders-a-0')).not.toBe(a)
    expect(uidOf('orders-bc-0')).toBe(b)
  })
})

// Groups that are no longer wanted: they forward their messages, tell how far they are, and go, or come back.
import { describe, expect, test } from '@jest/globals'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { drainPollMs, slowPollMs } from '../../../operator/reconcile/limits.ts'
import { ClusterHarness, key, networkOf, rolesOf, sharedPair, single } from '../../support/cluster-harness.ts'

type ScaleDown = NonNullable<BrokerClusterSpecInput['scaleDown']>

const mesh = (groups: number, scaleDown: ScaleDown = {}, replicas = 2): BrokerClusterSpecInput => ({
  ...networkOf({ layout: 'Mesh' }, groups, replicas),
  scaleDown,
})

async function settled(spec: BrokerClusterSpecInput): Promise<ClusterHarness> {
  const harness = new ClusterHarness()
  harness.apply(spec)
  await harness.run()
  harness.events.length = 0
  return harness
}

/** So many passes. */
async function pass(harness: ClusterHarness, passes = 1): Promise<void> {
  for (let round = 0; round < passes; round++) {
    await harness.reconcile()
    harness.world.tick()
    harness.clock.advance(500)
  }
}

const setsOf = ({ kube }: ClusterHarness): string[] => kube.all('StatefulSet').map(({ metadata }) => metadata.name)
const told = ({ events }: ClusterHarness): string[] =>
  events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`)
const activeIn = ({ world }: ClusterHarness, group: string): string =>
  world
    .pods()
    .map(({ metadata }) => metadata.name)
    .find((name) => name.startsWith(`orders-${group}-`) && world.broker(name)?.role === 'Active')!
const ofGroup = ({ kube }: ClusterHarness, group: string): string[] =>
  ['ConfigMap', 'Service', 'StatefulSet', 'PersistentVolumeClaim', 'PodDisruptionBudget']
    .flatMap((kind) => kube.all(kind))
    .filter(({ metadata }) => metadata.labels?.['flotilla.dev/group'] === group)
    .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`)

describe('a group that leaves', () => {
  test('forwards what it has to its neighbours, stays as it is meanwhile, and keeps its claim', async () => {
    const harness = await settled(mesh(3))
    const { world } = harness
    world.messages.set('orders-g2', 20)
    const active = activeIn(harness, 'g2')
    const before = ofGroup(harness, 'g2')
    harness.apply(mesh(2))
    await pass(harness)
    await harness.reconcile()
    expect(ofGroup(harness, 'g2')).toEqual(before)
    expect(world.broker(active)!.drain!.to).toEqual(
      ['g0', 'g1'].map(
        (group) =>
          `masterslave:(tcp://orders-${group}-0.orders-${group}.shop.svc:61616,tcp://orders-${group}-1.orders-${group}.shop.svc:61616)`,
      ),
    )
    expect(rolesOf(harness)).toContain(`${active} draining`)
    const { status } = harness.cluster
    expect(status).toMatchObject({
      replicas: 2,
      summary: { active: '2/2', members: '4/4', edges: '1/1' },
      drains: [
        {
          group: 'g2',
          member: active,
          messagesRemaining: 18,
          countedAt: expect.stringMatching(/^2026-11-21T03:00:/),
          startedAt: expect.stringMatching(/^2026-11-21T03:00:/),
          deadline: expect.stringMatching(/^2026-11-21T03:30:/),
        },
      ],
    })
    expect(status!.endpoints![0]!.url).not.toContain('g2')
    expect(status!.groups!.map(({ name }) => name)).toEqual(['g0', 'g1', 'g2'])
    expect(status!.members).toHaveLength(6)
    const message = 'Group g2 has 18 messages left'
    expect(harness.condition('Draining')).toMatchObject({ status: 'True', reason: 'DrainInProgress', message })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'DrainInProgress', message })
    expect(harness.condition('Reconciling')).toMatchObject({ status: 'True', reason: 'ScalingDown', message })
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
    expect([...world.messages]).toEqual([
      ['orders-g2', 0],
      ['orders-g0', 20],
    ])
    expect(harness.kube.read('PersistentVolumeClaim', { ...key, name: 'orders-g2-data' })).toBeDefined()
    expect(harness.cluster.status).not.toHaveProperty('drains')
    expect(harness.condition('Draining')).toBeUndefined()
    expect(harness.cluster.status!.groups).toHaveLength(2)
    expect(told(harness)).toEqual([
      'Normal DrainStarted: Group g2 is no longer wanted: it forwards its messages before it goes',
      'Normal DrainCompleted: Group g2 is empty, and leaves the cluster',
    ])
  })

  test('is told again after a failover, and loses nothing that came meanwhile', async () => {
    const harness = await settled(mesh(3))
    const { world } = harness
    world.messages.set('orders-g2', 6)
    world.producing = true
    harness.apply(mesh(2))
    await pass(harness)
    const first = activeIn(harness, 'g2')
    world.crash(first)
    await pass(harness, 2)
    expect(activeIn(harness, 'g2')).not.toBe(first)
    await harness.run()
    expect(world.messages.get('orders-g2')).toBe(0)
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
  })

  test('goes with one member left: nobody takes over while the last one stops', async () => {
    const harness = await settled(mesh(3, {}, 3))
    const { world } = harness
    world.messages.set('orders-g2', 6)
    harness.kube.beforeWrite = ({ verb, kind, name }) => {
      if (verb !== 'delete' || kind !== 'StatefulSet') return
      expect(world.messages.get(name)).toBe(0)
      const left = world.pods().filter(({ metadata }) => metadata.name.startsWith(name))
      expect(left.map(({ metadata }) => world.broker(metadata.name)?.role)).toEqual(['Active'])
    }
    harness.apply(mesh(2, {}, 3))
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
  })

  test('takes part again when it is wanted again, with what it has left, and is not restarted', async () => {
    const harness = await settled(mesh(3))
    harness.world.messages.set('orders-g2', 20)
    const uids = () => harness.world.pods().map(({ metadata }) => metadata.uid)
    const before = uids()
    harness.apply(mesh(2))
    await pass(harness, 3)
    harness.apply(mesh(3))
    await harness.reconcile()
    expect(harness.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'DrainInProgress',
      message: 'Group g2 is wanted again, and still drains',
    })
    await harness.run()
    expect(uids()).toEqual(before)
    expect(harness.world.broker(activeIn(harness, 'g2'))!.drain).toBeUndefined()
    expect(harness.world.messages.get('orders-g2')).toBe(14)
    expect(rolesOf(harness)).toContain(`${activeIn(harness, 'g2')} active`)
    expect(harness.cluster.status!.summary!.edges).toBe('3/3')
    expect(told(harness)).toContain('Normal DrainAborted: Group g2 is wanted again, and takes part')
  })

  test('is made as the spec says when it comes back changed while it was shrinking', async () => {
    const harness = await settled(mesh(3))
    harness.apply(mesh(2))
    await harness.run(() => harness.kube.writes.some(({ verb, kind }) => verb === 'patch' && kind === 'StatefulSet'))
    harness.apply({ ...mesh(3), broker: { memoryLimit: '40%' } })
    await harness.run()
    expect(harness.kube.read('StatefulSet', { ...key, name: 'orders-g2' })).toMatchObject({ spec: { replicas: 2 } })
    expect(harness.cluster.status!.summary).toEqual({ active: '3/3', members: '6/6', edges: '3/3' })
  })

  test('drains beside others, each over its own edges', async () => {
    const ring = (groups: number) => networkOf({ layout: 'Ring', connectorDefaults: { networkTTL: 8 } }, groups, 1)
    const harness = await settled(ring(5))
    for (const group of ['g3', 'g4']) harness.world.messages.set(`orders-${group}`, 30)
    harness.apply(ring(3))
    await pass(harness, 2)
    const goesTo = (group: string) => harness.world.broker(`orders-${group}-0`)!.drain?.to
    const uri = (group: string) => `static:(tcp://orders-${group}-0.orders-${group}.shop.svc:61616)`
    expect(goesTo('g3')).toEqual([uri('g2')])
    expect(goesTo('g4')).toEqual([uri('g0')])
    expect(harness.cluster.status!.drains!.map(({ group }) => group)).toEqual(['g3', 'g4'])
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1', 'orders-g2'])
    expect([...harness.world.messages.values()].reduce((sum, count) => sum + count, 0)).toBe(60)
  })

  test('drains elsewhere when the group that it drained to leaves as well', async () => {
    const hub = (groups: number, replicas = 1) => networkOf({ layout: 'HubSpoke', hub: 'g0' }, groups, replicas)
    const harness = await settled({ ...hub(3), topology: { type: 'BrokerCluster', network: { layout: 'Ring' } } })
    for (const group of ['g1', 'g2']) harness.world.messages.set(`orders-${group}`, 100)
    harness.apply({ ...hub(2), topology: { type: 'BrokerCluster', network: { layout: 'Ring' } } })
    await pass(harness, 2)
    expect(harness.world.broker('orders-g2-0')!.drain!.to).toHaveLength(2)
    harness.apply({ ...single('None'), groupCount: 1 })
    await pass(harness, 2)
    for (const group of ['g1', 'g2'])
      expect(harness.world.broker(`orders-${group}-0`)!.drain!.to).toEqual([
        'static:(tcp://orders-g0-0.orders-g0.shop.svc:61616)',
      ])
    await harness.run(undefined, 200)
    expect(setsOf(harness)).toEqual(['orders-g0'])
  })

  test('and was dialled by the others drains while they are rolled, because they dial it no more', async () => {
    const listed = (...names: string[]): BrokerClusterSpecInput => ({
      topology: { type: 'Combined', network: { layout: 'Mesh', connectorDefaults: { networkTTL: 2 } } },
      groups: names.map((name) => ({ name, ...sharedPair().groupTemplate! })),
    })
    const harness = await settled(listed('a', 'b', 'c'))
    const uids = new Set(harness.world.pods().map(({ metadata }) => metadata.uid))
    harness.world.messages.set('orders-a', 40)
    harness.apply(listed('b', 'c'))
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-b', 'orders-c'])
    expect(harness.world.pods().filter(({ metadata }) => uids.has(metadata.uid))).toEqual([])
    expect([...harness.world.messages.values()].reduce((sum, count) => sum + count, 0)).toBe(40)
    expect(harness.world.messages.get('orders-a')).toBe(0)
  })

  test('of an earlier operator, which wrote no neighbours, drains to all that stay', async () => {
    const harness = await settled(networkOf({ layout: 'HubSpoke', hub: 'g0' }, 3, 1))
    const set = harness.kube.read('StatefulSet', { ...key, name: 'orders-g2' })!
    expect(set.metadata.annotations!['flotilla.dev/neighbours']).toBe('g0')
    harness.kube.change(set, ({ metadata }) => delete metadata.annotations!['flotilla.dev/neighbours'])
    harness.world.messages.set('orders-g2', 9)
    harness.apply(networkOf({ layout: 'HubSpoke', hub: 'g0' }, 2, 1))
    await pass(harness)
    expect(harness.world.broker('orders-g2-0')!.drain!.to).toHaveLength(2)
  })

  test('is left alone while the cluster is paused, and begins anew afterwards', async () => {
    const harness = await settled(mesh(3))
    harness.world.messages.set('orders-g2', 9)
    harness.apply({ ...mesh(2), paused: true })
    await pass(harness, 5)
    expect(harness.world.broker(activeIn(harness, 'g2'))!.drain).toBeUndefined()
    expect(rolesOf(harness)).toContain(`${activeIn(harness, 'g2')} active`)
    expect(harness.cluster.status).not.toHaveProperty('drains')
    expect(harness.cluster.status!.groups).toHaveLength(3)
    harness.apply(mesh(2))
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
  })

  test('that has never had an active goes at once', async () => {
    const harness = await settled(mesh(3))
    harness.world.holdClaims = true
    harness.apply(mesh(4))
    await pass(harness, 3)
    harness.apply(mesh(3))
    harness.events.length = 0
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1', 'orders-g2'])
    expect(told(harness)).toContain('Normal GroupRemoved: orders-g3 leaves the cluster: it had no messages yet')
    expect(harness.events.map(({ reason }) => reason)).not.toContain('DrainStarted')
  })
})

describe('a group that does not drain', () => {
  test('because of messages of durable subscriptions says what can be done', async () => {
    const harness = await settled(mesh(3))
    harness.world.messages.set('orders-g2', 2)
    harness.world.subscribed.set('orders-g2', 3)
    harness.apply(mesh(2))
    await pass(harness, 30)
    expect(setsOf(harness)).toContain('orders-g2')
    for (const type of ['Draining', 'Stalled', 'Ready'])
      expect(harness.condition(type)).toMatchObject({
        reason: 'DrainBlocked',
        message: expect.stringMatching(
          /^Group g2 has 0 messages left, and 3 messages of durable subscriptions\. Those .*Scale back and consume them, delete the subscriptions at the admin port, or set spec.scaleDown.drain to BestEffort$/,
        ),
      })
    expect(harness.condition('Reconciling')).toBeUndefined()
    expect((await harness.reconcile()).requeueAfterMs).toBe(slowPollMs)
    harness.world.subscribed.clear()
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
  })

  test('because its image is too old says so', async () => {
    const harness = await settled(mesh(3))
    const active = activeIn(harness, 'g2')
    harness.world.drainRefusals.set(active, 405)
    harness.apply(mesh(2))
    await pass(harness, 2)
    expect(harness.condition('Stalled')).toMatchObject({
      reason: 'DrainBlocked',
      message: `Group g2 is to drain. ${active} runs version 0.1.0, which cannot drain. Scale back and give the cluster a later image first, or set spec.scaleDown.drain to Skip`,
    })
    harness.world.drainRefusals.clear()
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
  })

  test('because it does not answer is told again and again, and what it said first is written once', async () => {
    const harness = await settled(mesh(3))
    const active = activeIn(harness, 'g2')
    harness.world.drainRefusals.set(active, 'timeout 1')
    harness.apply(mesh(2))
    await pass(harness, 2)
    harness.kube.writes.length = 0
    harness.world.drainRefusals.set(active, 'timeout 2')
    await pass(harness, 5)
    expect(harness.kube.writes).toEqual([])
    expect(harness.condition('Draining')).toMatchObject({
      reason: 'DrainBlocked',
      message: `Group g2 is to drain. ${active} cannot be told to drain: Cannot have broker shop/${active} drain: timeout 1`,
    })
    expect(harness.condition('Stalled')).toBeUndefined()
  })

  test('within its time says so, and goes on; progress is written every 10 s', async () => {
    const harness = await settled(mesh(3, { timeout: '30s' }))
    harness.world.messages.set('orders-g2', 1_000)
    harness.world.drainSpeed = 1
    harness.apply(mesh(2, { timeout: '30s' }))
    await pass(harness, 2)
    expect((await harness.reconcile()).requeueAfterMs).toBe(drainPollMs)
    harness.kube.writes.length = 0
    await pass(harness, 50)
    expect(harness.condition('Draining')).toMatchObject({ reason: 'DrainInProgress' })
    expect(harness.kube.writes).toHaveLength(2)
    await pass(harness, 20)
    for (const type of ['Draining', 'Stalled', 'Ready'])
      expect(harness.condition(type)).toMatchObject({ reason: 'DrainTimedOut' })
    expect(harness.cluster.status!.drains![0]!.messagesRemaining).toBeLessThan(960)
    expect(told(harness).at(-1)).toMatch(/^Warning DrainTimedOut: Group g2 has 9\d\d messages left$/)
    harness.world.drainSpeed = 1_000
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
    expect(harness.world.messages.get('orders-g2')).toBe(0)
  })

  test('by best effort goes with what it has when its time is over, and its claim stays, whatever its policy', async () => {
    const spec = (groups: number): BrokerClusterSpecInput => {
      const wanted = structuredClone(mesh(groups, { drain: 'BestEffort', timeout: '10s' }))
      wanted.groupTemplate!.storage.retentionPolicy = { whenScaled: 'Delete' }
      return wanted
    }
    const harness = await settled(spec(3))
    harness.world.messages.set('orders-g2', 1_000)
    harness.apply(spec(2))
    await pass(harness, 15)
    expect(setsOf(harness)).toContain('orders-g2')
    await harness.run()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
    const left = harness.world.messages.get('orders-g2')!
    expect(told(harness).at(-1)).toBe(
      `Warning DrainTimedOut: Group g2 leaves the cluster after spec.scaleDown.timeout with ${left} messages left, which stay on claim orders-g2-data, which is kept, until the group comes back`,
    )
    const claim = () => harness.kube.read('PersistentVolumeClaim', { ...key, name: 'orders-g2-data' })
    expect(claim()).toMatchObject({ metadata: { annotations: { 'flotilla.dev/when-scaled': 'Retain' } } })
    // Back again, it is as the policy says, and empty the next time.
    harness.apply(spec(3))
    await harness.run()
    expect(claim()).toMatchObject({ metadata: { annotations: { 'flotilla.dev/when-scaled': 'Delete' } } })
    harness.world.drainSpeed = 1_000
    harness.apply(spec(2))
    await harness.run()
    expect(claim()).toBeUndefined()
    expect(harness.world.messages.get('orders-g2')).toBe(0)
  })

  test('without a store loses them, and an Event says so', async () => {
    const harness = await settled(mesh(3, { drain: 'BestEffort', timeout: '0s' }, 1))
    harness.world.messages.set('orders-g2', 5)
    harness.apply(mesh(2, { drain: 'BestEffort', timeout: '0s' }, 1))
    await harness.run()
    expect(told(harness)).toEqual([
      'Warning DrainTimedOut: Group g2 leaves the cluster after spec.scaleDown.timeout with an unknown number of messages left, which are lost: it has no store',
    ])
  })

  test('because nobody wants that goes at once', async () => {
    const harness = await settled(mesh(3, { drain: 'Skip' }))
    harness.world.messages.set('orders-g2', 5)
    harness.apply(mesh(2, { drain: 'Skip' }))
    await harness.reconcile()
    expect(setsOf(harness)).toEqual(['orders-g0', 'orders-g1'])
    expect(harness.events).toEqual([expect.objectContaining({ type: 'Warning', reason: 'GroupRemoved' })])
  })
})

test('how a group leaves restarts nobody', async () => {
  const harness = await settled(mesh(2))
  const uids = harness.world.pods().map(({ metadata }) => metadata.uid)
  harness.apply(mesh(2, { drain: 'Skip', timeout: '1h' }))
  await pass(harness, 5)
  expect(harness.world.pods().map(({ metadata }) => metadata.uid)).toEqual(uids)
  expect(harness.isSettled()).toBe(true)
})

test('a pair that is renamed drains into the one that comes', async () => {
  const named = (name: string): BrokerClusterSpecInput => ({
    topology: { type: 'MasterSlave' },
    groups: [{ name, ...sharedPair().groupTemplate! }],
  })
  const harness = await settled(named('old'))
  harness.world.messages.set('orders-old', 4)
  harness.apply(named('new'))
  await harness.run()
  expect(setsOf(harness)).toEqual(['orders-new'])
  expect(harness.world.messages.get('orders-new')).toBe(4)
})

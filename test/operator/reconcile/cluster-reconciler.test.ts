// One pass after the other over one cluster: it comes into being, is at rest, is scaled, and something goes wrong.
import { describe, expect, test } from '@jest/globals'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import { slowPollMs } from '../../../operator/reconcile/limits.ts'
import {
  childrenOf,
  ClusterHarness,
  key,
  rolesOf,
  settledPair,
  sharedPair,
  single,
} from '../../support/cluster-harness.ts'

describe('a new cluster', () => {
  test('of two members with a shared volume becomes Ready', async () => {
    const harness = await settledPair()
    expect(childrenOf(harness)).toEqual([
      expect.stringMatching(/^ConfigMap orders-g0-[0-9a-f]{10}$/),
      'Service orders-g0',
      'Service orders',
      'StatefulSet orders-g0',
      'PersistentVolumeClaim orders-g0-data',
      'PodDisruptionBudget orders-g0',
    ])
    const active = harness.world.activeOf('orders')!
    const standby = active === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
    const { status } = harness.cluster
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 1,
      selector: 'flotilla.dev/cluster=orders,flotilla.dev/role=active',
      summary: { active: '1/1', members: '2/2' },
      groups: [
        {
          name: 'g0',
          active,
          standbys: [standby],
          replicas: 2,
          readyReplicas: 2,
          updatedReplicas: 2,
          lock: { type: 'File', holder: active, term: 1 },
          storage: { claims: [{ name: 'orders-g0-data', phase: 'Bound', requested: '1Gi', capacity: '1Gi' }] },
        },
      ],
      rollout: { state: 'Idle', pending: [] },
      endpoints: [
        {
          name: 'openwire',
          url: 'failover:(tcp://orders-g0-0.orders-g0.shop.svc:61616,tcp://orders-g0-1.orders-g0.shop.svc:61616)',
        },
      ],
    })
    expect(status!.conditions!.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      'Ready True AllMembersReady',
      'Available True AllGroupsActive',
      'SpecValid True Valid',
      'StorageReady True Bound',
      'NetworkConnected True NotApplicable',
      'UpToDate True AllMembersCurrent',
    ])
    expect(rolesOf(harness).sort()).toEqual([`${active} active`, `${standby} standby`].sort())
    expect(harness.events.map(({ reason }) => reason)).toEqual(['Created'])
  })

  test('has its objects written side by side, and the StatefulSet when those are there that it refers to', async () => {
    const harness = new ClusterHarness()
    harness.apply(sharedPair())
    const [begun, together] = [[] as string[], [] as string[]]
    const apply = harness.kube.apply.bind(harness.kube)
    harness.kube.apply = async (type, object, options) => {
      begun.push(type.kind)
      await new Promise((resolve) => setImmediate(resolve))
      together.push(begun.splice(0).sort().join(' '))
      return apply(type, object, options)
    }
    await harness.reconcile()
    expect(together.filter((kinds) => kinds !== '')).toEqual([
      'ConfigMap PersistentVolumeClaim Service Service',
      'PodDisruptionBudget StatefulSet',
      'BrokerCluster',
    ])
  })

  test('is not written again once it is at rest', async () => {
    const harness = await settledPair()
    await harness.reconcile()
    harness.kube.writes.length = 0
    for (let round = 0; round < 20; round++) {
      expect((await harness.reconcile()).requeueAfterMs).toBeGreaterThanOrEqual(slowPollMs)
      harness.world.tick()
      harness.clock.advance(5000)
      if (round === 10) harness.startOperator()
    }
    expect(harness.kube.writes).toEqual([])
  })

  test('without a store says so', async () => {
    const harness = new ClusterHarness()
    harness.apply(single('None'))
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True', reason: 'NotApplicable' })
    expect(harness.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'StorageLess' }))
  })

  test('waits for its volume, is polled often at first and rarely later', async () => {
    const harness = new ClusterHarness()
    harness.world.holdClaims = true
    harness.apply(sharedPair())
    expect(await harness.reconcile()).toEqual({ requeueAfterMs: 500 })
    harness.world.tick()
    await harness.reconcile()
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady' })
    expect(harness.condition('Available')).toMatchObject({ status: 'False', reason: 'NeverStarted' })
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    harness.clock.advance(200_000)
    expect(await harness.reconcile()).toEqual({ requeueAfterMs: 5000 })
    harness.clock.advance(600_000)
    await harness.reconcile()
    expect(harness.condition('Stalled')).toMatchObject({ status: 'True', reason: 'ProgressDeadlineExceeded' })
    expect(harness.condition('Reconciling')).toBeUndefined()
    harness.clock.advance(600_000)
    await harness.reconcile()
    expect(harness.condition('Stalled')).toBeDefined()
    harness.world.holdClaims = false
    await harness.run()
    expect(harness.condition('Stalled')).toBeUndefined()
  })
})

describe('scaling', () => {
  test('up adds a standby', async () => {
    const harness = await settledPair()
    const active = harness.world.activeOf('orders')
    harness.apply(sharedPair({}, 3))
    await harness.run()
    expect(harness.cluster.status!.summary).toEqual({ active: '1/1', members: '3/3' })
    expect(harness.world.activeOf('orders')).toBe(active)
    expect(harness.events.map(({ reason }) => reason)).toContain('ScaleUp')
  })

  test.each([1, 2, 3, 4, 5, 6])('down from four to two keeps an active all the way (seed %i)', async (seed) => {
    const harness = await settledPair(4, seed)
    harness.apply(sharedPair({}, 2))
    await harness.run()
    expect(harness.world.pods().map(({ metadata }) => metadata.name)).toEqual(['orders-g0-0', 'orders-g0-1'])
    expect(harness.cluster.status!.summary).toEqual({ active: '1/1', members: '2/2' })
  })
})

test('a single broker on a shared volume gets a standby, and loses it again, without being restarted', async () => {
  const harness = new ClusterHarness()
  const alone = { ...sharedPair({}, 1), topology: { type: 'Standalone' as const } }
  harness.apply(alone)
  await harness.run()
  const [first] = harness.world.pods()
  harness.apply(sharedPair({}, 2))
  await harness.run()
  expect(harness.world.activeOf('orders')).toBe('orders-g0-0')
  harness.apply(alone)
  await harness.run()
  expect(harness.world.pods().map(({ metadata }) => metadata.uid)).toEqual([first!.metadata.uid])
})

describe('what goes wrong', () => {
  test('in the spec is reported with the field, and what runs goes on', async () => {
    const harness = await settledPair()
    harness.kube.writes.length = 0
    harness.apply(sharedPair({ broker: { memoryLimit: '100Ki' } }))
    await harness.reconcile()
    expect(harness.condition('SpecValid')).toMatchObject({
      status: 'False',
      reason: 'SpecInvalid',
      message: 'spec.broker.memoryLimit: got "100Ki", expected at least 1Mi, or 1% to 90%',
    })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SpecInvalid' })
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    expect(harness.kube.writes.map(({ kind }) => kind)).toEqual(['BrokerCluster'])
    expect(harness.events.at(-1)).toMatchObject({ type: 'Warning', reason: 'SpecInvalid' })
  })

  test('while writing is in the status before it is thrown', async () => {
    const harness = new ClusterHarness()
    harness.apply(sharedPair())
    harness.kube.beforeWrite = ({ kind }) => {
      if (kind === 'StatefulSet') throw new KubeApiError(403, 'Forbidden', 'exceeded quota: brokers')
    }
    await expect(harness.reconcile()).rejects.toThrow('exceeded quota')
    expect(harness.condition('Stalled')).toMatchObject({ status: 'True', reason: 'QuotaExceeded' })
    harness.kube.beforeWrite = () => {}
    await harness.run()
    expect(harness.condition('Stalled')).toBeUndefined()
  })

  test('an object of somebody else with the name of a child is left alone', async () => {
    const harness = new ClusterHarness()
    harness.kube.put({ apiVersion: 'v1', kind: 'Service', metadata: { ...key }, spec: { selector: { app: 'shop' } } })
    harness.apply(sharedPair())
    await expect(harness.reconcile()).rejects.toThrow('Cannot write Service orders: one that belongs to nobody')
    expect(harness.kube.read('Service', key)).toMatchObject({ spec: { selector: { app: 'shop' } } })
    expect(harness.condition('Reconciling')!.message).toContain('Service orders')
  })

  test.each([
    ['ImagePullBackOff', 'ImagePullFailed'],
    ['ErrImagePull', 'ImagePullFailed'],
  ])('a pod that waits with %s is Stalled with %s', async (waiting, reason) => {
    const harness = await settledPair()
    const pod = harness.world.pods()[0]!
    harness.world.crash(pod.metadata.name)
    harness.kube.change(pod, (changed) => {
      changed.status.containerStatuses = [
        { name: 'broker', state: { waiting: { reason: waiting, message: 'no such image' } } },
      ]
    })
    await harness.reconcile()
    expect(harness.condition('Stalled')).toMatchObject({ reason, message: 'orders-g0-0: no such image' })
  })
})

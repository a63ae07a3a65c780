import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import { ClusterHarness, key, sharedPair, single } from '../../support/cluster-harness.ts'

const kinds = ['ConfigMap', 'Service', 'StatefulSet', 'PersistentVolumeClaim', 'PodDisruptionBudget']
const childrenOf = ({ kube }: ClusterHarness): string[] =>
  kinds.flatMap((kind) => kube.all(kind).map(({ metadata }) => `${kind} ${metadata.name}`))
const roles = ({ world }: ClusterHarness): string[] =>
  world.pods().map(({ metadata }) => `${metadata.name} ${metadata.labels?.['flotilla.dev/role']}`)

async function settledPair(replicas = 2, seed = 1): Promise<ClusterHarness> {
  const harness = new ClusterHarness(seed)
  harness.apply(sharedPair({}, replicas))
  await harness.run()
  return harness
}

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
      'UpToDate True AllMembersCurrent',
    ])
    expect(roles(harness).sort()).toEqual([`${active} active`, `${standby} standby`].sort())
    expect(harness.events.map(({ reason }) => reason)).toEqual(['Created'])
  })

  test('is not written again once it is at rest', async () => {
    const harness = await settledPair()
    await harness.reconcile()
    harness.kube.writes.length = 0
    for (let round = 0; round < 20; round++) {
      expect(await harness.reconcile()).toEqual({ requeueAfterMs: 5000 })
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

describe('a failover', () => {
  test('is seen, labelled and told, and needs nothing of the operator', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.crash(before)
    harness.world.tick()
    const after = harness.world.activeOf('orders')!
    expect(after).not.toBe(before)
    await harness.run()
    expect(roles(harness).sort()).toEqual([`${after} active`, `${before} standby`].sort())
    expect(harness.cluster.status!.groups![0]).toMatchObject({
      active: after,
      lock: { term: 2 },
      lastFailover: { from: before, to: after, reason: 'Failover' },
    })
    expect(harness.events.map(({ reason }) => reason)).toEqual(['Created', 'FailoverCompleted'])
  })

  test('in which the operator saw nobody active for a while is told as one', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.crash(before)
    await harness.reconcile()
    expect(harness.condition('Available')).toMatchObject({ status: 'False', reason: 'GroupWithoutActive' })
    await harness.run()
    const after = harness.world.activeOf('orders')!
    if (after !== before)
      expect(harness.cluster.status!.groups![0]!.lastFailover).toMatchObject({ from: before, to: after })
  })

  test('without a second member ready afterwards is Degraded', async () => {
    const harness = await settledPair()
    const before = harness.world.activeOf('orders')!
    harness.world.brokenRevisions.add(harness.cluster.status!.groups![0]!.revision)
    harness.world.crash(before)
    for (let round = 0; round < 4; round++) {
      harness.world.tick()
      await harness.reconcile()
    }
    expect(harness.condition('Degraded')).toMatchObject({ status: 'True', reason: 'StandbyMissing' })
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StandbyMissing' })
  })

  test('that two members claim is decided by the higher term', async () => {
    const harness = await settledPair()
    const active = harness.world.activeOf('orders')!
    const other = active === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
    Object.assign(harness.world.broker(other)!, { role: 'Active', term: 7, activeSince: '2026-11-21T04:00:00Z' })
    await harness.reconcile()
    expect(harness.condition('Degraded')).toMatchObject({ status: 'True', reason: 'MultipleActives' })
    expect(harness.condition('Available')).toMatchObject({ status: 'Unknown', reason: 'MultipleActives' })
    expect(roles(harness).sort()).toEqual([`${active} undefined`, `${other} active`].sort())
  })

  test('of brokers that cannot be asked leaves the labels as they are', async () => {
    const harness = await settledPair()
    const before = roles(harness)
    for (const { metadata } of harness.world.pods()) harness.world.unreachable.add(metadata.name)
    await harness.reconcile()
    expect(roles(harness)).toEqual(before)
    expect(harness.condition('Ready')).toMatchObject({ status: 'Unknown', reason: 'MembersUnreachable' })
    expect(harness.condition('Available')).toMatchObject({ status: 'Unknown' })
  })
})

describe('a change', () => {
  test('reaches the standby first, then the active hands over', async () => {
    const harness = await settledPair()
    const active = harness.world.activeOf('orders')!
    const standby = active === 'orders-g0-0' ? 'orders-g0-1' : 'orders-g0-0'
    harness.kube.writes.length = 0
    harness.apply(sharedPair({ broker: { memoryLimit: '50%' } }))
    await harness.run()
    expect(
      harness.kube.writes.filter(({ verb, kind }) => verb === 'delete' && kind === 'Pod').map(({ name }) => name),
    ).toEqual([standby, active])
    expect(harness.world.activeOf('orders')).toBe(standby)
    expect(harness.cluster.status!.groups![0]).toMatchObject({
      updatedReplicas: 2,
      lastFailover: { from: active, to: standby, reason: 'Switchover' },
    })
    expect(harness.events.map(({ reason }) => reason)).toEqual([
      'Created',
      'RolloutStarted',
      'MemberUpdated',
      'HandoverStarted',
      'FailoverCompleted',
      'RolloutCompleted',
    ])
    expect(harness.kube.all('ConfigMap')).toHaveLength(1)
  })

  test('waits until the StatefulSet controller has seen it: no member is restarted twice', async () => {
    const harness = await settledPair()
    harness.world.controllerLag = 6
    harness.kube.writes.length = 0
    harness.apply(sharedPair({ broker: { memoryLimit: '50%' } }))
    await harness.run()
    expect(harness.kube.writes.filter(({ verb, kind }) => verb === 'delete' && kind === 'Pod')).toHaveLength(2)
  })

  test('keeps the old configuration for as long as a pod refers to it', async () => {
    const harness = await settledPair()
    harness.apply(sharedPair({ broker: { memoryLimit: '50%' } }))
    for (let round = 0; round < 60 && !(round > 0 && harness.isSettled()); round++) {
      await harness.reconcile()
      const existing = harness.kube.all('ConfigMap').map(({ metadata }) => metadata.name)
      for (const pod of harness.world.pods()) expect(existing).toContain(pod.spec.volumes[0].configMap.name)
      harness.world.tick()
    }
    expect(harness.isSettled()).toBe(true)
    expect(harness.kube.all('ConfigMap')).toHaveLength(1)
  })

  test('of what no member has to know restarts nothing', async () => {
    const harness = await settledPair()
    const uids = harness.world.pods().map(({ metadata }) => metadata.uid)
    harness.apply(
      sharedPair({ services: { client: { type: 'LoadBalancer' } }, podDisruptionBudget: { enabled: false } }),
    )
    await harness.run()
    expect(harness.world.pods().map(({ metadata }) => metadata.uid)).toEqual(uids)
    expect(harness.kube.all('PodDisruptionBudget')).toEqual([])
    expect(harness.kube.read('Service', key)).toMatchObject({ spec: { type: 'LoadBalancer' } })
  })

  test('that no member can live with stops at the standby; the active serves on, and the way back is open', async () => {
    const harness = await settledPair()
    const active = harness.world.activeOf('orders')!
    const uid = harness.world.pods().find(({ metadata }) => metadata.name === active)!.metadata.uid
    harness.apply(sharedPair({ broker: { memoryLimit: '50%' } }))
    await harness.reconcile()
    harness.world.brokenRevisions.add(harness.cluster.status!.groups![0]!.revision)
    await expect(harness.run(undefined, 40)).rejects.toThrow('Not there')
    expect(harness.world.activeOf('orders')).toBe(active)
    expect(harness.world.pods().find(({ metadata }) => metadata.name === active)!.metadata.uid).toBe(uid)
    expect(harness.cluster.status!.rollout).toMatchObject({ state: 'Standbys', pending: [active] })
    harness.apply(sharedPair())
    await harness.run()
    expect(harness.world.activeOf('orders')).toBe(active)
    expect(harness.world.pods().find(({ metadata }) => metadata.name === active)!.metadata.uid).toBe(uid)
  })

  test('with OnDelete waits for somebody to delete pods', async () => {
    const harness = await settledPair()
    const change = sharedPair({ broker: { memoryLimit: '50%' }, updateStrategy: { type: 'OnDelete' } })
    harness.apply(change)
    for (let round = 0; round < 5; round++) {
      await harness.reconcile()
      harness.world.tick()
    }
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'False', reason: 'AwaitingDelete' })
    expect(harness.cluster.status!.rollout).toMatchObject({
      state: 'AwaitingDelete',
      pending: ['orders-g0-0', 'orders-g0-1'],
    })
    expect(harness.condition('Reconciling')).toBeUndefined()
    for (const pod of harness.world.pods())
      harness.kube.change(pod, (changed) => (changed.metadata.deletionTimestamp = 'now'))
    await harness.run()
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'True' })
  })

  test('while paused writes nothing but the status', async () => {
    const harness = await settledPair()
    harness.kube.writes.length = 0
    harness.apply(sharedPair({ paused: true, broker: { memoryLimit: '50%' } }))
    await harness.reconcile()
    expect(harness.kube.writes).toEqual([
      { verb: 'apply', kind: 'BrokerCluster', name: 'orders', subresource: 'status' },
    ])
    expect(harness.condition('Paused')).toMatchObject({ status: 'True', reason: 'PausedBySpec' })
    expect(harness.condition('UpToDate')).toMatchObject({ status: 'False', reason: 'UpdateHeldByPolicy' })
    harness.apply(sharedPair({ broker: { memoryLimit: '50%' } }))
    await harness.run()
    expect(harness.condition('Paused')).toBeUndefined()
  })

  test('while paused does not keep role labels from following a failover', async () => {
    const harness = await settledPair()
    harness.apply(sharedPair({ paused: true, broker: { memoryLimit: '50%' } }))
    await harness.reconcile()
    harness.kube.writes.length = 0
    const before = harness.world.activeOf('orders')!
    harness.world.crash(before)
    harness.world.tick()
    await harness.run(() => harness.cluster.status!.summary!.members === '2/2')
    const after = harness.world.activeOf('orders')!
    expect(roles(harness).sort()).toEqual([`${after} active`, `${before} standby`].sort())
    expect(new Set(harness.kube.writes.map(({ kind }) => kind))).toEqual(new Set(['BrokerCluster', 'Pod']))
  })

  test('by somebody else is put back', async () => {
    const harness = await settledPair()
    const set = harness.kube.all('StatefulSet')[0]!
    harness.kube.change(set as KubeObject & { spec: { replicas: number } }, (changed) => (changed.spec.replicas = 1))
    await harness.run()
    expect(harness.kube.all('StatefulSet')[0]).toMatchObject({ spec: { replicas: 2 } })
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

describe('storage', () => {
  test('grows with the spec, and never shrinks', async () => {
    const harness = new ClusterHarness()
    harness.apply(single('Volume', '1Gi'))
    await harness.run()
    harness.apply(single('Volume', '2Gi'))
    await harness.run()
    expect(harness.kube.all('PersistentVolumeClaim')[0]).toMatchObject({
      spec: { resources: { requests: { storage: '2Gi' } } },
    })
    expect(harness.kube.all('StatefulSet')[0]).toMatchObject({
      spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '1Gi' } } } }] },
    })
    harness.apply(single('Volume', '1Gi'))
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: 'ShrinkRefused' })
    expect(harness.kube.all('PersistentVolumeClaim')[0]).toMatchObject({
      spec: { resources: { requests: { storage: '2Gi' } } },
    })
  })

  test('that cannot grow is reported, and the rest goes on', async () => {
    const harness = new ClusterHarness()
    harness.apply(single('Volume', '1Gi'))
    await harness.run()
    harness.kube.beforeWrite = ({ verb, kind }) => {
      if (verb === 'apply' && kind === 'PersistentVolumeClaim')
        throw new KubeApiError(403, 'Forbidden', 'only dynamically provisioned pvc can be resized')
    }
    harness.apply({ ...single('Volume', '2Gi'), services: { client: { type: 'NodePort' } } })
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: 'ResizeUnsupported' })
    expect(harness.kube.read('Service', key)).toMatchObject({ spec: { type: 'NodePort' } })
  })

  test('outlives the cluster, unless its policy says otherwise', async () => {
    const kept = await settledPair()
    kept.kube.remove(kept.cluster as unknown as KubeObject)
    expect(await kept.reconcile()).toEqual({})
    expect(childrenOf(kept)).toEqual(['PersistentVolumeClaim orders-g0-data'])

    const deleted = new ClusterHarness()
    const spec = sharedPair()
    spec.groupTemplate!.storage.retentionPolicy = { whenDeleted: 'Delete' }
    deleted.apply(spec)
    await deleted.run()
    deleted.kube.remove(deleted.cluster as unknown as KubeObject)
    expect(childrenOf(deleted)).toEqual([])
  })

  test('of a group that leaves stays, unless its policy says otherwise', async () => {
    for (const whenScaled of ['Retain', 'Delete'] as const) {
      const harness = new ClusterHarness()
      const { storage } = sharedPair().groupTemplate!
      const spec = (name: string) => ({
        topology: { type: 'MasterSlave' as const },
        groups: [{ name, replicas: 2, storage: { ...storage, retentionPolicy: { whenScaled } } }],
      })
      harness.apply(spec('a'))
      await harness.run()
      harness.apply(spec('b'))
      await harness.run()
      const claims = harness.kube.all('PersistentVolumeClaim').map(({ metadata }) => metadata.name)
      expect(claims).toEqual(whenScaled === 'Retain' ? ['orders-a-data', 'orders-b-data'] : ['orders-b-data'])
      expect(harness.kube.all('StatefulSet').map(({ metadata }) => metadata.name)).toEqual(['orders-b'])
    }
  })

  test('of somebody else is used by name, and never written', async () => {
    const harness = new ClusterHarness()
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: 'shop', name: 'nfs' } }
    harness.kube.put({ ...claim, spec: { resources: { requests: { storage: '5Gi' } } } })
    const spec = sharedPair()
    spec.groupTemplate!.storage.sharedVolume = { existingClaim: { name: 'nfs' } }
    harness.apply(spec)
    await harness.run()
    expect(harness.cluster.status!.groups![0]!.storage).toEqual({
      claims: [{ name: 'nfs', phase: 'Bound', requested: '5Gi', capacity: '5Gi' }],
    })
    expect(harness.kube.writes.filter(({ kind }) => kind === 'PersistentVolumeClaim')).toEqual([])
  })

  test('cannot become another one behind the back of the API server', async () => {
    const harness = await settledPair()
    harness.kube.writes.length = 0
    const spec = sharedPair()
    spec.groupTemplate!.storage.sharedVolume = { existingClaim: { name: 'other' } }
    harness.apply(spec)
    await harness.reconcile()
    expect(harness.condition('SpecValid')).toMatchObject({ status: 'False', reason: 'UnsupportedChange' })
    expect(harness.condition('SpecValid')!.message).toContain('orders-g0-data')
    expect(harness.kube.writes.map(({ kind }) => kind)).toEqual(['BrokerCluster'])
    expect(harness.condition('Available')).toMatchObject({ status: 'True' })
  })
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

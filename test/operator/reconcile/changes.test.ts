// How a change of the spec reaches running members.
import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { key, rolesOf, settledPair, sharedPair } from '../../support/cluster-harness.ts'

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
    expect(rolesOf(harness).sort()).toEqual([`${after} active`, `${before} standby`].sort())
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

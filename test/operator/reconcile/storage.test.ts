// Claims and the volumes behind them: they grow, they stay, they belong to somebody else.
import { describe, expect, test } from '@jest/globals'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import {
  childrenOf,
  ClusterHarness,
  key,
  rolesOf,
  settledPair,
  sharedPair,
  single,
} from '../../support/cluster-harness.ts'

type Claim = KubeObject & { spec: { storageClassName?: string } }

const unschedulable = ({ kube, world }: ClusterHarness, message: string): void => {
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }
  for (const pod of world.pods())
    kube.change(pod, (changed) => (changed.status = { phase: 'Pending', conditions: [condition] }))
}

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

  test.each([
    ['standard', 'of class standard'],
    [undefined, 'of the default class'],
    ['', 'without a class'],
  ])('that no class gives (%s) is named with its claim, and with where to read on', async (storageClassName, named) => {
    const harness = new ClusterHarness()
    harness.world.holdClaims = true
    harness.apply(sharedPair())
    await harness.reconcile()
    harness.kube.change(harness.kube.all('PersistentVolumeClaim')[0] as Claim, ({ spec }) => {
      if (storageClassName !== undefined) spec.storageClassName = storageClassName
    })
    await harness.reconcile()
    const message = `Claim orders-g0-data is Pending: it asks for 1Gi with ReadWriteMany ${named}, and many classes, the default one among them, give no such volumes: see docs/storage.md. Events of the claim say more`
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'False', reason: 'VolumePending', message })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady', message })
  })

  test('of one member is not suspected of its access mode', async () => {
    const harness = new ClusterHarness()
    harness.world.holdClaims = true
    harness.apply(single('Volume'))
    await harness.run(() => harness.condition('StorageReady')?.reason === 'VolumePending')
    expect(harness.condition('StorageReady')!.message).toBe(
      'Claim data-orders-g0-0 is Pending: it asks for 1Gi with ReadWriteOnce of the default class. Events of the claim say more',
    )
  })

  test('that pods wait for is waited for, and is what is told when that takes too long', async () => {
    const harness = new ClusterHarness()
    harness.world.holdClaims = true
    harness.apply(sharedPair())
    await harness.run(() => harness.world.pods().length === 2)
    unschedulable(harness, '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found')
    await harness.reconcile()
    expect(harness.condition('Stalled')).toBeUndefined()
    expect(harness.condition('Reconciling')).toMatchObject({ reason: 'WaitingForDependency' })
    harness.clock.advance(11 * 60_000)
    await harness.reconcile()
    expect(harness.condition('Stalled')).toMatchObject({ reason: 'ProgressDeadlineExceeded' })
    expect(harness.condition('Stalled')!.message).toContain('docs/storage.md')
    // A claim that waits for its pod: it is the pod that has no place.
    unschedulable(harness, '0/2 nodes are available: 2 Insufficient cpu.')
    await harness.reconcile()
    expect(harness.condition('Stalled')).toMatchObject({ reason: 'Unschedulable' })
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

  test.each([['ReadWriteOnce'], ['ReadWriteOncePod']])(
    'of somebody else that only one node can mount (%s) is refused for two members',
    async (mode) => {
      const harness = new ClusterHarness()
      const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: 'shop', name: 'nfs' } }
      harness.kube.put({ ...claim, spec: { accessModes: [mode], resources: { requests: { storage: '5Gi' } } } })
      const spec = sharedPair()
      spec.groupTemplate!.storage.sharedVolume = { existingClaim: { name: 'nfs' } }
      harness.apply(spec)
      await harness.reconcile()
      expect(harness.condition('SpecValid')).toMatchObject({
        status: 'False',
        reason: 'SpecInvalid',
        message: `spec: group g0: storage.sharedVolume.existingClaim.name: got "nfs", a claim with access modes ${mode}; expected one with ReadWriteMany, which 2 members can mount at the same time`,
      })
      expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'SpecInvalid' })
      expect(childrenOf(harness)).toEqual(['PersistentVolumeClaim nfs'])

      harness.apply({
        ...spec,
        topology: { type: 'Standalone' },
        groupTemplate: { ...spec.groupTemplate!, replicas: 1 },
      })
      await harness.run()
      expect(harness.condition('SpecValid')).toMatchObject({ status: 'True' })
    },
  )

  test('of another cluster makes nobody a standby, and the cluster not Ready', async () => {
    const harness = await settledPair()
    const { active, standbys } = harness.cluster.status!.groups![0]!
    const [standby] = standbys
    const sentence = 'Cannot use /var/lib/flotilla: it belongs to broker billing-g0, this is broker orders-g0'
    harness.world.refusals.set(standby!, sentence)
    await harness.reconcile()
    expect(harness.condition('StorageReady')).toMatchObject({
      status: 'False',
      reason: 'ForeignStore',
      message: `${standby}: ${sentence}`,
    })
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'StorageNotReady' })
    expect(harness.cluster.status!.groups![0]).toMatchObject({ active, standbys: [], readyReplicas: 1 })
    expect(harness.cluster.status!.members!.find(({ name }) => name === standby)).toMatchObject({
      role: 'Starting',
      ready: false,
    })
    expect(rolesOf(harness)).toContain(`${standby} undefined`)
    expect(harness.events.at(-1)).toMatchObject({ type: 'Warning', reason: 'StorageNotReady' })
    harness.world.refusals.clear()
    await harness.run()
    expect(harness.condition('StorageReady')).toMatchObject({ status: 'True', reason: 'Bound' })
  })

  test('of another cluster from the beginning: it never starts, and says why', async () => {
    const harness = new ClusterHarness()
    for (const pod of ['orders-g0-0', 'orders-g0-1']) harness.world.refusals.set(pod, 'It belongs to billing-g0')
    harness.apply(sharedPair())
    await harness.run(() => harness.condition('StorageReady')?.reason === 'ForeignStore')
    expect(harness.condition('Ready')).toMatchObject({
      status: 'False',
      reason: 'StorageNotReady',
      message: 'orders-g0-0: It belongs to billing-g0',
    })
    expect(harness.condition('Available')).toMatchObject({ status: 'False', reason: 'NeverStarted' })
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

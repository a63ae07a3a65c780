// Claims and the volumes behind them: they grow, they stay, they belong to somebody else.
import { describe, expect, test } from '@jest/globals'
import { KubeApiError } from '../../../operator/kube/errors.ts'
import type { KubeObject } from '../../../operator/kube/port.ts'
import { childrenOf, ClusterHarness, key, settledPair, sharedPair, single } from '../../support/cluster-harness.ts'

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

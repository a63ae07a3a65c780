import { expect, test } from '@jest/globals'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import { brokerClusterApiVersion, brokerClusterKind } from '../../../operator/api/names.ts'
import type { BrokerClusterStatus } from '../../../operator/api/status-schema.ts'
import { applyStatus } from '../../../operator/reconcile/apply-status.ts'
import { FakeKube } from '../../support/fake-kube.ts'

const metadata = { namespace: 'shop', name: 'orders' }
const status: BrokerClusterStatus = { observedGeneration: 1, summary: { active: '1/1', members: '2/2' } }
const make = (kube: FakeKube): BrokerCluster =>
  kube.put({ apiVersion: brokerClusterApiVersion, kind: brokerClusterKind, metadata }) as unknown as BrokerCluster

test('a status is written once; the same again is not', async () => {
  const kube = new FakeKube()
  const cluster = make(kube)
  expect(await applyStatus(kube, cluster, status)).toBe(true)
  expect(kube.read(brokerClusterKind, metadata)).toMatchObject({ status })
  expect(await applyStatus(kube, { ...cluster, status }, status)).toBe(false)
})

test('a cluster that is gone gets none, nor does the next one with its name', async () => {
  const kube = new FakeKube()
  const cluster = make(kube)
  kube.remove(kube.read(brokerClusterKind, metadata)!)
  expect(await applyStatus(kube, cluster, status)).toBe(false)
  make(kube)
  expect(await applyStatus(kube, cluster, status)).toBe(false)
  expect(kube.read(brokerClusterKind, metadata)).not.toHaveProperty('status')
})

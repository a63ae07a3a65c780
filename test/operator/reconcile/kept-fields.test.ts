import { expect, test } from '@jest/globals'
import { keepOfPod } from '../../../operator/reconcile/kept-fields.ts'
import type { Pod } from '../../../operator/reconcile/kinds.ts'

const metadata = {
  namespace: 'shop',
  name: 'orders-g0-0',
  uid: 'u',
  labels: { 'flotilla.dev/group': 'g0' },
  annotations: { 'flotilla.dev/revision': 'r' },
}

test('of a pod only what reconciling reads is kept', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: {
      nodeName: 'north-1',
      containers: [{ name: 'broker', args: ['--config'] }],
      volumes: [
        { name: 'config', configMap: { name: 'orders-g0-1', defaultMode: 420 } },
        { name: 'tmp', emptyDir: {} },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null }],
      containerStatuses: [{ name: 'broker', ready: true, restartCount: 1, image: 'b:1', state: { running: {} } }],
    },
  } as unknown as Pod
  expect(keepOfPod(pod)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName: 'north-1', volumes: [{ configMap: { name: 'orders-g0-1' } }] },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'broker', ready: true, restartCount: 1, state: { running: {} } }],
    },
  })
})

test('a pod that nobody has taken up has little to keep', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: {} } as Pod
  expect(keepOfPod(pod)).toEqual({ ...pod, spec: { volumes: [] } })
})

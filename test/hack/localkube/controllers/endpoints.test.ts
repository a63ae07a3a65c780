import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startEndpointsController } from '../../../../hack/localkube/controllers/endpoints.ts'
import { endpoints, endpointSlices, pods, services } from '../../../../hack/localkube/controllers/resource-names.ts'
import { ControlPlane } from '../control-plane.ts'

let plane: ControlPlane
beforeEach(() => {
  plane = new ControlPlane(startEndpointsController)
})
afterEach(() => plane.stop())

function createService(spec: Record<string, unknown> = {}): void {
  plane.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }], ...spec },
  })
}

function createPod(name: string, ip: string, ready: boolean, port = 8080): void {
  plane.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'web' } },
    spec: {
      hostname: name,
      subdomain: 'web',
      containers: [{ name: 'main', image: 'i', ports: [{ name: 'web', containerPort: port }] }],
    },
  })
  plane.setPod(name, { ip, ready })
}

const slices = () => plane.registry.list(endpointSlices)

test('ready and unready pods, with the number of the named port and the hostname', async () => {
  createService()
  createPod('web-0', '127.70.0.1', true)
  createPod('web-1', '127.70.0.2', false)
  await plane.settle()
  expect(plane.get(endpoints, 'web')!['subsets']).toMatchObject([
    {
      addresses: [{ ip: '127.70.0.1', hostname: 'web-0', targetRef: { kind: 'Pod', name: 'web-0' } }],
      notReadyAddresses: [{ ip: '127.70.0.2', hostname: 'web-1' }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ])
  expect(slices()).toMatchObject([
    {
      metadata: { generateName: 'web-', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['127.70.0.1'], conditions: { ready: true, serving: true, terminating: false } },
        { addresses: ['127.70.0.2'], conditions: { ready: false, serving: false, terminating: false } },
      ],
    },
  ])
})

test('publishNotReadyAddresses makes every pod with an address ready', async () => {
  createService({ clusterIP: 'None', publishNotReadyAddresses: true })
  createPod('web-0', '127.70.0.1', false)
  await plane.settle()
  expect(slices()[0]!['endpoints'][0].conditions).toMatchObject({ ready: true, serving: false })
  expect(plane.get(endpoints, 'web')!['subsets'][0].addresses).toHaveLength(1)
  for (const { metadata } of [plane.get(endpoints, 'web')!, slices()[0]!])
    expect(metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' })
})

test('a pod that is being deleted is not ready any more', async () => {
  createService()
  createPod('web-0', '127.70.0.1', true)
  await plane.settle()
  plane.registry.delete(pods, 'default', 'web-0')
  await plane.settle()
  expect(slices()[0]!['endpoints'][0].conditions).toEqual({ ready: false, serving: true, terminating: true })
  expect(plane.get(endpoints, 'web')!['subsets'] ?? []).toEqual([])
})

test('pods that put the named port elsewhere get a slice of their own', async () => {
  createService()
  createPod('web-0', '127.70.0.1', true, 8080)
  createPod('web-1', '127.70.0.2', true, 9090)
  await plane.settle()
  expect(slices().map((slice) => slice['ports'][0].port)).toEqual([8080, 9090])
  plane.finishDeletion('web-1')
  await plane.settle()
  expect(slices()).toHaveLength(1)
})

test('a pod whose labels change leaves, and all goes with the Service', async () => {
  createService()
  createPod('web-0', '127.70.0.1', true)
  await plane.settle()
  plane.registry.update(pods, 'default', 'web-0', (pod) => (pod.metadata.labels = { app: 'other' }))
  await plane.settle()
  expect(slices()[0]!['endpoints']).toEqual([])
  plane.registry.delete(services, 'default', 'web')
  await plane.settle()
  expect([slices(), plane.get(endpoints, 'web')]).toEqual([[], undefined])
})

test('a Service without a selector keeps the endpoints that somebody gave it', async () => {
  plane.create(endpoints, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web' },
    subsets: [{ addresses: [{ ip: '10.0.0.1' }] }],
  })
  plane.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { ports: [{ port: 80 }] },
  })
  await plane.settle()
  expect(plane.get(endpoints, 'web')!['subsets']).toHaveLength(1)
})

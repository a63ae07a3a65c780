// Names and connections as processes in pods see them (pod-preload.mjs), on a system with a loopback range and on one without.
import { afterEach, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { services } from '../../../../hack/localkube/controllers/resource-names.ts'
import { portsAnnotation } from '../../../../hack/localkube/kubelet/pod-worker.ts'
import { PodBench } from './pod-bench.ts'

let bench: PodBench
afterEach(() => bench.stop())

function createService(name: string, spec: Record<string, unknown>): void {
  bench.plane.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: 'test' }, ports: [{ port: 8080 }], ...spec },
  })
}

const inService = { hostname: 'web-0', subdomain: 'web' }
const lookup = (name: string) => bench.ask('web-0', '/lookup', { name })
const fetch = (url: string) => bench.ask('web-0', '/fetch', { url })
const addressOf = (name: string): string => bench.plane.pod(name)['status'].podIP

describe.each([
  ['with a loopback address per pod', false],
  ['with remapped ports', true],
])('%s', (_, remapPorts) => {
  test('names of pods and services resolve, in all their forms', async () => {
    bench = new PodBench({ remapPorts })
    createService('web', { clusterIP: 'None' })
    createService('front', { ports: [{ port: 80, targetPort: 8080 }] })
    bench.createPod('web-0', {}, inService)
    bench.createPod('web-1', {}, { ...inService, hostname: 'web-1' })
    await Promise.all([bench.ready('web-0'), bench.ready('web-1')])
    await bench.plane.settle()
    for (const name of [
      'web-1.web',
      'web-1.web.default',
      'web-1.web.default.svc',
      'WEB-1.web.default.svc.cluster.local.',
    ])
      expect(`${name} ${await lookup(name)}`).toBe(`${name} ${addressOf('web-1')}`)
    expect(await lookup('web-0')).toBe(addressOf('web-0'))
    const both = [addressOf('web-0'), addressOf('web-1')].sort().join()
    for (const name of ['web', 'web.default.svc', 'front.default', 'front.default.svc.cluster.local'])
      expect(`${name} ${await lookup(name)}`).toBe(`${name} ${both}`)
    for (const name of ['web-9.web', 'web-9.web.default.svc', 'nothing.default.svc.cluster.local', 'x.cluster.local'])
      expect(`${name} ${await lookup(name)}`).toBe(`${name} ENOTFOUND`)

    expect(await fetch('http://web-1.web:8080/hostname')).toBe('web-1')
    expect(await fetch(`http://${addressOf('web-1')}:8080/hostname`)).toBe('web-1')
    expect(await fetch('http://front/hostname')).toMatch(/^web-[01]$/)
    const { clusterIP } = bench.plane.get(services, 'front')!['spec']
    expect(await fetch(`http://${clusterIP}/hostname`)).toMatch(/^web-[01]$/)
    expect(await fetch('http://127.0.0.1:8080/hostname')).toBe('web-0')
    expect(await fetch('http://web-1.web:9999/')).toBe('ECONNREFUSED')
  })

  test('a process outside of pods can be given the same view', async () => {
    bench = new PodBench({ remapPorts })
    createService('web', { clusterIP: 'None' })
    bench.createPod('web-0', {}, inService)
    await bench.ready('web-0')
    await bench.plane.settle()
    const script = `fetch('http://web-0.web:8080/hostname').then((r) => r.text()).then(console.log)`
    const env = { ...process.env, ...bench.kubelet.networkEnvironment('default') }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env })
    expect(stdout.trim()).toBe('web-0')
  })
})

test('changes of readiness are seen at once; publishNotReadyAddresses shows all', async () => {
  bench = new PodBench()
  createService('web', { clusterIP: 'None' })
  createService('all', { clusterIP: 'None', publishNotReadyAddresses: true })
  const readinessProbe = {
    httpGet: { path: '/health', port: 8080 },
    periodSeconds: 1,
    timeoutSeconds: 30,
    failureThreshold: 1,
  }
  bench.createPod('web-0', { readinessProbe }, inService)
  await bench.ready('web-0')
  await bench.plane.settle()
  expect(await lookup('web-0.web')).toBe(addressOf('web-0'))
  await bench.ask('web-0', '/sicken')
  await bench.untilPod('web-0', (pod) => pod['status'].containerStatuses[0].ready === false)
  await bench.plane.settle()
  expect(await lookup('web-0.web')).toBe('ENOTFOUND')
  expect(await lookup('all')).toBe(addressOf('web-0'))
})

test('a Service without ready endpoints refuses connections', async () => {
  bench = new PodBench()
  createService('front', { selector: { app: 'nobody' } })
  bench.createPod('web-0')
  await bench.ready('web-0')
  expect(await fetch('http://front:8080/')).toBe('ECONNREFUSED')
})

test('an ExternalName leads to its name', async () => {
  bench = new PodBench()
  createService('elsewhere', { type: 'ExternalName', externalName: 'localhost', selector: {}, ports: [] })
  bench.createPod('web-0')
  await bench.ready('web-0')
  expect(await lookup('elsewhere')).toContain('127.0.0.1')
})

test('remapped ports stand in an annotation of the pod', async () => {
  bench = new PodBench({ remapPorts: true })
  bench.createPod('web-0')
  const pod = await bench.untilPod(
    'web-0',
    ({ metadata }) => (metadata.annotations?.[portsAnnotation] ?? '{}') !== '{}',
  )
  expect(Object.keys(JSON.parse(pod.metadata.annotations![portsAnnotation]!) as object)).toEqual(['8080'])
})

// Pods as processes, from the outside: real processes, real sockets.
import { afterEach, describe, expect, test } from '@jest/globals'
import { existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalObject } from '../../../../hack/localkube/api/registry.ts'
import {
  configMaps,
  persistentVolumeClaims,
  pods,
  secrets,
} from '../../../../hack/localkube/controllers/resource-names.ts'
import { gone, isAlive, PodBench, pidOf, statusOf } from './pod-bench.ts'
import { endNoticedMs } from '../../../../hack/localkube/kubelet/limits.ts'

let bench: PodBench
afterEach(() => bench.stop())

describe('a pod', () => {
  test('runs with its own address and name, and says so in its status', async () => {
    bench = new PodBench()
    bench.createPod('web-0')
    const pod = await bench.ready('web-0')
    expect(pod['status']).toMatchObject({ phase: 'Running', hostIP: '127.0.0.1', qosClass: 'BestEffort' })
    expect(pod['status'].podIP).toMatch(/^127\.\d+\.\d+\.\d+$/)
    const conditions = pod['status'].conditions.map(({ type, status }: Record<string, string>) => `${type}=${status}`)
    expect(conditions.sort()).toEqual([
      'ContainersReady=True',
      'Initialized=True',
      'PodReadyToStartContainers=True',
      'PodScheduled=True',
      'Ready=True',
    ])
    expect(statusOf(pod)).toMatchObject({ image: 'test/pod:1', restartCount: 0, started: true, state: { running: {} } })
    // Binding it to its node changes nothing that was asked for.
    expect(pod.metadata.generation).toBe(1)
    expect(pod['spec']).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default' })
    expect(isAlive(pidOf(pod))).toBe(true)
    expect(await bench.ask('web-0', '/hostname')).toBe('web-0')
    expect(await bench.ask('web-0', '/env', { name: 'HOSTNAME' })).toBe('web-0')
    expect(await bench.ask('web-0', '/env', { name: 'KUBERNETES_SERVICE_PORT' })).toBe('6443')
    expect(await bench.logs('web-0')).toContain(`"address":"${pod['status'].podIP}"`)
    expect(bench.plane.eventsOf('web-0').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'Created: Container created',
      'Pulled: Container image "test/pod:1" already present on machine and can be accessed by the pod',
      'Scheduled: Successfully assigned default/web-0 to local',
      'Started: Container started',
    ])
  })

  test('two pods listen on the same port', async () => {
    bench = new PodBench()
    bench.createPod('a')
    bench.createPod('b')
    const [a, b] = await Promise.all([bench.ready('a'), bench.ready('b')])
    expect(a['status'].podIP).not.toBe(b['status'].podIP)
    expect(await bench.ask('a', '/fetch', { url: `http://${b['status'].podIP}:8080/hostname` })).toBe('b')
    // Loopback is the pod's own.
    expect(await bench.ask('b', '/fetch', { url: 'http://localhost:8080/hostname' })).toBe('b')
  })

  test('sees its volumes by their paths in arguments and variables', async () => {
    bench = new PodBench()
    const { plane } = bench
    plane.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: { 'a.txt': 'first' },
    })
    plane.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'geheim' } })
    plane.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'd' },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    })
    const container = {
      args: ['serve', '8080', '--dir=/data/journal', '$(WHERE)'],
      env: [
        { name: 'WHERE', value: '/etc/config/a.txt' },
        { name: 'SECRET', value: '/etc/secret/key' },
        { name: 'NOTE', value: '/info/note' },
      ],
      volumeMounts: [
        { name: 'config', mountPath: '/etc/config', readOnly: true },
        { name: 'secret', mountPath: '/etc/secret' },
        { name: 'data', mountPath: '/data', subPath: 'deep/er' },
        { name: 'info', mountPath: '/info' },
      ],
    }
    const note = { path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" } }
    const statusMounts = [
      { name: 'config', mountPath: '/etc/config', readOnly: true, recursiveReadOnly: 'Disabled' },
      { name: 'secret', mountPath: '/etc/secret' },
      { name: 'data', mountPath: '/data' },
      { name: 'info', mountPath: '/info' },
    ]
    const volumes = [
      { name: 'config', configMap: { name: 'c' } },
      { name: 'secret', projected: { sources: [{ secret: { name: 's' } }] } },
      { name: 'data', persistentVolumeClaim: { claimName: 'd' } },
      { name: 'info', downwardAPI: { items: [note] } },
    ]
    bench.createPod('web-0', container, { volumes })
    expect(statusOf(await bench.ready('web-0')).volumeMounts).toEqual(statusMounts)
    const [, , dir, where] = (await bench.ask('web-0', '/args')).split(' ')
    const { volumeName } = plane.get(persistentVolumeClaims, 'd')!['spec']
    expect(dir).toBe(`--dir=${join(realpathSync(bench.directory), 'volumes')}/${volumeName}_default_d/deep/er/journal`)
    expect(await bench.ask('web-0', '/file', { path: where! })).toBe('first')
    expect(await bench.ask('web-0', '/env', { name: 'WHERE' })).toBe(where)
    const secret = await bench.ask('web-0', '/env', { name: 'SECRET' })
    expect(await bench.ask('web-0', '/file', { path: secret })).toBe('geheim')

    plane.registry.update(configMaps, 'default', 'c', (object) => (object['data'] = { 'a.txt': 'second' }))
    plane.registry.update(pods, 'default', 'web-0', (pod) => (pod.metadata.annotations = { note: 'b' }))
    await plane.settle()
    expect(await bench.ask('web-0', '/file', { path: where! })).toBe('second')
  })

  test('waits for what it needs, and says what that is', async () => {
    bench = new PodBench({ manualClock: true })
    const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }]
    bench.createPod('web-0', { env, readinessProbe: undefined })
    const waiting = await bench.untilPod(
      'web-0',
      (pod) => statusOf(pod)?.state.waiting?.reason === 'CreateContainerConfigError',
    )
    expect(statusOf(waiting).state.waiting.message).toBe('configmap "c" not found')
    bench.plane.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { k: 'v' } })
    await bench.ready('web-0')
  })

  test('a missing volume is an event, and mounted when it appears', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { readinessProbe: undefined }, { volumes: [{ name: 'v', secret: { secretName: 's' } }] })
    await bench.plane.settle()
    await bench.plane.advance(2000)
    expect(bench.plane.eventsOf('web-0')).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "v" : secret "s" not found',
    )
    bench.plane.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })
    await bench.ready('web-0')
  })

  test('an image that is not in the table is refused with those that are', async () => {
    bench = new PodBench()
    bench.createPod('web-0', { image: 'redis:7', imagePullPolicy: 'Never' })
    const pod = await bench.untilPod(
      'web-0',
      (object) => statusOf(object)?.state.waiting?.reason === 'ErrImageNeverPull',
    )
    expect(statusOf(pod).state.waiting.message).toContain('images it can run: test/pod')
    bench.plane.registry.update(
      pods,
      'default',
      'web-0',
      (object) => (object['spec'].containers[0].image = 'test/pod:2'),
    )
    await bench.ready('web-0')
  })

  test('a command that cannot be started ends with StartError and its reason', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { command: ['/no/such/program'] }, { restartPolicy: 'Never' })
    const pod = await bench.untilPod('web-0', (object) => object['status'].phase === 'Failed')
    expect(statusOf(pod).state.terminated).toMatchObject({ reason: 'StartError', exitCode: 128 })
    expect(statusOf(pod).state.terminated.message).toContain('Cannot start "/no/such/program"')
  })
})

/** With a clock that stands still. */
async function noticedEnd(name: string): Promise<void> {
  await bench.untilPod(name, (pod) => statusOf(pod)?.state.terminated !== undefined)
  bench.plane.clock.advance(endNoticedMs)
}

describe('the end of a container', () => {
  test('killed from outside, it runs again in the same pod once that is noticed; next time after 10 s', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { readinessProbe: undefined })
    const first = await bench.ready('web-0')
    await bench.logged('web-0', 'serve 8080')
    process.kill(pidOf(first), 'SIGKILL')
    await noticedEnd('web-0')
    const second = await bench.untilPod('web-0', (pod) => statusOf(pod).restartCount === 1 && statusOf(pod).ready)
    expect(second.metadata.uid).toBe(first.metadata.uid)
    expect(statusOf(second).lastState.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
    // As containerd tells it.
    expect(statusOf(second).lastState.terminated).not.toHaveProperty('signal')
    expect(await bench.logs('web-0', { previous: true })).toContain('serve 8080')

    process.kill(pidOf(second), 'SIGKILL')
    const third = await bench.untilPod('web-0', (pod) => statusOf(pod).state.waiting?.reason === 'CrashLoopBackOff')
    expect(statusOf(third).state.waiting.message).toContain('back-off 10s restarting failed container=main')
    expect(third['status']).toMatchObject({ phase: 'Running' })
    bench.plane.clock.advance(10_000)
    await bench.untilPod('web-0', (pod) => statusOf(pod).restartCount === 2 && statusOf(pod).ready)
  })

  test('takes along the processes that it started', async () => {
    bench = new PodBench()
    bench.createPod('web-0')
    const pod = await bench.ready('web-0')
    const child = Number(await bench.ask('web-0', '/child'))
    process.kill(pidOf(pod), 'SIGKILL')
    await gone(child)
  })

  test('OnFailure and Never decide about phase and restarts', async () => {
    bench = new PodBench({ manualClock: true })
    const ends = (code: string) => ({ args: ['exit', code], readinessProbe: undefined })
    bench.createPod('good', ends('0'), { restartPolicy: 'OnFailure' })
    bench.createPod('bad', ends('3'), { restartPolicy: 'Never' })
    bench.createPod('again', ends('3'), { restartPolicy: 'OnFailure' })
    const good = await bench.untilPod('good', (pod) => pod['status'].phase === 'Succeeded')
    const bad = await bench.untilPod('bad', (pod) => pod['status'].phase === 'Failed')
    await noticedEnd('again')
    await bench.untilPod('again', (pod) => statusOf(pod).restartCount === 1)
    expect(statusOf(good).state.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' })
    expect(statusOf(bad)).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3, reason: 'Error' } } })
  })

  test('a new image replaces it in place', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { readinessProbe: undefined })
    const first = await bench.ready('web-0')
    await bench.logged('web-0', 'listening')
    bench.plane.registry.update(pods, 'default', 'web-0', (pod) => (pod['spec'].containers[0].image = 'test/pod:2'))
    const second = await bench.untilPod('web-0', (pod) => statusOf(pod).restartCount === 1 && statusOf(pod).ready)
    expect(statusOf(second)).toMatchObject({ image: 'test/pod:2', lastState: { terminated: { exitCode: 0 } } })
    expect(pidOf(second)).not.toBe(pidOf(first))
  })

  test('a failing postStart hook ends it', async () => {
    bench = new PodBench({ manualClock: true })
    const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no luck; exit 1'] } } }
    bench.createPod('web-0', { lifecycle, readinessProbe: undefined }, { restartPolicy: 'Never' })
    await bench.untilPod('web-0', (pod) => statusOf(pod)?.state.terminated !== undefined)
    expect(bench.plane.eventsOf('web-0')).toContain('FailedPostStartHook: PostStartHook failed: no luck\n')
  })

  test('exec probes run in the surroundings of the container', async () => {
    bench = new PodBench()
    const command = ['sh', '-c', 'test "$HOSTNAME" = web-0 && test -d "$0"', '/data']
    const readinessProbe = { exec: { command }, periodSeconds: 1, timeoutSeconds: 30 }
    const volumeMounts = [{ name: 'data', mountPath: '/data' }]
    bench.createPod('web-0', { readinessProbe, volumeMounts }, { volumes: [{ name: 'data', emptyDir: {} }] })
    await bench.ready('web-0')
  })

  test('a failing liveness probe restarts it, a readiness probe only takes it out', async () => {
    bench = new PodBench()
    const probe = {
      httpGet: { path: '/health', port: 8080 },
      periodSeconds: 1,
      timeoutSeconds: 30,
      failureThreshold: 1,
    }
    bench.createPod('alive', { livenessProbe: probe, readinessProbe: undefined })
    bench.createPod('ready', { readinessProbe: probe })
    await Promise.all([bench.ready('alive'), bench.ready('ready')])
    await bench.untilPod('alive', (pod) => statusOf(pod).started)
    await Promise.all([askWhenUp('alive'), bench.ask('ready', '/sicken')])
    const restarted = await bench.untilPod('alive', (pod) => statusOf(pod).restartCount === 1)
    expect(statusOf(restarted).lastState.terminated).toMatchObject({ exitCode: 0 })
    const unready = await bench.untilPod('ready', (pod) => !statusOf(pod).ready)
    expect(statusOf(unready)).toMatchObject({ restartCount: 0, state: { running: {} } })
    expect(bench.plane.eventsOf('alive')).toContain(
      'Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503',
    )
    expect(bench.plane.eventsOf('alive')).toContain('Killing: Container main failed liveness probe, will be restarted')
  })

  /** A container without readiness probe is ready before it listens. */
  async function askWhenUp(name: string): Promise<void> {
    for (;;)
      try {
        await bench.ask(name, '/sicken')
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
  }
})

describe('init containers', () => {
  const init = (name: string, args: string[], more: object = {}) => ({ name, image: 'test/pod:1', args, ...more })

  test('run in order before the others, a sidecar stays', async () => {
    bench = new PodBench()
    const startupProbe = { tcpSocket: { port: 7070 } }
    const initContainers = [
      init('first', ['exit', '0']),
      init('side', ['serve', '7070'], { restartPolicy: 'Always', startupProbe }),
    ]
    bench.createPod('web-0', {}, { initContainers })
    const pod = await bench.ready('web-0')
    expect(pod['status'].initContainerStatuses).toMatchObject([
      { name: 'first', ready: true, state: { terminated: { exitCode: 0 } } },
      { name: 'side', ready: true, started: true, state: { running: {} } },
    ])
    expect(await bench.ask('web-0', '/fetch', { url: 'http://127.0.0.1:7070/hostname' })).toBe('web-0')
    expect(await bench.logs('web-0', { container: 'first' })).toContain('exit 0')
  })

  test('a sidecar ends when the others have', async () => {
    bench = new PodBench()
    const initContainers = [init('side', ['serve', '7070'], { restartPolicy: 'Always' })]
    bench.createPod(
      'web-0',
      { args: ['exit', '0'], readinessProbe: undefined },
      { restartPolicy: 'Never', initContainers },
    )
    const ended = (pod: LocalObject) =>
      pod['status'].phase === 'Succeeded' && pod['status'].initContainerStatuses[0].state.terminated
    const pod = await bench.untilPod('web-0', ended)
    expect(statusOf(pod).state.terminated.exitCode).toBe(0)
  })

  test('one that fails with restartPolicy Never fails the pod', async () => {
    bench = new PodBench()
    bench.createPod('web-0', {}, { restartPolicy: 'Never', initContainers: [init('first', ['exit', '1'])] })
    const pod = await bench.untilPod('web-0', (object) => object['status'].phase === 'Failed')
    expect(statusOf(pod).state).toEqual({ waiting: { reason: 'PodInitializing' } })
  })
})

describe('the end of a pod', () => {
  test('deleted, its processes get SIGTERM; then the object and its directories are gone', async () => {
    bench = new PodBench()
    bench.createPod('web-0')
    const pod = await bench.ready('web-0')
    const following = bench.followLog('web-0')
    bench.plane.registry.delete(pods, 'default', 'web-0')
    await bench.until(pods, 'web-0', (object) => object === undefined)
    expect(await following).toContain('got SIGTERM')
    expect(isAlive(pidOf(pod))).toBe(false)
    await bench.kubelet.stop()
    expect(readdirSync(join(bench.directory, 'pods'))).toEqual([])
    expect(readdirSync(join(bench.directory, 'processes'))).toEqual([])
  })

  test('what ignores SIGTERM is killed when the grace is over', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { args: ['stubborn'], readinessProbe: undefined })
    const pod = await bench.ready('web-0')
    await bench.logged('web-0', 'listening')
    bench.plane.registry.delete(pods, 'default', 'web-0')
    await bench.logged('web-0', 'got SIGTERM')
    expect(isAlive(pidOf(pod))).toBe(true)
    bench.plane.clock.advance(5000)
    await bench.until(pods, 'web-0', (object) => object === undefined)
    expect(isAlive(pidOf(pod))).toBe(false)
  })

  test('deleted without grace, it is killed at once', async () => {
    bench = new PodBench({ manualClock: true })
    bench.createPod('web-0', { args: ['stubborn'], readinessProbe: undefined })
    const pod = await bench.ready('web-0')
    bench.plane.registry.delete(pods, 'default', 'web-0', { gracePeriodSeconds: 0 })
    expect(bench.plane.get(pods, 'web-0')).toBeUndefined()
    await gone(pidOf(pod))
  })

  test('preStop runs before SIGTERM', async () => {
    bench = new PodBench()
    const lifecycle = {
      preStop: {
        exec: { command: ['sh', '-c', 'echo stopping > $HOME/stopped; cp $HOME/stopped "$0"', '/out/stopped'] },
      },
    }
    const volumeMounts = [{ name: 'out', mountPath: '/out' }]
    const out = join(bench.directory, 'out')
    bench.createPod('web-0', { lifecycle, volumeMounts }, { volumes: [{ name: 'out', hostPath: { path: out } }] })
    await bench.ready('web-0')
    mkdirSync(out)
    bench.plane.registry.delete(pods, 'default', 'web-0')
    await bench.until(pods, 'web-0', (object) => object === undefined)
    expect(existsSync(join(out, 'stopped'))).toBe(true)
  })
})

describe('a restart of the stand-in', () => {
  test('ends every process and starts the pods again, with the same address', async () => {
    bench = new PodBench()
    bench.createPod('web-0')
    const before = await bench.ready('web-0')
    await bench.kubelet.stop()
    expect(isAlive(pidOf(before))).toBe(false)
    bench.start()
    const after = await bench.untilPod('web-0', (pod) => statusOf(pod).restartCount === 1 && statusOf(pod).ready)
    expect(after['status'].podIP).toBe(before['status'].podIP)
    expect(statusOf(after).lastState.terminated).toMatchObject({ reason: 'ContainerStatusUnknown', exitCode: 137 })
  })

  test('a pod with restartPolicy Never has failed then, one that was being deleted is gone', async () => {
    bench = new PodBench()
    bench.createPod('once', {}, { restartPolicy: 'Never' })
    bench.createPod('leaving')
    await Promise.all([bench.ready('once'), bench.ready('leaving')])
    await bench.kubelet.stop()
    bench.plane.registry.delete(pods, 'default', 'leaving')
    bench.start()
    await bench.untilPod('once', (pod) => pod['status'].phase === 'Failed')
    await bench.until(pods, 'leaving', (pod) => pod === undefined)
  })
})

import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { type ReconcileResult, startController, watchedBy } from '../../../operator/controller/controller.ts'
import { ignoreStatusWrites } from '../../../operator/controller/predicates.ts'
import { startReflector } from '../../../operator/controller/reflector.ts'
import type { KubeObject, ObjectKey, ResourceType } from '../../../operator/kube/port.ts'
import { brokerClusters, pods } from '../../../operator/kube/resource-types.ts'
import { kubeError, MemoryKube, settle } from '../../support/memory-kube.ts'

const cluster = (name: string): KubeObject => ({
  apiVersion: brokerClusters.apiVersion,
  kind: 'BrokerCluster',
  metadata: { namespace: 'shop', name, generation: 1 },
})
const pod = (name: string, owner: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name, labels: { 'flotilla.dev/cluster': owner } },
})
const ownKey = ({ metadata }: KubeObject): ObjectKey[] => [{ namespace: metadata.namespace ?? '', name: metadata.name }]
const ownerKey = ({ metadata }: KubeObject): ObjectKey[] => {
  const name = metadata.labels?.['flotilla.dev/cluster']
  return name === undefined ? [] : [{ namespace: metadata.namespace ?? '', name }]
}

function start(server: MemoryKube, reconcile?: (key: ObjectKey, signal: AbortSignal) => Promise<ReconcileResult>) {
  const clock = new ManualClock()
  const stop = new AbortController()
  const environment = { clock, random: seededRandom(1), logger: silentLogger, signal: stop.signal }
  const reflect = (type: ResourceType) => startReflector({ client: server, type, ...environment })
  const reconciled: string[] = []
  const counted: string[] = []
  const controller = startController({
    name: 'brokercluster',
    ...environment,
    reconcile: async (key, signal) => {
      reconciled.push(key.name)
      return (await reconcile?.(key, signal)) ?? {}
    },
    views: [[watchedBy(reflect(brokerClusters), ownKey, ignoreStatusWrites), watchedBy(reflect(pods), ownerKey)]],
    metrics: {
      reconciled: (name, result) => counted.push(`${name} ${result}`),
      queueDepth() {},
      watchEnded() {},
      listed() {},
      leader() {},
    },
  })
  return { clock, stop, controller, reconciled, counted }
}

describe('controller', () => {
  test('reconciles what is there, once all sources are synced, and then what changes', async () => {
    const server = new MemoryKube()
    await server.create(brokerClusters, cluster('a'))
    const release = server.holdNext('list')
    const { controller, reconciled } = start(server)
    await settle()
    expect(reconciled).toEqual([])
    release()
    expect(await controller.started).toBe(true)
    await settle()
    expect(reconciled).toEqual(['a'])
    await server.create(pods, pod('p', 'b'))
    await settle()
    expect(reconciled).toEqual(['a', 'b'])
    controller.enqueue({ namespace: 'shop', name: 'c' })
    await settle()
    expect(reconciled).toEqual(['a', 'b', 'c'])
  })

  test('an object that moves from one owner to another wakes both', async () => {
    const server = new MemoryKube()
    await server.create(pods, pod('p', 'a'))
    const { reconciled } = start(server)
    await settle()
    await server.mergePatch(
      pods,
      { namespace: 'shop', name: 'p' },
      { metadata: { labels: { 'flotilla.dev/cluster': 'b' } } },
    )
    await settle()
    expect(reconciled).toEqual(['a', 'a', 'b'])
  })

  test('its own writes to the status do not wake it; all else does', async () => {
    const server = new MemoryKube()
    await server.create(brokerClusters, cluster('a'))
    const { reconciled } = start(server)
    await settle()
    const patch = (change: object) => server.mergePatch(brokerClusters, { namespace: 'shop', name: 'a' }, change)
    await patch({ status: { summary: {} } })
    await settle()
    expect(reconciled).toHaveLength(1)
    for (const metadata of [
      { generation: 2 },
      { labels: { a: 'b' } },
      { annotations: { a: 'b' } },
      { finalizers: ['x'] },
      { deletionTimestamp: '2026-11-20T17:40:11Z' },
    ]) {
      const before = reconciled.length
      await patch({ metadata })
      await settle()
      expect(reconciled).toHaveLength(before + 1)
    }
    await server.delete(brokerClusters, { namespace: 'shop', name: 'a' })
    await settle()
    expect(reconciled).toHaveLength(7)
  })

  test('a failed reconcile is tried again, a result may ask for another', async () => {
    const server = new MemoryKube()
    await server.create(brokerClusters, cluster('a'))
    const answers = [() => Promise.reject(kubeError(409, 'Conflict')), () => Promise.resolve({ requeueAfterMs: 1000 })]
    const { clock, reconciled, counted } = start(server, () => answers.shift()?.() ?? Promise.resolve({}))
    await settle()
    clock.advance(5)
    await settle()
    clock.advance(1000)
    await settle()
    expect(reconciled).toHaveLength(3)
    expect(counted).toEqual(['error', 'requeue', 'success'].map((result) => `brokercluster ${result}`))
  })

  test('stops after the reconcile that runs, which is told', async () => {
    const server = new MemoryKube()
    await server.create(brokerClusters, cluster('a'))
    const running = Promise.withResolvers<ReconcileResult>()
    let told = false
    const { stop, controller, clock, reconciled } = start(server, (_, signal) => {
      signal.addEventListener('abort', () => (told = true))
      return running.promise
    })
    await settle()
    stop.abort()
    let stopped = false
    void controller.stopped.then(() => (stopped = true))
    await server.create(brokerClusters, cluster('b'))
    await settle()
    expect([told, stopped]).toEqual([true, false])
    running.resolve({ requeueAfterMs: 1 })
    await controller.stopped
    clock.advance(1000)
    await settle()
    expect(reconciled).toEqual(['a'])
  })

  test('stopped before its sources are synced, it never starts', async () => {
    const server = new MemoryKube()
    server.failNext('list', kubeError(403, 'Forbidden'))
    const { stop, controller, reconciled } = start(server)
    await settle()
    stop.abort()
    expect(await controller.started).toBe(false)
    await controller.stopped
    expect(reconciled).toEqual([])
  })
})

// The operator is killed after each single write, and a new one goes on: it ends where an operator that lives ends. Here
// against the stand-in's real server-side apply, garbage collection and StatefulSet controller. The operator is one of
// this process, on an API server without a kubelet (a PodPlayer takes that part); operator-process-killed.ts kills a real
// process among real brokers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { systemRandom } from '../../broker/base/random.ts'
import { createApiServer } from '../../hack/localkube/api-server.ts'
import { buildKubeconfig } from '../../hack/localkube/api/http/kubeconfig.ts'
import type { LocalObject, Registry, ResourceName } from '../../hack/localkube/api/registry.ts'
import { systemClock as standInClock } from '../../hack/localkube/base/clock.ts'
import { createEventRecorder } from '../../hack/localkube/controllers/event-recorder.ts'
import * as kinds from '../../hack/localkube/controllers/resource-names.ts'
import { startControllers } from '../../hack/localkube/controllers/start-controllers.ts'
import { createVolumeDirectories } from '../../hack/localkube/controllers/volume-directories.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { buildBrokerClusterCrd } from '../../operator/api/crd.ts'
import type { BrokerClusterSpecInput } from '../../operator/api/spec-schema.ts'
import { noMetrics } from '../../operator/controller/metrics.ts'
import { type HttpKubeClient, openKubeClient } from '../../operator/kube/kube-client.ts'
import { loadClusterAccess } from '../../operator/kube/kube-config.ts'
import type { KubeClient } from '../../operator/kube/port.ts'
import * as types from '../../operator/kube/resource-types.ts'
import { type Operator, startOperator } from '../../operator/operator.ts'
import { PodPlayer } from '../integration/pod-player.ts'
import { brokerClusters, masterSlave, until } from '../support/stack.ts'

const name = 'orders'
/** Runs at the same time: each has a namespace, an operator and a PodPlayer of its own. */
const concurrency = 8
/** Many play at the same time. */
const podPollMs = 100
const longestStory = 60

interface Story {
  readonly title: string
  readonly from?: BrokerClusterSpecInput
  /** undefined = the cluster is deleted. */
  readonly to: BrokerClusterSpecInput | undefined
  /** Default 1: after each write. */
  readonly every?: number
}

/** The long stories: all of it is for .ci/run. */
const some = Number(process.env['FLOTILLA_EVERY'] ?? 20)

const mesh = (groupCount: number): BrokerClusterSpecInput =>
  masterSlave({ topology: { type: 'Combined', network: { layout: 'Mesh' } }, groupCount })
/** What a group that leaves has to forward before it goes. */
const messagesToDrain = 5
const changed = { broker: { memoryLimit: '40%' } }
const stories: readonly Story[] = [
  { title: 'create', to: masterSlave() },
  { title: 'scale up', from: masterSlave(), to: masterSlave({}, { replicas: 3 }) },
  { title: 'scale down', from: masterSlave({}, { replicas: 3 }), to: masterSlave() },
  { title: 'roll', from: masterSlave(), to: masterSlave(changed), every: 2 },
  { title: 'a group leaves', from: mesh(3), to: mesh(2), every: some },
  { title: 'delete', from: masterSlave(), to: undefined },
]

describe('operator-killed-anywhere: after each write', () => {
  let registry: Registry
  let client: HttpKubeClient
  let stop: () => Promise<void>
  let namespaces = 0

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-killed-'))
    const api = createApiServer()
    registry = api.registry
    const { url } = await api.listen()
    const log = (): void => {}
    const recorder = createEventRecorder(registry, standInClock, log)
    const controllers = startControllers(
      { registry, clock: standInClock, log, events: recorder },
      createVolumeDirectories(join(folder, 'volumes')),
    )
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, buildKubeconfig(url))
    client = openKubeClient({ access: await loadClusterAccess({ kubeconfig, env: {}, clock: systemClock }) })
    await client.create(types.customResourceDefinitions, buildBrokerClusterCrd())
    stop = async () => {
      await client.close()
      controllers.stop()
      recorder.stop()
      await api.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
  afterAll(() => stop())

  /** Tells the story in a namespace of its own, the operator killed after this write; Infinity = never. */
  async function tell({ from, to }: Story, killedAfter: number): Promise<{ state: unknown; writes: number }> {
    const namespace = `story-${namespaces++}`
    registry.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const player = new PodPlayer(client, namespace, podPollMs)
    const operators: Operator[] = []
    let writes = 0
    let counting = false
    const live = (): void => {
      const life = { over: false }
      const mortal = mortalClient(client, life, () => {
        if (!counting || ++writes !== killedAfter) return
        life.over = true
        void operators.at(-1)!.stop()
        live()
      })
      operators.push(startInProcess(mortal, player, namespace))
    }
    live()
    const put = (spec: BrokerClusterSpecInput) =>
      client.apply(
        types.brokerClusters,
        { apiVersion: 'flotilla.dev/v1alpha1', kind: 'BrokerCluster', metadata: { namespace, name }, spec },
        { fieldManager: 'somebody', force: true },
      )
    try {
      if (from) {
        await put(from)
        await until(() => isReady(registry, namespace), `${namespace} is not ready to begin`)
      }
      player.messages.set('orders-g2', messagesToDrain)
      counting = true
      if (to) await put(to)
      else await client.delete(types.brokerClusters, { namespace, name })
      const isOver = (): boolean => (to ? isSettled(registry, namespace) : isEmpty(registry, namespace))
      await until(isOver, `${namespace}, killed after write ${killedAfter}, did not come to an end`)
      const isGone = registry.get(kinds.statefulSets, namespace, 'orders-g2') === undefined
      if (to?.groupCount === 2 && isGone) expect(player.messages.get('orders-g2')).toBe(0)
      return { state: endState(registry, namespace), writes }
    } finally {
      await Promise.all(operators.map((operator) => operator.stop()))
      await player.stop()
    }
  }

  test.each(stories)('$title', async (story) => {
    const undisturbed = await tell(story, Number.POSITIVE_INFINITY)
    expect(undisturbed.writes).toBeLessThan(longestStory)
    let next = 1
    const worker = async (): Promise<void> => {
      while (next <= undisturbed.writes) {
        const killedAfter = next
        next += story.every ?? 1
        expect((await tell(story, killedAfter)).state).toEqual(undisturbed.state)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  })
})

function startInProcess(client: KubeClient, brokerAdmin: PodPlayer, namespace: string): Operator {
  return startOperator({
    client,
    brokerAdmin,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    metrics: noMetrics,
    brokerImage: 'ghcr.io/flotilla-mq/flotilla:test',
    watchNamespaces: [namespace],
    lease: undefined,
    identity: 'test',
    concurrency: 4,
  })
}

/** A connection that is cut when its operator is killed: what was asked for last took effect, and no answer came. */
function mortalClient(client: KubeClient, life: { readonly over: boolean }, wrote: () => void): KubeClient {
  const alive = (): void => {
    if (life.over) throw new Error('killed')
  }
  const write = async <T>(request: () => Promise<T>): Promise<T> => {
    alive()
    const answer = await request()
    wrote()
    alive()
    return answer
  }
  const read = async <T>(request: () => Promise<T>): Promise<T> => {
    alive()
    return request()
  }
  return {
    get: (type, key) => read(() => client.get(type, key)),
    list: (type, options) => read(() => client.list(type, options)),
    watch: (type, options, onEvent, signal) => read(() => client.watch(type, options, onEvent, signal)),
    create: (type, object) => write(() => client.create(type, object)),
    replace: (type, object) => write(() => client.replace(type, object)),
    apply: (type, object, options) => write(() => client.apply(type, object, options)),
    mergePatch: (type, key, patch, manager) => write(() => client.mergePatch(type, key, patch, manager)),
    delete: (type, key, options) => write(() => client.delete(type, key, options)),
  }
}

const children: readonly ResourceName[] = [
  kinds.statefulSets,
  kinds.services,
  kinds.configMaps,
  kinds.podDisruptionBudgets,
  kinds.pods,
]

function isReady(registry: Registry, namespace: string): boolean {
  const cluster = registry.get(brokerClusters, namespace, name) as unknown as BrokerCluster | undefined
  const ready = cluster?.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && cluster?.status?.observedGeneration === cluster?.metadata.generation
}

/** Also of groups that have left nothing is there but a claim. */
const isSettled = (registry: Registry, namespace: string): boolean => {
  const { status } = registry.get(brokerClusters, namespace, name) as unknown as BrokerCluster
  const groups = new Set(status?.groups?.map((group) => group.name))
  const isOfGroup = ({ metadata }: LocalObject) => groups.has(metadata.labels?.['flotilla.dev/group'] ?? '')
  const isOther = (object: LocalObject) =>
    object.metadata.labels?.['flotilla.dev/group'] !== undefined && !isOfGroup(object)
  return isReady(registry, namespace) && !children.some((kind) => registry.list(kind, namespace).some(isOther))
}

const isEmpty = (registry: Registry, namespace: string): boolean =>
  [brokerClusters, ...children].every((kind) =>
    registry.list(kind, namespace).every(({ metadata }) => metadata.labels?.['flotilla.dev/cluster'] === undefined),
  ) && registry.get(brokerClusters, namespace, name) === undefined

/** What is there at the end, without what differs from run to run. */
function endState(registry: Registry, namespace: string): unknown {
  const volatile =
    /"(uid|resourceVersion|generation|creationTimestamp|clusterIP|volumeName|namespace|flotilla.dev\/applied)":("[^"]*"|\d+)/g
  const plain = (object: LocalObject): object => {
    const { status: _, metadata, ...rest } = object
    const { managedFields: __, ...kept } = metadata
    const labels = { ...metadata.labels, 'flotilla.dev/role': 'any' }
    const text = JSON.stringify({ ...rest, metadata: { ...kept, labels } })
    return JSON.parse(
      text
        .replaceAll(volatile, '"$1":0')
        // Ids of brokers have a hash of the cluster's uid, and so the names of ConfigMaps and revisions of pods.
        .replaceAll(/(orders-g\d)-[0-9a-z]{10}\b/g, '$1-hash')
        .replaceAll(/"clusterIPs":\[[^\]]*\]/g, '"clusterIPs":0')
        .replaceAll(namespace, 'story'),
    ) as object
  }
  const objects = [...children, kinds.persistentVolumeClaims].flatMap((kind) =>
    registry
      .list(kind, namespace)
      .filter(({ metadata }) => metadata.labels?.['flotilla.dev/cluster'] === name)
      .map(plain),
  )
  const { status } = (registry.get(brokerClusters, namespace, name) as unknown as BrokerCluster | undefined) ?? {}
  const conditions = status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
  return { objects, conditions, summary: status?.summary, rollout: status?.rollout }
}

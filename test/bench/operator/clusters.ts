// The clusters of the bench: many at once, and some one after the other with the time that each takes.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { systemRandom } from '../../../broker/base/random.ts'
import type { BrokerCluster } from '../../../operator/api/broker-cluster.ts'
import type { BrokerClusterSpecInput } from '../../../operator/api/spec-schema.ts'
import { startReflector } from '../../../operator/controller/reflector.ts'
import type { KubeClient, ObjectKey, ResourceType } from '../../../operator/kube/port.ts'
import { brokerClusters, statefulSets } from '../../../operator/kube/resource-types.ts'
import { clusterOf } from '../../../operator/reconcile/cached-cluster-reader.ts'
import type { Fleet } from './fleet.ts'

const namespaceCount = 20
const appliedAtOnce = 4
const members = 2
const readyPollMs = 2_000
const readyWithinMs = 3_600_000
/**
 * Each controller of kube-controller-manager writes 20 times a second, and 30 times at once after a rest (its client's default
 * limits): clusters that come one directly after the other measure that and nothing else.
 */
const restMs = 2_000
const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

const spec: BrokerClusterSpecInput = {
  topology: { type: 'MasterSlave' },
  groupTemplate: {
    replicas: members,
    storage: { type: 'SharedVolume', sharedVolume: { claimTemplate: { resources: { requests: { storage: '1Gi' } } } } },
  },
}

/** When things were there, counted from the answer to the apply of the cluster. */
export interface Latencies {
  readonly statefulSetMs: readonly number[]
  readonly podsMs: readonly number[]
}

export const namespaceOf = (number: number): string => `fleet-${number % namespaceCount}`

export async function createClusters(client: KubeClient, count: number): Promise<void> {
  for (let number = 0; number < namespaceCount; number++)
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceOf(number) } })
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) await applyCluster(client, next++)
  }
  await Promise.all(Array.from({ length: appliedAtOnce }, work))
}

export async function waitUntilReady(client: KubeClient, count: number, said: (text: string) => void): Promise<void> {
  const deadlineMs = Date.now() + readyWithinMs
  let lastSaid = -1
  for (;;) {
    const { items } = await client.list(brokerClusters, {})
    const ready = (items as unknown as BrokerCluster[]).filter(isReady).length
    if (ready === count) return
    if (Date.now() > deadlineMs)
      throw new Error(`Cannot measure: ${ready} of ${count} clusters are Ready after an hour`)
    const tenth = Math.floor((ready * 10) / count)
    if (tenth !== lastSaid) said(`${ready} of ${count} are Ready`)
    lastSaid = tenth
    await sleep(readyPollMs)
  }
}

/** Each when the one before is Ready and the control plane has rested. */
export async function applyOneByOne(
  client: KubeClient,
  fleet: Fleet,
  { from, count }: { from: number; count: number },
): Promise<Latencies> {
  const stopping = new AbortController()
  const environment = {
    client,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    signal: stopping.signal,
  }
  const sets = startReflector({ ...environment, type: statefulSets, select: { labelSelector: 'flotilla.dev/cluster' } })
  const clusters = startReflector({ ...environment, type: brokerClusters })
  await Promise.all([sets.synced, clusters.synced])
  const statefulSetMs: number[] = []
  const podsMs: number[] = []
  for (let number = from; number < from + count; number++) {
    const key = keyOf(number)
    const isOf = (object: { metadata: { namespace?: string; labels?: Record<string, string> } }) =>
      isSame(clusterOf(object as never), key)
    const setSeen = seen(sets, (change) => change.type === 'added' && isOf(change.object))
    let pods = 0
    const podsSeen = seen(fleet.pods, (change) => change.type === 'added' && isOf(change.object) && ++pods === members)
    const ready = seen(clusters, ({ object }) => {
      const { namespace = '', name } = object.metadata
      return isSame({ namespace, name }, key) && isReady(object as unknown as BrokerCluster)
    })
    await applyCluster(client, number)
    const answeredMs = performance.now()
    statefulSetMs.push((await setSeen) - answeredMs)
    podsMs.push((await podsSeen) - answeredMs)
    await ready
    await sleep(restMs)
  }
  stopping.abort()
  return { statefulSetMs, podsMs }
}

/** Resolves with the time of the first change for which it holds. */
function seen<Change>(
  source: { subscribe(onChange: (change: Change) => void): () => void },
  holds: (change: Change) => boolean,
): Promise<number> {
  return new Promise((resolve) => {
    const unsubscribe = source.subscribe((change) => {
      if (!holds(change)) return
      resolve(performance.now())
      queueMicrotask(() => unsubscribe())
    })
  })
}

const isReady = ({ status }: BrokerCluster): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

const isSame = (a: ObjectKey | undefined, b: ObjectKey): boolean => a?.namespace === b.namespace && a.name === b.name

const keyOf = (number: number): ObjectKey => ({ namespace: namespaceOf(number), name: `orders-${number}` })

async function applyCluster(client: KubeClient, number: number): Promise<void> {
  const { apiVersion, kind } = brokerClusters
  const object = { apiVersion, kind, metadata: keyOf(number), spec }
  await client.apply(brokerClusters, object, { fieldManager: 'somebody', force: true })
}

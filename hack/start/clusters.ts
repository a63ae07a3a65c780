// Waits for BrokerClusters and finds their pods, over the API of the stand-in.
import type { Api } from './api.ts'
import { adminUrl, isReady, whyNotReady, whyStalled, type ClusterObject, type PodObject } from './cluster-view.ts'
import type { Manifest } from './manifests.ts'
import { StartProblem } from './problem.ts'
import { roleAt } from '../../broker/management/role-at.ts'

const pollMs = 100
/** A status that is there at the first look may be that of a run before, until the operator has started and looked. */
const staleStatusMs = 10_000
const clustersPath = '/apis/flotilla.dev/v1alpha1'
/** On the clusters of examples/. */
const exampleSelector = encodeURIComponent('flotilla.dev/example=true')

export interface ClusterName {
  readonly namespace: string
  readonly name: string
}

export const clustersIn = (manifests: readonly Manifest[]): ClusterName[] =>
  manifests
    .filter(({ object }) => object.kind === 'BrokerCluster')
    .map(({ object }) => ({ namespace: object.metadata.namespace ?? 'default', name: object.metadata.name }))

/** Resolves when every cluster is Ready; rejects with what one says of itself that is Stalled, or not Ready in time. */
export async function waitUntilReady(api: Api, clusters: readonly ClusterName[], timeoutMs: number): Promise<void> {
  const startedAt = Date.now()
  const waiting = new Set(clusters)
  const atFirst = new Map<ClusterName, string | undefined>()
  while (waiting.size > 0) {
    const waitedMs = Date.now() - startedAt
    for (const cluster of waiting) {
      const found = await getCluster(api, cluster)
      const stalled = whyStalled(found)
      if (!atFirst.has(cluster)) atFirst.set(cluster, stalled)
      if (isReady(found) && (await brokersAgree(found, await podsOf(api, cluster)))) waiting.delete(cluster)
      else if (stalled !== undefined && (stalled !== atFirst.get(cluster) || waitedMs > staleStatusMs))
        throw await problemOf(api, cluster, `is Stalled, waiting will not help: ${stalled}`)
      else if (waitedMs > timeoutMs)
        throw await problemOf(api, cluster, `is not Ready after ${timeoutMs / 1000} s: ${whyNotReady(found)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

const problemOf = async (api: Api, cluster: ClusterName, state: string): Promise<StartProblem> =>
  new StartProblem(`BrokerCluster ${cluster.namespace}/${cluster.name} ${state}.${await podTroubles(api, cluster)}`)

/**
 * True when the brokers themselves are what the status says: after a restart of the stand-in the status on disk is that
 * of the run before, until the operator has looked.
 */
async function brokersAgree(cluster: ClusterObject, pods: readonly PodObject[]): Promise<boolean> {
  const wanted = (cluster.status?.groups ?? []).flatMap(({ active, standbys }) => [
    { name: active, role: 'Active' },
    ...(standbys ?? []).map((name) => ({ name, role: 'Standby' })),
  ])
  const agreed = await Promise.all(
    wanted.map(async ({ name, role }) => {
      const pod = pods.find(({ metadata }) => metadata.name === name)
      return pod !== undefined && (await roleAt(adminUrl(pod)))?.role === role
    }),
  )
  return agreed.length > 0 && agreed.every(Boolean)
}

export async function getCluster(api: Api, { namespace, name }: ClusterName): Promise<ClusterObject> {
  const found = await api.get<ClusterObject>(clusterPath({ namespace, name }))
  if (!found) throw new StartProblem(`BrokerCluster ${namespace}/${name} is gone.`)
  return found
}

/** Deletes the examples of an earlier run, but not what is wanted now; their claims stay. Returns their names. */
export async function removeExamples(api: Api, wanted: readonly ClusterName[]): Promise<string[]> {
  const list = await api.get<{ items: ClusterObject[] }>(
    `${clustersPath}/brokerclusters?labelSelector=${exampleSelector}`,
  )
  const leaving = (list?.items ?? [])
    .map(({ metadata }) => metadata)
    .filter((found) => !wanted.some(({ namespace, name }) => found.namespace === namespace && found.name === name))
  for (const cluster of leaving) await api.delete(clusterPath(cluster))
  return leaving.map(({ name }) => name)
}

const clusterPath = ({ namespace, name }: ClusterName): string =>
  `${clustersPath}/namespaces/${namespace}/brokerclusters/${name}`

export async function podsOf(api: Api, { namespace, name }: ClusterName): Promise<PodObject[]> {
  const selector = encodeURIComponent(`flotilla.dev/cluster=${name}`)
  const list = await api.get<{ items: PodObject[] }>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`)
  return (list?.items ?? []).sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
}

/** What waiting containers say, and the end of their logs: for the person who has to find out. */
async function podTroubles(api: Api, cluster: ClusterName): Promise<string> {
  const lines: string[] = []
  for (const pod of await podsOf(api, cluster)) {
    const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting
    if (!waiting) continue
    const { namespace, name } = pod.metadata
    lines.push(`\n  pod ${name}: ${waiting.reason ?? 'waiting'}${waiting.message ? `, ${waiting.message}` : ''}`)
    const log = await api.text(`/api/v1/namespaces/${namespace}/pods/${name}/log?tailLines=3`).catch(() => '')
    for (const line of log.split('\n').filter(Boolean)) lines.push(`\n    ${line}`)
  }
  return lines.join('')
}

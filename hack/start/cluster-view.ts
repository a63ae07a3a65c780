// What `npm start` shows of a BrokerCluster: read from its status and its pods, formatted as plain text. Pure.

export interface ClusterObject {
  metadata: { name: string; namespace: string; generation?: number }
  spec?: {
    topology?: { type?: string; network?: NetworkObject }
    groupTemplate?: GroupObject
    groups?: GroupObject[]
    transportConnectors?: { name: string; port: number }[]
  }
  status?: {
    observedGeneration?: number
    conditions?: { type: string; status: string; reason: string; message?: string }[]
    groups?: { name: string; active?: string; standbys?: string[] }[]
    edges?: { name: string; from: string; to: string }[]
    endpoints?: { name: string; url: string }[]
  }
}

interface NetworkObject {
  layout?: string
  edges?: { name: string; connector?: { duplex?: boolean } }[]
  connectorDefaults?: { duplex?: boolean }
}

interface GroupObject {
  storage?: { type?: string }
}

export interface PodObject {
  metadata: {
    name: string
    namespace: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: { containers?: { ports?: { name?: string; containerPort: number }[] }[] }
  status?: {
    podIP?: string
    containerStatuses?: {
      containerID?: string
      restartCount?: number
      state?: { waiting?: { reason?: string; message?: string } }
    }[]
  }
}

const openwirePort = 61_616
const adminPort = 8161
const hostPortsAnnotation = 'localkube/host-ports'

export const isReady = (cluster: ClusterObject): boolean =>
  cluster.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true &&
  cluster.status.observedGeneration === cluster.metadata.generation

/** Whether a broker that is killed loses its messages. */
export const isInMemory = ({ spec }: ClusterObject): boolean =>
  [spec?.groupTemplate, ...(spec?.groups ?? [])].some((group) => group?.storage?.type === 'None')

/** Messages are sent to one group, whose active is killed, and consumed at another one, to which an edge leads. */
export interface NetworkWay {
  readonly sendTo: string
  readonly consumeAt: string
}

/** undefined where no group with standbys sends to another one. */
export function networkWay({ spec, status }: ClusterObject): NetworkWay | undefined {
  const network = spec?.topology?.network
  const isDuplex = (name: string): boolean =>
    network?.edges?.find((edge) => edge.name === name)?.connector?.duplex ??
    network?.connectorDefaults?.duplex ??
    network?.layout !== 'Custom'
  const ways = (status?.edges ?? []).flatMap(({ name, from, to }) => [
    { sendTo: from, consumeAt: to },
    ...(isDuplex(name) ? [{ sendTo: to, consumeAt: from }] : []),
  ])
  return ways.find(({ sendTo }) => status?.groups?.some(({ name, standbys }) => name === sendTo && standbys?.length))
}

export const podsOfGroup = (pods: readonly PodObject[], group: string): PodObject[] =>
  pods.filter(({ metadata }) => metadata.labels?.['flotilla.dev/group'] === group)

/** Why waiting will not help, in its present generation. */
export function whyStalled(cluster: ClusterObject): string | undefined {
  if (cluster.status?.observedGeneration !== cluster.metadata.generation) return undefined
  const stalled = cluster.status?.conditions?.find(({ type, status }) => type === 'Stalled' && status === 'True')
  return stalled && `${stalled.reason}${stalled.message ? `: ${stalled.message}` : ''}`
}

/** The condition that says most about why a cluster is not ready. */
export function whyNotReady(cluster: ClusterObject): string {
  const telling = cluster.status?.conditions?.find(({ type }) => type === 'Ready')
  if (!telling) return 'the operator has not reported anything yet'
  return `${telling.type}=${telling.status}, ${telling.reason}${telling.message ? `: ${telling.message}` : ''}`
}

/** Process id of a pod's first container, which the stand-in gives as `process://PID`. */
export function processId(pod: PodObject): number | undefined {
  const match = /^process:\/\/(\d+)$/.exec(pod.status?.containerStatuses?.[0]?.containerID ?? '')
  return match ? Number(match[1]) : undefined
}

/** Where a port of a pod can be reached from this machine: on the pod's own loopback address, or remapped (docs/localkube.md). */
function hostAddress(pod: PodObject, port: number): string {
  const remapped = JSON.parse(pod.metadata.annotations?.[hostPortsAnnotation] ?? '{}') as Record<string, number>
  const hostPort = remapped[port]
  return hostPort === undefined ? `${pod.status?.podIP ?? '?'}:${port}` : `127.0.0.1:${hostPort}`
}

/** With the options of the URL that the cluster tells, if one is given. */
export function failoverUrl(pods: readonly PodObject[], cluster?: ClusterObject): string {
  const [, options = ''] = /\)(\?.*)$/.exec(cluster?.status?.endpoints?.[0]?.url ?? '') ?? []
  return `failover:(${pods.map((pod) => `tcp://${hostAddress(pod, openwirePortOf(pod))}`).join(',')})${options}`
}

export const adminUrl = (pod: PodObject): string => `http://${hostAddress(pod, adminPort)}`

function openwirePortOf(pod: PodObject): number {
  const ports = pod.spec?.containers?.[0]?.ports ?? []
  return (
    (ports.find(({ name }) => name === 'openwire') ?? ports.find(({ name }) => name !== 'admin'))?.containerPort ??
    openwirePort
  )
}

export function describeCluster(cluster: ClusterObject, pods: readonly PodObject[]): string {
  const lines = [
    `BrokerCluster ${cluster.metadata.namespace}/${cluster.metadata.name} (${cluster.spec?.topology?.type ?? 'unknown'})`,
  ]
  for (const { type, status, reason } of cluster.status?.conditions ?? [])
    lines.push(`  ${type.padEnd(16)} ${status.padEnd(8)} ${reason}`)
  for (const group of cluster.status?.groups ?? []) {
    const standbys = group.standbys?.length ? `, standing by ${group.standbys.join(', ')}` : ''
    lines.push(`  group ${group.name}: active ${group.active ?? 'none'}${standbys}`)
  }
  const active =
    pods.find((pod) => cluster.status?.groups?.some((group) => group.active === pod.metadata.name)) ?? pods[0]
  lines.push(`  clients:  ${failoverUrl(pods, cluster)}`)
  if (active)
    lines.push(`  admin:    ${adminUrl(active)}/snapshot  (also /role, /connections, /destinations, /metrics)`)
  return lines.join('\n')
}

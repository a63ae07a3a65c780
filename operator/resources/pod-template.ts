// The pod of a member. Paths stand here only, in arguments, environment and mounts, never in the configuration: so
// the same configuration serves a container and a process on a laptop. It runs under the restricted Pod Security
// Standard.
import { adminPort, adminPortName, replicationPortName } from '../api/limits.ts'
import { annotations, childLabels, dataVolume, groupSelector, labels } from '../api/names.ts'
import type { ClusterPlan, GroupPlan, LivenessProbePlan, PodPlan, StorePlan } from '../topology/plan.ts'
import { configFile, configMapNameOf } from './config-map.ts'
import { maxPortNameLength } from './limits.ts'

const configVolume = 'config'
const configDirectory = '/etc/flotilla'
const dataDirectory = '/var/lib/flotilla'
const temporaryVolume = 'tmp'
const databaseVolume = 'database'
const databaseDirectory = '/etc/flotilla-database'
const replicationVolume = 'replication'
const replicationDirectory = '/etc/flotilla-replication'
/** Name of the container of the broker. */
export const brokerContainer = 'broker'

export function buildPodTemplate(plan: ClusterPlan, group: GroupPlan) {
  const { cluster } = plan
  const { pod } = group
  return {
    metadata: {
      labels: { ...childLabels(cluster.name), [labels.group]: group.name },
      annotations: { [annotations.revision]: group.revision },
    },
    spec: {
      ...buildAccount(group.store),
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      ...(pod.pullSecrets.length > 0 && { imagePullSecrets: pod.pullSecrets }),
      securityContext: {
        runAsNonRoot: true,
        ...buildUser(pod),
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...buildSpread(plan, group),
      containers: [buildContainer(plan, group)],
      volumes: [
        { name: configVolume, configMap: { name: configMapNameOf(plan, group) } },
        { name: temporaryVolume, emptyDir: {} },
        ...buildDataVolume(group.store),
        ...buildReplicationVolume(group.store),
      ],
    },
  }
}

/** Where a platform assigns users, it refuses a pod that asks for another one. */
const buildUser = ({ user }: PodPlan): { runAsUser?: number; runAsGroup?: number; fsGroup?: number } =>
  user === 'assigned' ? {} : { runAsUser: user, runAsGroup: user, fsGroup: user }

/** Only who renews a Lease has anything to say to the API server. */
const buildAccount = ({ replication }: StorePlan): object =>
  replication?.lease === undefined
    ? { automountServiceAccountToken: false }
    : { serviceAccountName: replication.lease, automountServiceAccountToken: true }

/** Where the files of Secrets are, which the configuration names relative to it. */
function secretDirectory({ data, replication }: StorePlan): { name: string; mountPath: string } | undefined {
  if (data.from === 'Database') return { name: databaseVolume, mountPath: databaseDirectory }
  return replication && { name: replicationVolume, mountPath: replicationDirectory }
}

function buildContainer(plan: ClusterPlan, { pod, statefulSet, store }: GroupPlan) {
  const secrets = secretDirectory(store)
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  return {
    name: brokerContainer,
    image: pod.image,
    imagePullPolicy: pod.pullPolicy,
    args: [
      '--config',
      `${configDirectory}/${configFile}`,
      '--data-directory',
      dataDirectory,
      '--member',
      '$(POD_NAME)',
    ],
    ...(secrets && { workingDir: secrets.mountPath }),
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_IP', 'status.podIP'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      // What brokers and clients are told to dial.
      { name: 'FLOTILLA_HOST_NAME', value: `$(POD_NAME).${statefulSet}.$(POD_NAMESPACE).svc` },
    ],
    ports: [
      ...plan.transportConnectors.map(({ name, port }) => ({
        ...(name.length <= maxPortNameLength && { name }),
        containerPort: port,
        protocol: 'TCP',
      })),
      { name: adminPortName, containerPort: adminPort, protocol: 'TCP' },
      ...(store.replication
        ? [{ name: replicationPortName, containerPort: store.replication.port, protocol: 'TCP' }]
        : []),
    ],
    // Alive is whose event loop turns; a standby that waits for the lock is as alive as it is ready. One that hangs has a
    // grace period of its own: the one of the pod is for a stop in good order.
    livenessProbe: probe('/livez', pod.livenessProbe),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
    resources: buildResources(pod.resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: configVolume, mountPath: configDirectory, readOnly: true },
      { name: temporaryVolume, mountPath: '/tmp' },
      { name: dataVolume, mountPath: dataDirectory },
      ...(secrets ? [{ ...secrets, readOnly: true }] : []),
    ],
  }
}

const probe = (path: string, timing: Omit<LivenessProbePlan, 'terminationGracePeriodSeconds'>) => ({
  httpGet: { path, port: adminPort, scheme: 'HTTP' },
  ...timing,
})

/** The template of a StatefulSet brings the volume of its claim by itself. */
function buildDataVolume({ data }: StorePlan): object[] {
  switch (data.from) {
    case 'Nothing':
      return [{ name: dataVolume, emptyDir: {} }]
    case 'Claim':
      return [{ name: dataVolume, persistentVolumeClaim: { claimName: data.claimName } }]
    case 'ClaimTemplate':
      return []
    // What does not fit into memory is all that is on disk.
    case 'Database':
      return [
        { name: dataVolume, emptyDir: {} },
        { name: databaseVolume, secret: { secretName: data.secretName, items: data.files } },
      ]
  }
}

/** One directory with files of several Secrets. */
const buildReplicationVolume = ({ replication }: StorePlan): object[] =>
  replication
    ? [
        {
          name: replicationVolume,
          projected: {
            sources: replication.files.map(({ secretName, key, path }) => ({
              secret: { name: secretName, items: [{ key, path }] },
            })),
          },
        },
      ]
    : []

function buildResources({ requests, limits }: PodPlan['resources']): object {
  const asText = (list: NonNullable<typeof requests>) =>
    Object.fromEntries(Object.entries(list).map(([name, quantity]) => [name, String(quantity)]))
  return { ...(requests && { requests: asText(requests) }), ...(limits && { limits: asText(limits) }) }
}

const topologyKeys = { Nodes: 'kubernetes.io/hostname', Zones: 'topology.kubernetes.io/zone' } as const

/** Strict is an anti-affinity, not a spread constraint: with one node only, a constraint would find nothing wrong. */
function buildSpread({ cluster }: ClusterPlan, group: GroupPlan): object {
  const { spread, strict } = group.pod.scheduling
  if (spread === 'None') return {}
  const term = {
    topologyKey: topologyKeys[spread],
    labelSelector: { matchLabels: groupSelector(cluster.name, group.name) },
  }
  const podAntiAffinity = strict
    ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
    : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] }
  return { affinity: { podAntiAffinity } }
}

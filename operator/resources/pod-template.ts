// The pod of a member. Paths stand here only, in arguments, environment and mounts, never in the configuration: so
// the same configuration serves a container and a process on a laptop. It runs under the restricted Pod Security
// Standard.
import { ADMIN_PORT, ADMIN_PORT_NAME } from '../api/limits.ts'
import { annotations, childLabels, DATA_VOLUME, groupSelector, labels } from '../api/names.ts'
import type { ClusterPlan, GroupPlan, PodPlan, StorePlan } from '../topology/plan.ts'
import { CONFIG_FILE, configMapNameOf } from './config-map.ts'

const CONFIG_VOLUME = 'config'
const CONFIG_DIRECTORY = '/etc/flotilla'
const DATA_DIRECTORY = '/var/lib/flotilla'
const TEMPORARY_VOLUME = 'tmp'
/** Name of the container of the broker. */
export const BROKER_CONTAINER = 'broker'
/** The user that the image is made for. */
const USER_ID = 1000
/** Longest name of a container port. */
const MAX_PORT_NAME_LENGTH = 15

export function buildPodTemplate(plan: ClusterPlan, group: GroupPlan) {
  const { cluster } = plan
  const { pod } = group
  return {
    metadata: {
      labels: { ...childLabels(cluster.name), [labels.group]: group.name },
      annotations: { [annotations.revision]: group.revision },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      ...(pod.pullSecrets.length > 0 && { imagePullSecrets: pod.pullSecrets }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER_ID,
        runAsGroup: USER_ID,
        fsGroup: USER_ID,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...buildSpread(plan, group),
      containers: [buildContainer(plan, pod)],
      volumes: [
        { name: CONFIG_VOLUME, configMap: { name: configMapNameOf(plan, group) } },
        { name: TEMPORARY_VOLUME, emptyDir: {} },
        ...buildDataVolume(group.store),
      ],
    },
  }
}

function buildContainer(plan: ClusterPlan, pod: PodPlan) {
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  return {
    name: BROKER_CONTAINER,
    image: pod.image,
    imagePullPolicy: pod.pullPolicy,
    args: [
      '--config',
      `${CONFIG_DIRECTORY}/${CONFIG_FILE}`,
      '--data-directory',
      DATA_DIRECTORY,
      '--member',
      '$(POD_NAME)',
    ],
    env: [fromField('POD_NAME', 'metadata.name'), fromField('POD_IP', 'status.podIP')],
    ports: [
      ...plan.transportConnectors.map(({ name, port }) => ({
        ...(name.length <= MAX_PORT_NAME_LENGTH && { name }),
        containerPort: port,
        protocol: 'TCP',
      })),
      { name: ADMIN_PORT_NAME, containerPort: ADMIN_PORT, protocol: 'TCP' },
    ],
    // Alive is whose event loop turns; a standby that waits for the lock is as alive as it is ready.
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 }),
    resources: buildResources(pod.resources),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: CONFIG_VOLUME, mountPath: CONFIG_DIRECTORY, readOnly: true },
      { name: TEMPORARY_VOLUME, mountPath: '/tmp' },
      { name: DATA_VOLUME, mountPath: DATA_DIRECTORY },
    ],
  }
}

const probe = (path: string, timing: { periodSeconds: number; timeoutSeconds: number; failureThreshold: number }) => ({
  httpGet: { path, port: ADMIN_PORT, scheme: 'HTTP' },
  ...timing,
})

/** The template of a StatefulSet brings the volume of a Volume store by itself. */
function buildDataVolume(store: StorePlan): object[] {
  if (store.type === 'Volume') return []
  if (store.type === 'None') return [{ name: DATA_VOLUME, emptyDir: {} }]
  return [{ name: DATA_VOLUME, persistentVolumeClaim: { claimName: store.claimName } }]
}

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

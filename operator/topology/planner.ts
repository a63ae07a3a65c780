// The planner: one pure function from a spec to a plan. It knows nothing of what exists, and decides nothing over time.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import { adminPort } from '../api/limits.ts'
import { memberClaimName, memberName, sharedClaimName, statefulSetName, templateGroupName } from '../api/names.ts'
import type { BrokerClusterSpec, GroupSpec } from '../api/spec-schema.ts'
import type { StorageSpec } from '../api/storage-schema.ts'
import { assert } from '../../broker/base/assert.ts'
import { parseDuration } from '../../broker/config/duration-and-size.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import { contentHash } from './content-hash.ts'
import type { ClusterPlan, GroupPlan, MemberPlan, StorePlan } from './plan.ts'

export interface PlannerSettings {
  /** Image of members whose spec names none. */
  readonly defaultImage: string
}

/** `spec` has passed parseSpec. */
export function planCluster(cluster: ClusterIdentity, spec: BrokerClusterSpec, settings: PlannerSettings): ClusterPlan {
  const groups = groupsOf(spec).map((group) => planGroup(cluster, spec, group, settings))
  return {
    cluster,
    groups,
    transportConnectors: spec.transportConnectors,
    clientService: spec.services.client,
    podDisruptionBudget: spec.podDisruptionBudget,
    update: {
      type: spec.updateStrategy.type,
      handoverTimeoutMs: durationMs(spec.updateStrategy.handoverTimeout),
      progressDeadlineMs: durationMs(spec.updateStrategy.progressDeadline),
    },
    endpoints: spec.transportConnectors.map(({ name, port }) => ({ name, url: failoverUrl(groups, port) })),
  }
}

/** Follows failovers by itself: the names of pods are stable, and standbys refuse connections. */
function failoverUrl(groups: readonly GroupPlan[], port: number): string {
  const hosts = groups.flatMap((group) => group.members.map(({ host }) => `tcp://${host}:${port}`))
  return `failover:(${hosts.join(',')})`
}

function groupsOf(spec: BrokerClusterSpec): GroupSpec[] {
  if (spec.groups) return spec.groups
  assert(spec.groupTemplate, 'A parsed spec has groups or groupTemplate')
  const template = spec.groupTemplate
  return Array.from({ length: spec.groupCount ?? 1 }, (_, index) => ({ name: templateGroupName(index), ...template }))
}

function planGroup(
  cluster: ClusterIdentity,
  spec: BrokerClusterSpec,
  group: GroupSpec,
  settings: PlannerSettings,
): GroupPlan {
  const statefulSet = statefulSetName(cluster.name, group.name)
  return {
    name: group.name,
    statefulSet,
    replicas: group.replicas,
    members: Array.from({ length: group.replicas }, (_, ordinal) => planMember(cluster, group, ordinal)),
    brokerConfig: buildBrokerConfig(statefulSet, spec, group.storage),
    store: planStore(cluster, group),
    pod: {
      image: spec.image.reference === '' ? settings.defaultImage : spec.image.reference,
      pullPolicy: spec.image.pullPolicy,
      pullSecrets: spec.image.pullSecrets,
      resources: group.resources,
      scheduling: group.scheduling,
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    },
    revision: revisionOf(spec, group),
  }
}

function planMember(cluster: ClusterIdentity, group: GroupSpec, ordinal: number): MemberPlan {
  const name = memberName(cluster.name, group.name, ordinal)
  return { name, ordinal, host: `${name}.${statefulSetName(cluster.name, group.name)}.${cluster.namespace}.svc` }
}

/** Without paths: where the data is, and which member it is, are arguments of the process. */
function buildBrokerConfig(brokerName: string, spec: BrokerClusterSpec, storage: StorageSpec): BrokerConfigInput {
  const { type, sharedVolume } = storage
  return {
    brokerName,
    store: type === 'None' ? { type: 'Memory' } : { type: 'Journal', ...(sharedVolume && { lock: sharedVolume.lock }) },
    memoryLimit: spec.broker.memoryLimit,
    transportConnectors: spec.transportConnectors.map(({ name, protocol, port, maximumConnections, maxFrameSize }) => ({
      name,
      protocol,
      port,
      maximumConnections,
      maxFrameSize,
    })),
    admin: { port: adminPort },
  }
}

function planStore(cluster: ClusterIdentity, group: GroupSpec): StorePlan {
  const {
    type,
    volume,
    sharedVolume,
    retentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' },
  } = group.storage
  if (type === 'None') return { type }
  if (type === 'Volume') {
    assert(volume, 'A parsed spec with storage.type Volume has storage.volume')
    const name = memberClaimName(memberName(cluster.name, group.name, 0))
    return { type, claim: { name, template: volume.claimTemplate, ...retentionPolicy } }
  }
  assert(sharedVolume, 'A parsed spec with storage.type SharedVolume has storage.sharedVolume')
  const { existingClaim, claimTemplate } = sharedVolume
  if (existingClaim) return { type, claimName: existingClaim.name, claim: undefined }
  assert(claimTemplate, 'A parsed sharedVolume has claimTemplate or existingClaim')
  const name = sharedClaimName(cluster.name, group.name)
  return { type, claimName: name, claim: { name, template: claimTemplate, ...retentionPolicy } }
}

/**
 * What a member must be restarted for, as the user gave it: not what this version of the operator makes of it, so that an
 * upgrade of the operator, its default image included, restarts nothing. A field that is added to the API later joins only
 * where it differs from its default.
 */
function revisionOf(spec: BrokerClusterSpec, group: GroupSpec): string {
  return contentHash({
    image: spec.image.reference,
    memoryLimit: spec.broker.memoryLimit,
    transportConnectors: spec.transportConnectors,
    lock: group.storage.sharedVolume?.lock,
    resources: group.resources,
    scheduling: group.scheduling,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
  })
}

function durationMs(text: string): number {
  const value = parseDuration(text)
  assert(value !== undefined, 'A parsed spec has valid durations')
  return value
}

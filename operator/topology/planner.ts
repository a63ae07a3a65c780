// The planner: one pure function from a spec to a plan. Of what exists it knows the images of groups, which they
// keep, and nothing else; it decides nothing over time.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import type { BrokerClusterSpec } from '../api/spec-schema.ts'
import { assert } from '../../broker/base/assert.ts'
import { parseDuration } from '../../broker/config/duration-and-size.ts'
import type { KnownDatabases } from './database.ts'
import { planEdges } from './edges.ts'
import { groupsOf, planGroup, planMembers } from './groups.ts'
import { type ExistingImages, planImage } from './member-image.ts'
import { announcementOf, planNetworkConfig } from './network-connectors.ts'
import type { BrokerUser, ClusterPlan, GroupPlan, ReferencePlan } from './plan.ts'

export interface PlannerSettings {
  /** Image of new groups whose spec names none. */
  readonly defaultImage: string
  /** Left out: the user that the image is made for. */
  readonly user?: BrokerUser
}

const imageUser = 1000
const noImages: ExistingImages = { haveWorked: false, byGroup: new Map() }

/** `spec` has passed parseSpec; as far as the planner is concerned it may have any number of groups. */
export function planCluster(
  cluster: ClusterIdentity,
  spec: BrokerClusterSpec,
  { defaultImage, user = imageUser }: PlannerSettings,
  images: ExistingImages = noImages,
  databases: KnownDatabases = new Map(),
): ClusterPlan {
  const given = groupsOf(spec)
  const placed = given.map((group) => ({ name: group.name, members: planMembers(cluster, group) }))
  const edges = planEdges(spec, placed)
  const groups = given.map((group) => {
    const { name } = group
    const database = databases.get(name)
    return planGroup(cluster, spec, group, {
      image: planImage(spec, group, defaultImage, images, edges, database),
      user,
      network: planNetworkConfig(cluster, name, edges),
      database,
      discoveryUri: (port) => announcementOf(cluster, name, port, edges),
    })
  })
  return {
    cluster,
    groups,
    edges,
    transportConnectors: spec.transportConnectors,
    clientService: spec.services.client,
    podDisruptionBudget: spec.podDisruptionBudget,
    update: {
      type: spec.updateStrategy.type,
      handoverTimeoutMs: durationMs(spec.updateStrategy.handoverTimeout),
      progressDeadlineMs: durationMs(spec.updateStrategy.progressDeadline),
    },
    scaleDown: { drain: spec.scaleDown.drain, timeoutMs: durationMs(spec.scaleDown.timeout) },
    endpoints: spec.transportConnectors.map(({ name, port }) => ({ name, url: failoverUrl(groups, port) })),
    references: groups.flatMap(referencesOf),
  }
}

/**
 * Follows failovers by itself: the names of pods are stable, and standbys refuse connections. Clients double their pauses, up to 30 s: after
 * the seconds for which an election waits for a dead member they would stand still for as long again.
 */
function failoverUrl(groups: readonly GroupPlan[], port: number): string {
  const hosts = groups.flatMap((group) => group.members.map(({ host }) => `tcp://${host}:${port}`))
  const options = groups.some(({ store }) => store.replication) ? '?maxReconnectDelay=1000' : ''
  return `failover:(${hosts.join(',')})${options}`
}

/** Pull secrets are not among them: the kubelet reads those, and tells when one is missing. */
function referencesOf({ store: { data, claims } }: GroupPlan): ReferencePlan[] {
  if (data.from !== 'Claim' || claims.length > 0) return []
  return [{ kind: 'PersistentVolumeClaim', name: data.claimName }]
}

function durationMs(text: string): number {
  const value = parseDuration(text)
  assert(value !== undefined, 'A parsed spec has valid durations')
  return value
}

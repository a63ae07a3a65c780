// The status of a cluster, built anew from each look. Pure; writing it, only when it differs, is apply-status.ts.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { activeSelector, annotations, formatSelector } from '../api/names.ts'
import type { BrokerClusterStatus, GroupStatus, MemberStatus } from '../api/status-schema.ts'
import { findActive, isProvenStandby } from '../topology/observed-member.ts'
import { buildConditions } from './build-conditions.ts'
import { isGone, viewDrains } from './drain-status.ts'
import { edgeStates } from './edge-states.ts'
import { formatTime, type GroupView, groupViews, type Judgement } from './judgement.ts'
import type { SeenMember } from './observe.ts'

export function buildStatus(judgement: Judgement): BrokerClusterStatus {
  const { cluster, plan, rollout } = judgement
  const views = groupViews(judgement)
  const groups = views.map((view) => buildGroupStatus(judgement, view))
  const actives = groups.filter(({ active }) => active !== undefined).length
  const wanted = views.reduce((sum, { replicas }) => sum + replicas, 0)
  const ready = views.reduce((sum, { members }) => sum + members.filter((member) => member.ready).length, 0)
  const leaving = leavingViews(judgement)
  const drains = viewDrains(judgement)
  const edges = edgeStates(judgement)
  const connected = edges.filter(({ state }) => state === 'Connected').length
  const endpoints = plan?.endpoints ?? cluster.status?.endpoints
  return {
    ...(cluster.metadata.generation !== undefined && { observedGeneration: cluster.metadata.generation }),
    replicas: actives,
    selector: formatSelector(activeSelector(cluster.metadata.name)),
    summary: {
      active: `${actives}/${views.length}`,
      members: `${ready}/${wanted}`,
      ...(edges.length > 0 && { edges: `${connected}/${edges.length}` }),
    },
    groups: [...groups, ...leaving.map((view) => buildGroupStatus(judgement, view))],
    members: [...views, ...leaving].flatMap(({ members }) => members.map(buildMemberStatus)),
    ...(edges.length > 0 && { edges }),
    rollout,
    ...(drains.length > 0 && { drains: drains.map((drain) => drain.status) }),
    ...(endpoints && { endpoints: endpoints.map(({ name, url }) => ({ name, url })) }),
    conditions: buildConditions(judgement, views, edges, drains),
  }
}

/** They count neither as active nor as wanted. */
const leavingViews = (judgement: Judgement): GroupView[] =>
  judgement.leaving
    .filter((group) => !isGone(judgement, group))
    .map(({ name, members, statefulSet }) => {
      const known = judgement.cluster.status?.groups?.find((group) => group.name === name)
      const revision =
        known?.revision ?? statefulSet.spec?.template?.metadata?.annotations?.[annotations.revision] ?? ''
      return { name, members, replicas: members.length, revision }
    })

function buildGroupStatus(judgement: Judgement, { name, members, revision }: GroupView): GroupStatus {
  const previous = judgement.cluster.status?.groups?.find((group) => group.name === name)
  const active = findActive(members)
  const activeSince = active?.snapshot?.activeSince
  const claims = judgement.storage?.claims.get(name) ?? previous?.storage?.claims
  const lastFailover = lastFailoverOf(judgement, previous, members, active)
  const lock = lockOf(active, previous)
  const planned = judgement.acts ? judgement.plan?.groups.find((group) => group.name === name) : undefined
  // What is only wished for while nothing is written is not what the group is to keep.
  const image = planned?.pod.image ?? previous?.image
  return {
    name,
    ...(active && { active: active.name }),
    ...(activeSince && { activeSince: toSeconds(activeSince) }),
    standbys: members.filter(isProvenStandby).map((member) => member.name),
    replicas: members.length,
    readyReplicas: members.filter(({ ready }) => ready).length,
    updatedReplicas: members.filter((member) => member.revision === revision).length,
    revision,
    ...(image !== undefined && { image }),
    ...(lock && { lock }),
    ...(claims && claims.length > 0 && { storage: { claims: [...claims] } }),
    ...(lastFailover && { lastFailover }),
  }
}

/** Holder and term outlive the active: they tell whom the next one takes over from. */
function lockOf(active: SeenMember | undefined, previous: GroupStatus | undefined): GroupStatus['lock'] {
  const lock = active?.snapshot?.lock
  if (!active || !lock) return previous?.lock
  // Without a lock there is no holder of it, and no term that would outlive the process.
  if (lock.type === 'None') return { type: lock.type }
  return { type: lock.type, holder: active.name, ...(active.term !== undefined && { term: active.term }) }
}

function lastFailoverOf(
  { cluster, nowMs }: Judgement,
  previous: GroupStatus | undefined,
  members: readonly SeenMember[],
  active: SeenMember | undefined,
): GroupStatus['lastFailover'] {
  const from = previous?.active ?? previous?.lock?.holder
  if (!active || from === undefined || from === active.name) return previous?.lastFailover
  const before = members.find(({ name }) => name === from)
  const inOrder = cluster.status?.rollout?.state === 'HandingOver' || wasStopped(cluster, previous, before)
  return {
    from,
    to: active.name,
    reason: inOrder ? 'Switchover' : 'Failover',
    at: toSeconds(active.snapshot?.activeSince ?? new Date(nowMs).toISOString()),
  }
}

/**
 * Whether the pod of the former active is being deleted, is gone, or was made anew since it was active: somebody stopped it.
 * One that failed keeps its pod; only its container starts again.
 */
function wasStopped(
  { status }: BrokerCluster,
  previous: GroupStatus | undefined,
  before: SeenMember | undefined,
): boolean {
  if (!before || before.terminating) return true
  const createdMs = Date.parse(before.pod.metadata.creationTimestamp ?? '')
  const available = status?.conditions?.find(({ type }) => type === 'Available')
  const known = previous?.activeSince ?? (available?.status === 'False' ? available.lastTransitionTime : undefined)
  if (known === undefined) return false
  const knownMs = Date.parse(known)
  // Whole seconds: a pod may be made, become active and be lost in one of them. That it ended is often seen before its node
  // tells it; later, a pod that does not answer may be one that was made anew and is only starting.
  const hasFailed = before.hasEnded || (previous?.activeSince !== undefined && before.role === 'Unknown')
  return createdMs > knownMs || (createdMs === knownMs && !hasFailed)
}

function buildMemberStatus(member: SeenMember): MemberStatus {
  const node = member.pod.spec?.nodeName
  return {
    name: member.name,
    group: member.group,
    role: member.role,
    ready: member.ready,
    ...(member.snapshot?.replication && { inSync: member.inSync }),
    ...(node !== undefined && node !== '' && { node }),
    ...(member.snapshot && { version: member.snapshot.version }),
    ...(member.revision !== undefined && { revision: member.revision }),
  }
}

/** As metav1.Time is written. */
const toSeconds = (time: string): string => {
  const timeMs = Date.parse(time)
  return formatTime(Number.isNaN(timeMs) ? 0 : timeMs)
}

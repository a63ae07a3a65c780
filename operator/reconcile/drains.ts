// Groups that are no longer in the plan but still there: which those are, and what is done with each. Pure.
//
// What belongs to such a group stays as it is until the group goes: its StatefulSet says that it is leaving.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { maxLeavingGroups } from '../api/limits.ts'
import { annotations, labels } from '../api/names.ts'
import { planDrainTargets } from '../topology/drain-targets.ts'
import { type DrainStep, planDrainStep, type RemovalReason } from '../topology/drain-step.ts'
import { findActive } from '../topology/observed-member.ts'
import type { ClusterPlan } from '../topology/plan.ts'
import { isOurs } from './apply-child.ts'
import type { StatefulSet } from './kinds.ts'
import { membersOf, type Observation, type SeenMember } from './observe.ts'

export interface LeavingGroup {
  readonly name: string
  readonly statefulSet: StatefulSet
  readonly members: readonly SeenMember[]
  /** A URI for each group that it drains to. */
  readonly to: readonly string[]
  readonly step: DrainStep
}

/** By name. More than the status can tell of wait: nothing is done with them. */
export function planDrains(observation: Observation, plan: ClusterPlan, nowMs: number): LeavingGroup[] {
  const { cluster } = observation
  return leavingSets(observation, plan)
    .slice(0, maxLeavingGroups)
    .map((statefulSet) => {
      const name = groupOf(statefulSet)
      const members = membersOf(observation, name)
      const started = cluster.status?.drains?.find(({ group }) => group === name)?.startedAt
      const notes = statefulSet.metadata.annotations ?? {}
      const to = planDrainTargets(plan, notes[annotations.neighbours])
      const step = planDrainStep({
        policy: plan.scaleDown.drain,
        timeoutMs: plan.scaleDown.timeoutMs,
        startedMs: started === undefined ? undefined : Date.parse(started),
        nowMs,
        to,
        current: statefulSet.spec?.replicas ?? 1,
        members: members.map(asDrainingMember),
        hasBeenActive: mayHaveBeenActive(cluster, name),
        hasStore: notes[annotations.store] !== 'None',
      })
      return { name, statefulSet, members, to, step }
    })
}

/** Names of groups that are not planned, and whose objects, or at least claims, are not to be deleted. */
export interface StayingGroups {
  readonly objects: ReadonlySet<string>
  readonly claims: ReadonlySet<string>
}

export function stayingGroups(
  observation: Observation,
  plan: ClusterPlan,
  leaving: readonly LeavingGroup[],
): StayingGroups {
  const removed = (isCounted: (because: RemovalReason) => boolean) =>
    new Set(
      leaving.filter(({ step: { deed } }) => deed.kind === 'Remove' && isCounted(deed.because)).map(({ name }) => name),
    )
  const names = leavingSets(observation, plan).map(groupOf)
  const without = (gone: ReadonlySet<string>) => new Set(names.filter((name) => !gone.has(name)))
  return { objects: without(removed(() => true)), claims: without(removed((because) => !keepsClaims(because))) }
}

/** Whatever their policy says: messages may be on them. */
export const keepsClaims = (because: RemovalReason): boolean => because === 'TimedOut' || because === 'NothingThere'

/** Members of groups in the plan that drain, because their group was not in it. */
export const returningMembers = (observation: Observation, plan: ClusterPlan): SeenMember[] =>
  plan.groups.flatMap(({ name }) => {
    const active = findActive(membersOf(observation, name))
    return active?.snapshot?.drain ? [active] : []
  })

function leavingSets({ cluster, objects }: Observation, plan: ClusterPlan): StatefulSet[] {
  const planned = new Set(plan.groups.map(({ name }) => name))
  return objects.statefulSets
    .filter((set) => isOurs(set, cluster) && set.metadata.deletionTimestamp === undefined && !planned.has(groupOf(set)))
    .sort((a, b) => (groupOf(a) < groupOf(b) ? -1 : 1))
}

const groupOf = ({ metadata }: StatefulSet): string => metadata.labels?.[labels.group] ?? ''

/** A status that was written while it had no active, ever, is the only evidence; that its members have not run yet, must be seen. */
function mayHaveBeenActive({ status }: BrokerCluster, group: string): boolean {
  const known = status?.groups?.find(({ name }) => name === group)
  if (!known) return true
  return [known.active, known.activeSince, known.lock, known.lastFailover].some((fact) => fact !== undefined)
}

const asDrainingMember = (member: SeenMember) => ({
  ...member,
  drain: member.snapshot?.drain,
  hasRun: member.running || member.hasEnded,
  refuses: member.refusal !== undefined,
})

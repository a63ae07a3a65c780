// What to do about what was seen. Pure: the same look gives the same decision.
import type { SpecProblem } from '../api/validate.ts'
import type { RolloutStatus } from '../api/status-schema.ts'
import type { ClusterPlan } from '../topology/plan.ts'
import { planRolloutStep, type RolloutStep } from '../topology/rollout-step.ts'
import { planScaleStep, type ScaleStep } from '../topology/scale-step.ts'
import { unsupportedChanges, unusableClaims } from '../topology/storage-change.ts'
import { type LeavingGroup, planDrains, returningMembers, type StayingGroups, stayingGroups } from './drains.ts'
import { existingStorage } from './existing-storage.ts'
import { formatTime } from './judgement.ts'
import type { StatefulSet } from './kinds.ts'
import { membersOf, type Observation, type SeenMember } from './observe.ts'
import { asSpecProblems } from './storage-state.ts'

export interface Decision {
  /** Write objects, shrink and roll; otherwise, while paused too, only look after role labels and the status. */
  readonly acts: boolean
  readonly problems: readonly SpecProblem[]
  readonly unsupportedChange: boolean
  /** How many members each group is to have next. */
  readonly scale: ReadonlyMap<string, ScaleStep>
  readonly shrinking: string | undefined
  readonly rollout: RolloutStatus
  readonly rolloutMessage: string
  /** Groups that are there and not planned, with what is to be done about each. */
  readonly leaving: readonly LeavingGroup[]
  readonly staying: StayingGroups
  /** Members that drain, and are to take part again. */
  readonly returning: readonly SeenMember[]
  /** The pod to delete in this pass, if nothing else had to be written. */
  readonly delete: RolloutStep['delete']
}

/** `plan` is undefined exactly when `problems` is not empty. */
export function decide(
  observation: Observation,
  plan: ClusterPlan | undefined,
  problems: readonly SpecProblem[],
  paused: boolean,
  nowMs: number,
): Decision {
  const previous = observation.cluster.status?.rollout
  const idle = {
    scale: new Map<string, ScaleStep>(),
    shrinking: undefined,
    delete: undefined,
    rolloutMessage: '',
    leaving: [],
    staying: { objects: new Set<string>(), claims: new Set<string>() },
    returning: [],
  }
  if (!plan)
    return {
      ...idle,
      acts: false,
      problems,
      unsupportedChange: false,
      rollout: previous ?? { state: 'Idle', pending: [] },
    }
  const changes = problemsOf(plan, observation, unsupportedChanges)
  const found = [...changes, ...problemsOf(plan, observation, unusableClaims)]
  const scale = new Map(plan.groups.map((group) => [group.name, scaleOf(observation, plan, group.name)]))
  const step = planRollouts(observation, plan, scale, nowMs)
  const acts = !paused && found.length === 0
  const leaving = planDrains(observation, plan, nowMs)
  const held = paused ? 'spec.paused is true' : 'The spec cannot be applied'
  const effective = acts || step.pending.length === 0 ? step : { ...step, state: 'Blocked' as const, message: held }
  return {
    acts,
    problems: found,
    unsupportedChange: changes.length > 0,
    scale,
    shrinking: shrinkingOf(observation, plan, scale),
    rollout: rolloutStatus(effective, previous, nowMs),
    rolloutMessage: effective.message,
    leaving,
    staying: stayingGroups(observation, plan, leaving),
    returning: returningMembers(observation, plan),
    delete: acts && isFollowed(observation) ? step.delete : undefined,
  }
}

const problemsOf = (
  plan: ClusterPlan,
  { objects }: Observation,
  find: typeof unsupportedChanges,
): readonly SpecProblem[] =>
  plan.groups.flatMap((group) => asSpecProblems(group, find(group, existingStorage(group, objects))))

const statefulSetOf = ({ objects }: Observation, plan: ClusterPlan, group: string): StatefulSet | undefined => {
  const name = plan.groups.find((planned) => planned.name === group)?.statefulSet
  return objects.statefulSets.find(({ metadata }) => metadata.name === name)
}

function scaleOf(observation: Observation, plan: ClusterPlan, group: string): ScaleStep {
  const { replicas } = plan.groups.find(({ name }) => name === group)!
  const current = statefulSetOf(observation, plan, group)?.spec?.replicas
  return planScaleStep({ replicas, current, members: membersOf(observation, group) })
}

/** One group at a time: the others wait until it is done. */
function planRollouts(
  observation: Observation,
  plan: ClusterPlan,
  scale: ReadonlyMap<string, ScaleStep>,
  nowMs: number,
): RolloutStep {
  const previous = observation.cluster.status?.rollout
  const steps = plan.groups.map((group) =>
    planRolloutStep({
      revision: group.revision,
      hasCopies: group.store.replication !== undefined,
      replicas: scale.get(group.name)?.replicas ?? group.replicas,
      members: membersOf(observation, group.name),
      ...plan.update,
      previousState: previous?.state ?? 'Idle',
      sinceProgressMs: previous?.since === undefined ? 0 : nowMs - Date.parse(previous.since),
    }),
  )
  const current = steps.find(({ state }) => state !== 'Idle') ?? { state: 'Idle' as const, message: '' }
  return { ...current, pending: steps.flatMap(({ pending }) => pending) }
}

function rolloutStatus(
  { state, pending }: RolloutStep,
  previous: RolloutStatus | undefined,
  nowMs: number,
): RolloutStatus {
  if (state === 'Idle') return { state, pending: [...pending] }
  const same = previous?.state === state && JSON.stringify(previous.pending) === JSON.stringify(pending)
  return { state, since: (same && previous.since) || formatTime(nowMs), pending: [...pending] }
}

/** The StatefulSet controller has seen what was written last: a pod that it makes now is made from it. */
const isFollowed = ({ objects }: Observation): boolean =>
  objects.statefulSets.every(
    ({ metadata, status }) => metadata.generation === undefined || status?.observedGeneration === metadata.generation,
  )

function shrinkingOf(
  observation: Observation,
  plan: ClusterPlan,
  scale: ReadonlyMap<string, ScaleStep>,
): string | undefined {
  for (const { name, replicas } of plan.groups) {
    const step = scale.get(name)
    const count = Math.max(step?.replicas ?? 0, membersOf(observation, name).length)
    if (count <= replicas) continue
    const wait = step?.waitsFor === undefined ? '' : `; waits for ${step.waitsFor}`
    return `Group ${name} goes from ${count} to ${replicas} members${wait}`
  }
  return undefined
}

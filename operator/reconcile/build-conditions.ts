// The conditions of a cluster. Pure. Reconciling and Stalled are never there together, as kstatus wants it: what is
// stalled will not get better by waiting.
import {
  type Condition,
  type ConditionReason,
  conditionReasons,
  type ConditionStatus,
  type ConditionType,
} from '../api/conditions.ts'
import type { EdgeStatus } from '../api/status-schema.ts'
import { formatSpecProblem } from '../api/validate.ts'
import { KubeApiError } from '../kube/errors.ts'
import { countActives, findActive } from '../topology/observed-member.ts'
import { errorMessage } from '../../broker/base/errors.ts'
import { describeDrain, type DrainView } from './drain-status.ts'
import { type EdgeTrouble, findEdgeTrouble } from './edge-states.ts'
import { formatTime, type GroupView, type Judgement } from './judgement.ts'
import { maxConditionMessageLength } from './limits.ts'
import { type SeenMember, troubleOf } from './observe.ts'

/** A condition yet without generation and time. */
interface Finding<T extends ConditionType = ConditionType> {
  readonly type: T
  readonly status: ConditionStatus
  readonly reason: ConditionReason<T>
  readonly message: string
}

export function buildConditions(
  judgement: Judgement,
  views: readonly GroupView[],
  edges: readonly EdgeStatus[],
  drains: readonly DrainView[],
): Condition[] {
  const trouble = findEdgeTrouble(edges)
  const draining = judgeDraining(drains)
  const ready = judgeReady(judgement, views, trouble, draining)
  const available = judgeAvailable(judgement, views)
  const stalled = judgeStalled(judgement, views, ready, drains)
  const findings: (Finding | undefined)[] = [
    ready,
    available,
    stalled ? undefined : judgeReconciling(judgement, views, ready, draining),
    stalled,
    judgeDegraded(views, available, trouble),
    judgeSpec(judgement),
    judgement.storage &&
      found(
        'StorageReady',
        judgement.storage.ready ? 'True' : 'False',
        judgement.storage.reason,
        judgement.storage.message,
      ),
    judgement.plan && judgeNetwork(edges, trouble),
    judgement.plan && judgeUpToDate(judgement),
    judgeUpdateAvailable(judgement),
    draining,
    judgement.paused
      ? found('Paused', 'True', 'PausedBySpec', 'spec.paused is true: nothing but role labels is changed')
      : undefined,
  ]
  return findings.filter((finding) => finding !== undefined).map((finding) => complete(judgement, finding))
}

const found = <T extends ConditionType>(
  type: T,
  status: ConditionStatus,
  reason: ConditionReason<T>,
  message: string,
): Finding<T> => ({ type, status, reason, message })

function complete({ cluster, nowMs }: Judgement, { type, status, reason, message }: Finding): Condition {
  const previous = cluster.status?.conditions?.find((condition) => condition.type === type)
  return {
    type,
    status,
    reason,
    message:
      message.length > maxConditionMessageLength ? `${message.slice(0, maxConditionMessageLength - 1)}…` : message,
    observedGeneration: cluster.metadata.generation ?? 0,
    lastTransitionTime: previous?.status === status ? previous.lastTransitionTime : formatTime(nowMs),
  }
}

function judgeReady(
  judgement: Judgement,
  views: readonly GroupView[],
  trouble: EdgeTrouble | undefined,
  draining: Finding<'Draining'> | undefined,
): Finding<'Ready'> {
  const { problems, storage, rollout, rolloutMessage, shrinking } = judgement
  const no = (reason: ConditionReason<'Ready'>, message: string, status: ConditionStatus = 'False') =>
    found('Ready', status, reason, message)
  if (problems.length > 0) return no('SpecInvalid', problems.map(formatSpecProblem).join('; '))
  if (storage?.reason === 'ForeignStore') return no('StorageNotReady', storage.message)
  const unreachable = views.flatMap(({ members }) => members.filter(({ ready, role }) => ready && role === 'Unknown'))
  const withoutActive = views.find(({ members }) => !findActive(members))
  if (withoutActive && unreachable.length > 0)
    return no('MembersUnreachable', `${names(unreachable)} cannot be asked for its role`, 'Unknown')
  if (withoutActive && storage && !storage.ready) return no('StorageNotReady', storage.message)
  if (withoutActive) return no('GroupWithoutActive', `Group ${withoutActive.name} has no active member`)
  const torn = views.find(({ members }) => countActives(members) > 1)
  if (torn) return no('MultipleActives', describeActives(torn))
  if (rollout.state !== 'Idle') return no('RolloutInProgress', rolloutMessage)
  if (shrinking !== undefined) return no('RolloutInProgress', shrinking)
  if (draining) return no(draining.reason, draining.message)
  const returning = views.find(({ members }) => findActive(members)?.snapshot?.drain)
  if (returning) return no('DrainInProgress', `Group ${returning.name} is wanted again, and still drains`)
  const short = views.find(({ members, replicas }) => members.filter(({ ready }) => ready).length < replicas)
  if (short && !onlyBehind(short)) return no('StandbyMissing', describeMissing(short))
  if (unreachable.length > 0) return no('MembersUnreachable', `${names(unreachable)} cannot be asked`, 'Unknown')
  if (storage && !storage.ready) return no('StorageNotReady', storage.message)
  const behind = views.find((view) => behindIn(view).length > 0)
  if (behind) return no('StandbyNotInSync', describeBehind(behind))
  if (trouble) return no('EdgeDown', trouble.message, trouble.status)
  return found('Ready', 'True', 'AllMembersReady', 'All members are ready')
}

function judgeAvailable({ cluster }: Judgement, views: readonly GroupView[]): Finding<'Available'> {
  const torn = views.find(({ members }) => countActives(members) > 1)
  if (torn) return found('Available', 'Unknown', 'MultipleActives', describeActives(torn))
  const without = views.find(({ members }) => !findActive(members))
  if (!without && views.length > 0)
    return found('Available', 'True', 'AllGroupsActive', 'Every group has an active member')
  const previous = cluster.status?.conditions?.find(({ type }) => type === 'Available')
  if (!without || !previous || previous.reason === 'NeverStarted')
    return found('Available', 'False', 'NeverStarted', 'No member has been active yet')
  const unreachable = without.members.some(({ ready, role }) => ready && role === 'Unknown')
  const message = `Group ${without.name} has no active member`
  return found('Available', unreachable ? 'Unknown' : 'False', 'GroupWithoutActive', message)
}

function judgeReconciling(
  judgement: Judgement,
  views: readonly GroupView[],
  ready: Finding<'Ready'>,
  draining: Finding<'Draining'> | undefined,
): Finding<'Reconciling'> | undefined {
  const { failure, storage, rollout, rolloutMessage, shrinking, paused } = judgement
  const yes = (reason: ConditionReason<'Reconciling'>, message: string) => found('Reconciling', 'True', reason, message)
  if (failure !== undefined) return yes('Progressing', errorMessage(failure))
  // Nothing that the operator could do or wait for.
  if (paused || rollout.state === 'AwaitingDelete') return undefined
  if (storage && !storage.ready) {
    if (storage.reason === 'ResizeInProgress') return yes('ResizeInProgress', storage.message)
    if (waitsForOthers.has(storage.reason)) return yes('WaitingForDependency', storage.message)
  }
  if (shrinking !== undefined) return yes('ScalingDown', shrinking)
  if (draining) return yes('ScalingDown', draining.message)
  const growing = views.find(({ members, replicas }) => members.length > 0 && members.length < replicas)
  if (growing)
    return yes('ScalingUp', `Group ${growing.name} has ${growing.members.length} of ${growing.replicas} members`)
  if (rollout.state !== 'Idle') return yes('RolloutInProgress', rolloutMessage)
  return ready.status === 'True' ? undefined : yes('Progressing', ready.message)
}

/** Of StorageReady: somebody else has to make it good, and may do so at any time. */
const waitsForOthers: ReadonlySet<string> = new Set([
  'VolumePending',
  'ClaimMissing',
  'UnknownSecret',
  'InvalidSecret',
  'DatabaseUnreachable',
  'ZooKeeperUnreachable',
  'ApiServerUnreachable',
  'QuorumLost',
])

function judgeStalled(
  judgement: Judgement,
  views: readonly GroupView[],
  ready: Finding<'Ready'>,
  drains: readonly DrainView[],
): Finding<'Stalled'> | undefined {
  const { problems, failure } = judgement
  const yes = (reason: ConditionReason<'Stalled'>, message: string) => found('Stalled', 'True', reason, message)
  if (problems.length > 0) return yes('SpecInvalid', problems.map(formatSpecProblem).join('; '))
  if (failure instanceof KubeApiError && failure.code === 403)
    return yes(/exceeded quota/i.test(failure.message) ? 'QuotaExceeded' : 'Forbidden', failure.message)
  for (const { name, failure: broken } of views.flatMap(({ members }) => members)) {
    if (broken?.reason === 'Unschedulable' && waitsForVolume(broken.message)) continue
    if (broken?.reason === 'ImagePullFailed' || broken?.reason === 'Unschedulable')
      return yes(broken.reason, `${name}: ${broken.message}`)
  }
  const [overdue, stuck] = [drains.find(({ isOverdue: is }) => is), drains.find(({ needsSomebody }) => needsSomebody)]
  if (overdue) return yes('DrainTimedOut', describeDrain(overdue))
  if (stuck) return yes('DrainBlocked', describeDrain(stuck))
  // A drain has a deadline of its own.
  if (ready.status !== 'True' && !isOfDrain(ready.reason) && isOverdue(judgement))
    return yes('ProgressDeadlineExceeded', ready.message)
  return undefined
}

/**
 * In the words of the scheduler. A volume that is being made takes its time; one that never comes is told by StorageReady,
 * and is overdue at last.
 */
const waitsForVolume = (message: string): boolean => message.includes('unbound immediate PersistentVolumeClaims')

const isOfDrain = (reason: string): boolean => (conditionReasons.Draining as readonly string[]).includes(reason)

/** Since the last progress of a rollout, or else since it began to reconcile, more time has passed than is granted. */
function isOverdue({ cluster, plan, rollout, nowMs, paused }: Judgement): boolean {
  if (!plan || paused || rollout.state === 'AwaitingDelete') return false
  const conditions = cluster.status?.conditions ?? []
  const previous = conditions.find(({ type }) => type === 'Stalled')
  // It stays so until something moves: a new generation, a step of the rollout, or being Ready.
  const moved =
    rollout.since !== cluster.status?.rollout?.since ||
    cluster.metadata.generation !== cluster.status?.observedGeneration
  if (previous?.reason === 'ProgressDeadlineExceeded') return !moved
  const began = rollout.since ?? conditions.find(({ type }) => type === 'Reconciling')?.lastTransitionTime
  return began !== undefined && nowMs - Date.parse(began) > plan.update.progressDeadlineMs
}

function judgeDegraded(
  views: readonly GroupView[],
  available: Finding<'Available'>,
  trouble: EdgeTrouble | undefined,
): Finding<'Degraded'> | undefined {
  const torn = views.find(({ members }) => countActives(members) > 1)
  if (torn) return found('Degraded', 'True', 'MultipleActives', describeActives(torn))
  if (available.status !== 'True') return undefined
  const short = views.find(
    (view) => view.members.filter(({ ready }) => ready).length < view.replicas && !onlyBehind(view),
  )
  if (short) return found('Degraded', 'True', 'StandbyMissing', describeMissing(short))
  return trouble?.status === 'False' ? found('Degraded', 'True', 'EdgeDown', trouble.message) : undefined
}

function judgeDraining(drains: readonly DrainView[]): Finding<'Draining'> | undefined {
  if (drains.length === 0) return undefined
  const message = drains.map(describeDrain).join('; ')
  if (drains.some(({ isOverdue }) => isOverdue)) return found('Draining', 'True', 'DrainTimedOut', message)
  const isBlocked = drains.some((drain) => drain.isBlocked)
  return found('Draining', 'True', isBlocked ? 'DrainBlocked' : 'DrainInProgress', message)
}

function judgeNetwork(edges: readonly EdgeStatus[], trouble: EdgeTrouble | undefined): Finding<'NetworkConnected'> {
  if (trouble) return found('NetworkConnected', trouble.status, 'EdgeDown', trouble.message)
  if (edges.length === 0) return found('NetworkConnected', 'True', 'NotApplicable', 'There is no network')
  return found('NetworkConnected', 'True', 'AllEdgesConnected', 'All edges are connected')
}

function judgeSpec({ problems, unsupportedChange }: Judgement): Finding<'SpecValid'> {
  if (problems.length === 0) return found('SpecValid', 'True', 'Valid', 'The spec is valid')
  const message = problems.map(formatSpecProblem).join('; ')
  return found('SpecValid', 'False', unsupportedChange ? 'UnsupportedChange' : 'SpecInvalid', message)
}

function judgeUpToDate({ rollout, rolloutMessage, paused }: Judgement): Finding<'UpToDate'> {
  const no = (reason: ConditionReason<'UpToDate'>) => found('UpToDate', 'False', reason, rolloutMessage)
  if (paused && rollout.pending.length > 0) return no('UpdateHeldByPolicy')
  switch (rollout.state) {
    case 'Idle':
      return found('UpToDate', 'True', 'AllMembersCurrent', 'All members have the current revision')
    case 'Standbys':
      return no('RollingStandbys')
    case 'HandingOver':
      return no('HandingOver')
    case 'AwaitingDelete':
      return no('AwaitingDelete')
    case 'Blocked':
      return no('RolloutBlocked')
  }
}

function judgeUpdateAvailable({ plan }: Judgement): Finding<'UpdateAvailable'> | undefined {
  const group = plan?.groups.find(({ pod }) => pod.offeredImage !== undefined)
  if (!group) return undefined
  const { image, offeredImage } = group.pod
  const message = `Group ${group.name} keeps ${image}; the operator's default is ${offeredImage}. Set spec.image.reference, or spec.image.update to Automatic, to get it`
  return found('UpdateAvailable', 'True', 'OtherDefaultImage', message)
}

/** Standbys that run, and have not yet what the active has. */
const behindIn = ({ members }: GroupView): SeenMember[] =>
  members.filter(({ inSync, role, running }) => running && role === 'Standby' && !inSync)

/** All members are there, and those that are not ready only have to catch up. */
function onlyBehind(view: GroupView): boolean {
  const behind = behindIn(view)
  const isExplained = (member: SeenMember): boolean =>
    member.ready || (behind.includes(member) && troubleOf(member.snapshot) === undefined)
  return view.members.length >= view.replicas && view.members.every(isExplained)
}

const describeBehind = (view: GroupView): string =>
  `Group ${view.name}: ${names(behindIn(view))} ${behindIn(view).length === 1 ? 'has' : 'have'} not yet what the active has`

const names = (members: readonly { readonly name: string }[]): string => members.map(({ name }) => name).join(', ')

function describeMissing({ name, members, replicas }: GroupView): string {
  const ready = members.filter((member) => member.ready).length
  const broken = members.find(({ failure }) => failure)
  const cut = members.find(({ snapshot }) => troubleOf(snapshot) !== undefined)
  const ofLock = cut ? `; ${cut.name}: ${troubleOf(cut.snapshot)}` : ''
  const why = broken?.failure ? `; ${broken.name}: ${broken.failure.reason}: ${broken.failure.message}` : ofLock
  return `Group ${name} has ${ready} of ${replicas} members ready${why}`
}

function describeActives({ name, members }: GroupView): string {
  const actives = members.filter(({ role }) => role === 'Active')
  const terms = actives.map((member) => `${member.name} in term ${member.term ?? '?'}`).join(', ')
  return `Group ${name} has more than one member that says that it is active: ${terms}; the highest term counts`
}

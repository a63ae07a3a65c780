// How a change reaches running members: given what a group should be and what was seen, the one next step. Pure, and
// without memory but the state and time that stand in the status, so that an operator that starts anew goes on.
//
//   standbys, one after the other, each Ready as standby before the next ──► the active hands over ──► done
//
// The active is never touched without a standby that would take over at once. A member that does not serve anyway may
// always be replaced: nothing gets worse. It will not look at how many members there should be: that is scale-step.ts.
import { countActives, findActive, isProvenStandby, type ObservedMember } from './observed-member.ts'

export interface RolloutInput {
  readonly revision: string
  /** Members that the StatefulSet is to keep running. */
  readonly replicas: number
  /** Each member has a copy: one may be away only while all others have what the active has. */
  readonly hasCopies: boolean
  /** Pods that exist. */
  readonly members: readonly ObservedMember[]
  readonly type: 'RollingUpdate' | 'OnDelete'
  readonly handoverTimeoutMs: number
  readonly progressDeadlineMs: number
  /** Of the status that was written last. */
  readonly previousState: RolloutState
  /** How long ago the rollout last made progress. */
  readonly sinceProgressMs: number
}

export type RolloutState = 'Idle' | 'Standbys' | 'HandingOver' | 'AwaitingDelete' | 'Blocked'

export type DeleteReason =
  /** It is a standby, and outdated. */
  | 'StandbyOutdated'
  /** It is active and outdated, and another one is ready to take over. */
  | 'HandOver'
  /** It is the only member of its group. */
  | 'OnlyMember'
  /** It does not serve, and is outdated. */
  | 'Broken'

export interface RolloutStep {
  readonly state: RolloutState
  /** For people: what is being done or waited for; empty when there is nothing to do. */
  readonly message: string
  /** Outdated members. */
  readonly pending: readonly string[]
  /** Deletes this pod, in order and not by force, so that the lock of an active is free at once. */
  readonly delete?: { readonly member: string; readonly reason: DeleteReason }
}

export function planRolloutStep(input: RolloutInput): RolloutStep {
  const outdated = input.members.filter((member) => isOutdated(input, member))
  const pending = outdated.map(({ name }) => name)
  if (outdated.length === 0) return afterwards(input)
  if (input.type === 'OnDelete')
    return { state: 'AwaitingDelete', message: `Waits for somebody to delete ${pending.join(', ')}`, pending }
  return { pending, ...nextStep(input, outdated) }
}

type Next = Omit<RolloutStep, 'pending'>

const isOutdated = ({ revision }: RolloutInput, member: ObservedMember): boolean => member.revision !== revision

function nextStep(input: RolloutInput, outdated: readonly ObservedMember[]): Next {
  const { members, replicas } = input
  const active = findActive(members)
  const leaving = members.find(({ terminating }) => terminating)
  if (leaving) return wait(handsOver(input, leaving === active), `Waits for ${leaving.name} to stop`)
  const broken = outdated.find(({ running }) => !running)
  if (broken) return remove('Standbys', broken, 'Broken')
  if (members.length < replicas) return wait('Standbys', 'Waits for the pods of all members')
  if (replicas === 1 && members.length === 1) return remove('HandingOver', members[0]!, 'OnlyMember')
  if (!active) return withoutActive(input, outdated)
  if (countActives(members) > 1)
    return blocked(`More than one member says that it is active; ${active.name} has the highest term`)
  return withActive(input, outdated, active)
}

function withActive(input: RolloutInput, outdated: readonly ObservedMember[], active: ObservedMember): Next {
  const unproven = input.members.find(
    (member) => member !== active && !isOutdated(input, member) && !isProvenStandby(member),
  )
  if (unproven?.failure)
    return blocked(
      `${unproven.name} does not become a standby: ${unproven.failure.reason}: ${unproven.failure.message}`,
    )
  if (unproven) return wait('Standbys', `Waits for ${unproven.name} to be ready as a standby`)
  const standbys = outdated.filter((member) => member !== active)
  // Whoever could not take over anyway goes first, then from the top.
  const next = standbys.find((member) => !isProvenStandby(member)) ?? standbys.at(-1)
  const behind = input.members.filter((member) => member !== active && member !== next && !isProvenStandby(member))
  if (next && input.hasCopies && behind.length > 0)
    return wait('Standbys', `Waits for ${behind.map(({ name }) => name).join(', ')} to be in sync`)
  if (next) return remove('Standbys', next, 'StandbyOutdated')
  if (!input.members.some((member) => member !== active && isProvenStandby(member)))
    return blocked(`${active.name} is active and no standby is ready to take over from it`)
  return remove('HandingOver', active, 'HandOver')
}

/** Somebody may be taking over right now; only time tells. */
function withoutActive(input: RolloutInput, outdated: readonly ObservedMember[]): Next {
  const stuck = outdated.find(({ ready, role }) => !ready && role !== 'Standby')
  if (stuck && input.sinceProgressMs > input.progressDeadlineMs) return remove('Standbys', stuck, 'Broken')
  if (input.previousState === 'HandingOver' && input.sinceProgressMs <= input.handoverTimeoutMs)
    return wait('HandingOver', 'Waits for a member to become active')
  return blocked('No member says that it is active')
}

/** All members are current: done, unless the last hand-over still has to bring forth a new active. */
function afterwards(input: RolloutInput): RolloutStep {
  const { previousState, sinceProgressMs, handoverTimeoutMs, members } = input
  const pending: string[] = []
  if ((previousState !== 'HandingOver' && previousState !== 'Blocked') || findActive(members))
    return { state: 'Idle', message: '', pending }
  if (previousState === 'HandingOver' && sinceProgressMs <= handoverTimeoutMs)
    return { state: 'HandingOver', message: 'Waits for a member to become active', pending }
  return { state: 'Blocked', message: 'No member became active within handoverTimeout after the hand-over', pending }
}

const handsOver = ({ previousState }: RolloutInput, activeLeaves: boolean): RolloutState =>
  activeLeaves || previousState === 'HandingOver' ? 'HandingOver' : 'Standbys'
const wait = (state: RolloutState, message: string): Next => ({ state, message })
const blocked = (message: string): Next => ({ state: 'Blocked', message })
const remove = (state: RolloutState, { name }: ObservedMember, reason: DeleteReason): Next => ({
  state,
  message: describe[reason].replace('$', name),
  delete: { member: name, reason },
})

const describe: Readonly<Record<DeleteReason, string>> = {
  StandbyOutdated: 'Restarts standby $',
  HandOver: '$ hands over to a standby and is restarted',
  OnlyMember: 'Restarts $, the only member of its group',
  Broken: 'Replaces $, which does not serve',
}

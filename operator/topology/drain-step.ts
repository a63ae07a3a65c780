// How a group leaves that is no longer wanted: what is done with it next. Pure, and without memory but the time that stands in
// the status, so that an operator that starts anew goes on.
//
//   its active is told to drain ──► it has no messages ──► one member is left, still without any ──► the group is removed
//
// A group of several members shrinks to one first, because members are stopped side by side: a standby that is still
// there when the active ends would take over, and clients would send to it. It will not carry anything out, and knows nothing
// of claims.
import { countActives, findActive, type ObservedMember } from './observed-member.ts'
import { planScaleStep } from './scale-step.ts'

/** What a member says of its drain. */
interface MemberDrain {
  readonly to: readonly string[]
  readonly messagesRemaining: number
  readonly messagesOfSubscriptions: number
  readonly reason: string | null
}

export interface DrainingMember extends ObservedMember {
  /** Undefined while it does not drain, or cannot be asked. */
  readonly drain: MemberDrain | undefined
  /** A broker has run in its pod. */
  readonly hasRun: boolean
  /** It does not use the store, and never takes over. */
  readonly refuses: boolean
}

export interface DrainInput {
  readonly policy: 'Enforce' | 'BestEffort' | 'Skip'
  readonly timeoutMs: number
  /** As the status has it; undefined: it begins now. */
  readonly startedMs: number | undefined
  readonly nowMs: number
  /** A URI for each group that it drains to. */
  readonly to: readonly string[]
  /** How many members the StatefulSet has. */
  readonly current: number
  readonly members: readonly DrainingMember[]
  /** False only if it is known that none of its members was. */
  readonly hasBeenActive: boolean
  /** Otherwise messages end with the process of a member. */
  readonly hasStore: boolean
}

export type RemovalReason =
  /** As the policy says. */
  | 'Skipped'
  /** It never had a message, or has lost them all. */
  | 'NothingThere'
  | 'Drained'
  /** Whatever it still has. */
  | 'TimedOut'

type DrainDeed =
  | { readonly kind: 'Wait' }
  | { readonly kind: 'Tell'; readonly member: string }
  | { readonly kind: 'Shrink'; readonly replicas: number }
  | { readonly kind: 'Remove'; readonly because: RemovalReason }

/** Why a group does not go yet. What stands before a colon says who told it; what follows may be another text each time. */
export interface DrainHold {
  readonly reason: string
  /** Nothing is forwarded meanwhile. */
  readonly isBlocked: boolean
  /** It does not get better by waiting. */
  readonly needsSomebody: boolean
}

export interface DrainStep {
  readonly deed: DrainDeed
  readonly hold?: DrainHold
  /** The time that it was given is over. */
  readonly isOverdue: boolean
}

export function planDrainStep(input: DrainInput): DrainStep {
  const { policy, timeoutMs, nowMs, startedMs = nowMs } = input
  if (policy === 'Skip') return { ...remove('Skipped'), isOverdue: false }
  if (hasNothing(input)) return { ...remove('NothingThere'), isOverdue: false }
  const isOverdue = nowMs - startedMs >= timeoutMs
  const next = nextStep(input)
  if (policy === 'BestEffort' && isOverdue && next.deed.kind !== 'Remove') return { ...remove('TimedOut'), isOverdue }
  return { ...next, isOverdue }
}

type Next = Omit<DrainStep, 'isOverdue'>

const hasNothing = ({ members, hasBeenActive, hasStore }: DrainInput): boolean =>
  (!hasBeenActive && members.every(({ hasRun }) => !hasRun)) || (!hasStore && members.every(({ running }) => !running))

function nextStep(input: DrainInput): Next {
  const { members, to } = input
  const active = findActive(members)
  if (!active) return blocked(withoutActive(members))
  if (countActives(members) > 1) return blocked('More than one of its members says that it is active')
  const { drain } = active
  if (!drain || !hasSame(drain.to, to)) return { deed: { kind: 'Tell', member: active.name } }
  const { messagesRemaining, messagesOfSubscriptions, reason } = drain
  if (messagesRemaining > 0) return reason === null ? wait : blocked(`${active.name} says: ${reason}`)
  if (messagesOfSubscriptions > 0) return blocked(ofSubscriptions, true)
  return leave(input, active)
}

/** It is empty, and nothing reaches it: until somebody else of it becomes active. */
function leave({ current, members }: DrainInput, active: DrainingMember): Next {
  const { replicas, waitsFor } = planScaleStep({ replicas: 1, current, members })
  if (replicas < current) return { deed: { kind: 'Shrink', replicas } }
  const heir = members.find((member) => member !== active && member.running && !member.refuses)
  if (!heir) return remove('Drained')
  const reason = `It is empty, and waits for ${waitsFor ?? `${heir.name} to stop`}`
  return { ...wait, hold: { reason, isBlocked: false, needsSomebody: false } }
}

const wait: Next = { deed: { kind: 'Wait' } }
const remove = (because: RemovalReason): Next => ({ deed: { kind: 'Remove', because } })
const blocked = (reason: string, needsSomebody = false): Next => ({
  ...wait,
  hold: { reason, isBlocked: true, needsSomebody },
})

function withoutActive(members: readonly DrainingMember[]): string {
  const silent = members.filter(({ running, role }) => running && role === 'Unknown').map(({ name }) => name)
  return silent.length > 0 ? `${silent.join(', ')} cannot be asked` : 'None of its members is active'
}

const ofSubscriptions =
  'Those of durable subscriptions are for their subscribers only. Scale back and consume them, delete the subscriptions at the admin port, or set spec.scaleDown.drain to BestEffort'

const hasSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one))

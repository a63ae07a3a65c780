// What the status says of groups that leave. Pure.
//
// How many messages are left changes all the time: it is counted anew every 10 s at most, so that a drain of a million
// messages is not a million writes. What a broker says of why it does not drain stays as it said it first.
import type { DrainStatus } from '../api/status-schema.ts'
import { maxDrainReasonLength } from '../api/limits.ts'
import { findActive } from '../topology/observed-member.ts'
import type { LeavingGroup } from './drains.ts'
import { formatTime, type Judgement } from './judgement.ts'
import { drainCountPeriodMs } from './limits.ts'

export interface DrainView {
  readonly status: DrainStatus
  readonly isBlocked: boolean
  readonly needsSomebody: boolean
  readonly isOverdue: boolean
}

/** None while nothing is done: the time that they have begins anew then. */
export function viewDrains(judgement: Judgement): DrainView[] {
  const { plan, acts, leaving } = judgement
  if (!plan || !acts) return []
  return leaving
    .filter((group) => !isGone(judgement, group))
    .map((group) => viewDrain(judgement, group, plan.scaleDown.timeoutMs))
}

/** What was to be removed, and was. */
export const isGone = ({ acts, failure }: Judgement, { step }: LeavingGroup): boolean =>
  acts && failure === undefined && step.deed.kind === 'Remove'

function viewDrain(
  { cluster, drainsRefused, nowMs }: Judgement,
  { name, members, step }: LeavingGroup,
  timeoutMs: number,
): DrainView {
  const previous = cluster.status?.drains?.find(({ group }) => group === name)
  const active = findActive(members)
  const startedAt = previous?.startedAt ?? formatTime(nowMs)
  const hold = drainsRefused.get(name) ?? step.hold
  const reason = hold && settle(hold.reason.slice(0, maxDrainReasonLength), previous?.reason)
  return {
    status: {
      group: name,
      ...(active && { member: active.name }),
      ...countsOf(active?.snapshot?.drain, active?.name, previous, nowMs),
      startedAt,
      deadline: formatTime(Math.min(Date.parse(startedAt) + timeoutMs, lastTimeMs)),
      ...(reason !== undefined && { reason }),
    },
    isBlocked: hold?.isBlocked ?? false,
    needsSomebody: hold?.needsSomebody ?? false,
    isOverdue: step.isOverdue,
  }
}

/** `Group g2 has 120 messages left`, and what holds it up. */
export function describeDrain({ status }: DrainView): string {
  const { group, messagesRemaining, messagesOfSubscriptions = 0, reason } = status
  const counted = (count: number) => `${count} ${count === 1 ? 'message' : 'messages'}`
  const left = messagesRemaining === undefined ? 'is to drain' : `has ${counted(messagesRemaining)} left`
  const kept = messagesOfSubscriptions > 0 ? `, and ${counted(messagesOfSubscriptions)} of durable subscriptions` : ''
  return `Group ${group} ${left}${kept}${reason === undefined ? '' : `. ${reason}`}`
}

type Counts = Pick<DrainStatus, 'messagesRemaining' | 'messagesOfSubscriptions' | 'countedAt'>

function countsOf(
  drain: { readonly messagesRemaining: number; readonly messagesOfSubscriptions: number } | undefined,
  member: string | undefined,
  previous: DrainStatus | undefined,
  nowMs: number,
): Counts {
  const { messagesRemaining, messagesOfSubscriptions, countedAt } = previous ?? {}
  const before: Counts = {
    ...(messagesRemaining !== undefined && { messagesRemaining }),
    ...(messagesOfSubscriptions !== undefined && { messagesOfSubscriptions }),
    ...(countedAt !== undefined && { countedAt }),
  }
  if (!drain) return before
  const isSame =
    drain.messagesRemaining === messagesRemaining && drain.messagesOfSubscriptions === (messagesOfSubscriptions ?? 0)
  const isFresh =
    countedAt !== undefined && previous?.member === member && nowMs - Date.parse(countedAt) < drainCountPeriodMs
  if (isSame || isFresh) return before
  return {
    messagesRemaining: drain.messagesRemaining,
    ...(drain.messagesOfSubscriptions > 0 && { messagesOfSubscriptions: drain.messagesOfSubscriptions }),
    countedAt: formatTime(nowMs),
  }
}

/** Of the same speaker what was said first. */
const settle = (reason: string, before: string | undefined): string =>
  before !== undefined && speakerOf(before) === speakerOf(reason) ? before : reason

const speakerOf = (reason: string): string => reason.split(': ', 1)[0]!

/** What RFC 3339 can write. */
const lastTimeMs = Date.parse('9999-12-31T23:59:59Z')

// How often and when the broker itself delivers a message again that its client has given up, as ActiveMQ's RedeliveryPolicy
// reckons it. Pure. (The client's own policy: client/redelivery-policy.ts.)
import type { Random } from '../base/random.ts'
import { destinationLimits } from './limits.ts'

export interface RedeliveryPolicy {
  /** -1: without end. */
  readonly maximumRedeliveries: number
  readonly initialRedeliveryDelayMs: number
  readonly redeliveryDelayMs: number
  /** Of delays that grow; null: they grow without end. */
  readonly maximumRedeliveryDelayMs: number | null
  readonly useExponentialBackOff: boolean
  readonly backOffMultiplier: number
  readonly useCollisionAvoidance: boolean
  readonly collisionAvoidancePercent: number
}

export const allowsAnother = ({ maximumRedeliveries }: RedeliveryPolicy, redeliveries: number): boolean =>
  maximumRedeliveries === -1 || redeliveries < maximumRedeliveries

/** Before the delivery that comes after `redeliveries` others (ActiveMQ: RedeliveryPlugin.sendToDeadLetterQueue). */
export function delayMsAfter(policy: RedeliveryPolicy, redeliveries: number, random: Random): number {
  let delayMs = policy.initialRedeliveryDelayMs
  for (let i = 0; i < redeliveries && !isAtItsEnd(policy, delayMs); i++) delayMs = nextDelayMs(policy, delayMs, random)
  return Math.min(delayMs, destinationLimits.longestRedeliveryDelayMs)
}

/** A counter may be any number: what does not change any more is not reckoned again and again. */
const isAtItsEnd = (policy: RedeliveryPolicy, delayMs: number): boolean =>
  delayMs >= destinationLimits.longestRedeliveryDelayMs ||
  (!policy.useCollisionAvoidance && delayMs === nextDelayMs(policy, delayMs, noRandom))

const noRandom: Random = { next: () => 0.5 }

/** ActiveMQ: RedeliveryPolicy.getNextRedeliveryDelay. */
function nextDelayMs(policy: RedeliveryPolicy, previousMs: number, random: Random): number {
  const { redeliveryDelayMs, maximumRedeliveryDelayMs, backOffMultiplier } = policy
  let delayMs = redeliveryDelayMs
  if (previousMs > 0 && policy.useExponentialBackOff && backOffMultiplier > 1) {
    delayMs = Math.floor(previousMs * backOffMultiplier)
    if (maximumRedeliveryDelayMs !== null && delayMs > maximumRedeliveryDelayMs)
      delayMs = Math.max(maximumRedeliveryDelayMs, redeliveryDelayMs)
  }
  if (!policy.useCollisionAvoidance) return delayMs
  const share = (policy.collisionAvoidancePercent / 100) * (random.next() * 2 - 1)
  return Math.max(0, Math.floor(delayMs * (1 + share)))
}

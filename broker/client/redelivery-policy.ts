// How often and when a message that was rolled back is delivered again, as in the Java client's
// RedeliveryPolicy. Pure.
import type { Random } from '../base/random.ts'
import type { ConnectionOptions } from './connection-options.ts'

export interface RedeliveryPolicy {
  /** -1 = without end. */
  readonly maximumRedeliveries: number
  readonly initialRedeliveryDelay: number
  readonly redeliveryDelay: number
  /** -1 = none. */
  readonly maximumRedeliveryDelay: number
  readonly useExponentialBackOff: boolean
  readonly backOffMultiplier: number
  readonly useCollisionAvoidance: boolean
  readonly collisionAvoidancePercent: number
  /** A transacted consumer refuses what comes with too high a counter already. */
  readonly preDispatchCheck: boolean
}

export const redeliveryPolicyOf = (options: ConnectionOptions): RedeliveryPolicy => ({
  maximumRedeliveries: options['redeliveryPolicy.maximumRedeliveries'],
  initialRedeliveryDelay: options['redeliveryPolicy.initialRedeliveryDelay'],
  redeliveryDelay: options['redeliveryPolicy.redeliveryDelay'],
  maximumRedeliveryDelay: options['redeliveryPolicy.maximumRedeliveryDelay'],
  useExponentialBackOff: options['redeliveryPolicy.useExponentialBackOff'],
  backOffMultiplier: options['redeliveryPolicy.backOffMultiplier'],
  useCollisionAvoidance: options['redeliveryPolicy.useCollisionAvoidance'],
  collisionAvoidancePercent: options['redeliveryPolicy.collisionAvoidancePercent'],
  preDispatchCheck: options['redeliveryPolicy.preDispatchCheck'],
})

/** True when a message with this counter is not to be delivered any more. */
export const isBeyond = (policy: RedeliveryPolicy, redeliveryCounter: number): boolean =>
  policy.maximumRedeliveries !== -1 && redeliveryCounter > policy.maximumRedeliveries

/** The pause before the next delivery; `previousMs` is the one before the last delivery, 0 at first. */
export function nextRedeliveryDelayMs(policy: RedeliveryPolicy, previousMs: number, random: Random): number {
  let delayMs = policy.initialRedeliveryDelay
  if (previousMs > 0)
    delayMs = policy.useExponentialBackOff ? previousMs * policy.backOffMultiplier : policy.redeliveryDelay
  if (policy.maximumRedeliveryDelay !== -1) delayMs = Math.min(delayMs, policy.maximumRedeliveryDelay)
  if (!policy.useCollisionAvoidance) return delayMs
  const share = (policy.collisionAvoidancePercent / 100) * (random.next() * 2 - 1)
  return Math.max(0, Math.round(delayMs * (1 + share)))
}

/** As the Java client words it, because people search dead letters for it. */
export function poisonCause(policy: RedeliveryPolicy, redeliveryCounter: number, cause: string | null): string {
  const fields = [
    'destination = null',
    `collisionAvoidanceFactor = ${policy.collisionAvoidancePercent / 100}`,
    `maximumRedeliveries = ${policy.maximumRedeliveries}`,
    `maximumRedeliveryDelay = ${policy.maximumRedeliveryDelay}`,
    `initialRedeliveryDelay = ${policy.initialRedeliveryDelay}`,
    `useCollisionAvoidance = ${policy.useCollisionAvoidance}`,
    `useExponentialBackOff = ${policy.useExponentialBackOff}`,
    `backOffMultiplier = ${policy.backOffMultiplier.toFixed(1)}`,
    `redeliveryDelay = ${policy.redeliveryDelay}`,
    `preDispatchCheck = ${policy.preDispatchCheck}`,
  ]
  return `Delivery[${redeliveryCounter}] exceeds redelivery policy limit:RedeliveryPolicy {${fields.join(', ')}}, cause:${cause}`
}

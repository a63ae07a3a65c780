// Redelivery by the broker (ActiveMQ: RedeliveryPlugin): a message that its client has given up is not buried, but delivered
// again after a while, to whoever consumes then. Here is what becomes of a message, and the copy that waits.
//
// The copy says itself from when on it may be delivered, in the field `arrival`, which OpenWire has for that: "The broker will
// not dispatch a message to a consumer until it's arrival time has elapsed". ActiveMQ never did it. So the wait is in the
// store with the message, and whichever broker reads it goes on with it.
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { PrimitiveMap } from '../marshal/primitive-map.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { PolicyMap, type PolicyEntry } from '../routing/policy-map.ts'
import { destinationLimits } from './limits.ts'
import { allowsAnother, delayMsAfter, type RedeliveryPolicy } from './redelivery-policy.ts'

export interface BrokerRedeliveryConfig {
  readonly policies: readonly (PolicyEntry & RedeliveryPolicy)[]
  /** Of destinations that match none; null: they have none. */
  readonly defaultPolicy: RedeliveryPolicy | null
  /** false: what was delivered too often is dropped. */
  readonly sendToDlqIfMaxRetriesExceeded: boolean
  /** false: what has no policy is dropped. */
  readonly fallbackToDeadLetter: boolean
}

export type Verdict =
  | { readonly what: 'wait'; readonly delayMs: number }
  | { readonly what: 'bury' }
  | { readonly what: 'drop' }

/** The messages of one queue that wait. */
export interface WaitingQueue {
  /** All of them are due. */
  release(): void
}

export class BrokerRedelivery {
  readonly #queues = new Set<WaitingQueue>()
  #suspended = false
  #waiting = 0
  #crowded = false
  readonly #config: BrokerRedeliveryConfig
  readonly #policies: PolicyMap<PolicyEntry & RedeliveryPolicy>
  readonly #random: Random
  readonly #logger: Logger

  constructor(config: BrokerRedeliveryConfig, random: Random, logger: Logger) {
    this.#config = config
    this.#policies = new PolicyMap(config.policies)
    this.#random = random
    this.#logger = logger
  }

  policyFor(destination: Destination): RedeliveryPolicy | null {
    return this.#policies.for(destination) ?? this.#config.defaultPolicy
  }

  /** While it is, nothing waits: the broker gives all that it has to others, and they are told when it may be delivered. */
  set suspended(suspended: boolean) {
    this.#suspended = suspended
    if (suspended) for (const queue of this.#queues) queue.release()
  }

  /** It has messages that wait, or none any more. */
  waits(queue: WaitingQueue, waits: boolean): void {
    if (waits) this.#queues.add(queue)
    else this.#queues.delete(queue)
  }

  /** Whether another one can wait. */
  hasRoom(queue: string): boolean {
    if (this.#suspended) return false
    const { maximumAwaitingRedelivery: limit } = destinationLimits
    if (this.#waiting < limit) return true
    if (!this.#crowded)
      this.#logger.warn('Too many messages wait to be delivered again: more are not put off', { queue, limit })
    this.#crowded = true
    return false
  }

  enter(): void {
    this.#waiting++
  }

  leave(count: number): void {
    this.#waiting -= count
    if (this.#waiting <= destinationLimits.maximumAwaitingRedelivery / 2) this.#crowded = false
  }

  /** What is to become of a message that was given up when it had been delivered again so often. */
  judge(destination: Destination, redeliveries: number): Verdict {
    const policy = this.policyFor(destination)
    const { fallbackToDeadLetter, sendToDlqIfMaxRetriesExceeded } = this.#config
    if (!policy) return { what: fallbackToDeadLetter ? 'bury' : 'drop' }
    if (allowsAnother(policy, redeliveries))
      return { what: 'wait', delayMs: delayMsAfter(policy, redeliveries, this.#random) }
    return { what: sendToDlqIfMaxRetriesExceeded ? 'bury' : 'drop' }
  }
}

/**
 * The copy that waits. As in ActiveMQ (SchedulerBroker.scheduledJob) its time to live begins anew when it may be delivered,
 * and it is in no transaction any more.
 */
export function copyThatWaits(message: Message, redeliveryCounter: number, delayMs: number, nowMs: number): Message {
  const dueMs = nowMs + delayMs
  const livesMs = message.timestamp > 0 && message.expiration > 0 ? message.expiration - message.timestamp : 0
  const changes = {
    transactionId: null,
    originalTransactionId: null,
    redeliveryCounter,
    arrival: dueMs,
    ...(livesMs > 0 && { timestamp: dueMs, expiration: dueMs + livesMs }),
  } as const
  // Without it a stock client refuses what was delivered more often than its own policy permits.
  const properties: PrimitiveMap = new Map([['redeliveryDelay', { type: 'long', value: delayMs }]])
  try {
    return message.withChanges({ ...changes, properties })
  } catch {
    // Its own properties cannot be decoded.
    return message.withChanges(changes)
  }
}

/** From when on a message may be delivered; 0: from now on. */
export function dueMsOf(message: Message, nowMs: number): number {
  if (message.redeliveryCounter === 0) return 0
  const { arrival } = message
  return arrival > nowMs && arrival - nowMs <= destinationLimits.longestRedeliveryDelayMs ? arrival : 0
}

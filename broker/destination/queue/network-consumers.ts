// The consumers of a queue that are bridges: which messages they may have. What has been at a broker may go back there when nobody
// here is left to consume it (ActiveMQ: ConditionalNetworkBridgeFilterFactory), however many brokers it has passed: else messages
// would wait here for ever whose consumers have moved on. Only where it gets on by that, other than in ActiveMQ: not while a
// bridge may take it to where it has not been, although that one has no room; and not where it would be held up on the way. Else
// brokers between which there are several ways would send it to and fro.
//
// Nor before the broker that it came from has our answer for it, where that one would take both for the same message and lose them
// (NetworkTerms.returnGraceMs).
//
// What is refused for now is shown to the bridges again when that ends: the last consumer here has gone, a message has been here
// long enough, or the time of a rate is over. In between nobody looks at it.
import type { Clock, Timer } from '../../base/clock.ts'
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { DestinationContext } from '../destination-context.ts'
import { destinationLimits } from '../limits.ts'
import { defaultNetworkFilterPolicy, type NetworkFilterPolicy } from '../network/network-filter-policy.ts'
import { passesBack, passesForward, type NetworkTerms } from '../network/network-filter.ts'
import type { LookPositions } from '../window/look-positions.ts'
import type { QueueConsumer } from './queue-consumer.ts'

/** All consumers of the queue. */
export interface AllConsumers extends Iterable<QueueConsumer> {
  readonly size: number
  readonly positions: LookPositions
  /** The one that gets all messages while it is there. */
  readonly exclusive: QueueConsumer | null
}

interface Parts {
  readonly queue: Destination
  readonly policy: NetworkFilterPolicy
  readonly clock: Clock
  readonly brokerId: string
  readonly answeredMs: (message: Message, queue: Destination) => number
  /** Tries again to give what waits. */
  readonly dispatch: () => void
}

type NetworkContext = Pick<DestinationContext, 'clock' | 'brokerId' | 'networkFilterPolicies' | 'answeredMs'>

interface Rate {
  taken: number
  endsMs: number
}

const nothing = Number.POSITIVE_INFINITY

export class NetworkConsumers {
  readonly #parts: Parts
  readonly #consumers: AllConsumers
  readonly #rates = new Map<QueueConsumer, Rate>()
  /** The first message that stays here because of another consumer, and the first that has to wait a while. */
  #keptFrom: Sequence = nothing
  #delayedFrom: Sequence = nothing
  /** When the first of these may go. */
  #dueMs = nothing
  #timer: Timer | null = null

  static of(
    queue: Destination,
    { clock, brokerId = '', networkFilterPolicies, answeredMs = () => 0 }: NetworkContext,
    consumers: AllConsumers,
    dispatch: () => void,
  ): NetworkConsumers {
    const policy = networkFilterPolicies?.for(queue) ?? defaultNetworkFilterPolicy
    return new NetworkConsumers({ queue, policy, clock, brokerId, answeredMs, dispatch }, consumers)
  }

  constructor(parts: Parts, consumers: AllConsumers) {
    this.#parts = parts
    this.#consumers = consumers
  }

  get size(): number {
    return this.#rates.size
  }

  add(consumer: QueueConsumer): void {
    this.#rates.set(consumer, { taken: 0, endsMs: 0 })
  }

  /** A consumer, bridge or not, has gone: what was kept for it may go. Whoever took it away dispatches then. */
  removed(consumer: QueueConsumer): void {
    this.#rates.delete(consumer)
    if (this.size === 0) return this.stop()
    this.#showKept()
  }

  /** A bridge takes nothing more, though it is still there: what was kept for it may go elsewhere. */
  leaves(): void {
    this.#showKept()
    this.#parts.dispatch()
  }

  /** False when a bridge takes all messages that have passed no broker. */
  isPicky({ messageTTL, permits }: NetworkTerms): boolean {
    const { queue, policy } = this.#parts
    return messageTTL === 0 || policy.rateLimit > 0 || permits?.(queue) === false
  }

  /** Whether a bridge may have a message now that it wants. */
  passes(consumer: QueueConsumer, message: Message, sequence: Sequence, redeliveryCounter: number): boolean {
    const terms = consumer.network!
    if (terms.drains === true) return true
    if (terms.permits?.(this.#parts.queue) === false) return false
    const isReplay = message.hasBrokerPath && message.brokerPath.includes(terms.brokerId)
    if (!(isReplay ? this.#mayReturn(terms, message, sequence, redeliveryCounter) : passesForward(terms, message)))
      return false
    return this.#isWithinRate(consumer, sequence)
  }

  /** Nothing is tried again any more. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#keptFrom = this.#delayedFrom = this.#dueMs = nothing
  }

  /** Somebody who is no bridge may be given messages. */
  get #hasLocal(): boolean {
    const { exclusive, size } = this.#consumers
    return exclusive === null ? size > this.size : exclusive.network === null
  }

  #showKept(): void {
    if (this.#keptFrom === nothing || (this.#hasLocal && !this.#parts.policy.selectorAware)) return
    this.#consumers.positions.goBackTo(this.#keptFrom)
    this.#keptFrom = nothing
  }

  #mayReturn(terms: NetworkTerms, message: Message, sequence: Sequence, redeliveryCounter: number): boolean {
    const { policy, clock, brokerId } = this.#parts
    if (terms.takesBack === false) return false
    if (!policy.replayWhenNoConsumers || !passesBack(terms, message.brokerPath, brokerId)) return false
    if (this.#isKept(message, redeliveryCounter)) {
      this.#keptFrom = Math.min(this.#keptFrom, sequence)
      return false
    }
    const { replayDelayMs } = policy
    const delayedMs = replayDelayMs === 0 ? 0 : message.brokerInTime + replayDelayMs
    const dueMs = Math.max(delayedMs, this.#takenInMs(terms, message))
    if (dueMs <= clock.nowMs()) return true
    this.#delay(sequence, dueMs)
    return false
  }

  /** When the other broker has taken in our answer; while there is none, when to look for it again. */
  #takenInMs({ returnGraceMs }: NetworkTerms, message: Message): number {
    if (returnGraceMs === undefined) return 0
    const { queue, clock, answeredMs } = this.#parts
    return returnGraceMs + Math.min(clock.nowMs(), answeredMs(message, queue))
  }

  /** Whether somebody here may have it, or a bridge take it farther. */
  #isKept(message: Message, redeliveryCounter: number): boolean {
    if (this.#hasLocal && !this.#parts.policy.selectorAware) return true
    const { exclusive } = this.#consumers
    for (const consumer of exclusive === null ? this.#consumers : [exclusive])
      if (consumer.leaving) continue
      else if (consumer.network === null || passesForward(consumer.network, message))
        if (consumer.accepts(message, redeliveryCounter)) return true
    return false
  }

  #isWithinRate(consumer: QueueConsumer, sequence: Sequence): boolean {
    const { rateLimit, rateDurationMs } = this.#parts.policy
    if (rateLimit === 0) return true
    const nowMs = this.#parts.clock.nowMs()
    const rate = this.#rates.get(consumer)!
    if (rate.endsMs <= nowMs) {
      rate.taken = 0
      rate.endsMs = nowMs + rateDurationMs
    }
    if (rate.taken === rateLimit) {
      this.#delay(sequence, rate.endsMs)
      return false
    }
    rate.taken++
    return true
  }

  #delay(sequence: Sequence, dueMs: number): void {
    this.#delayedFrom = Math.min(this.#delayedFrom, sequence)
    if (dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    this.#timer?.cancel()
    const { clock } = this.#parts
    const delayMs = Math.max(destinationLimits.networkRetryMs, dueMs - clock.nowMs())
    this.#timer = clock.after(Math.min(delayMs, destinationLimits.longestTimerMs), () => this.#tryDelayed())
  }

  #tryDelayed(): void {
    this.#timer = null
    this.#consumers.positions.goBackTo(this.#delayedFrom)
    this.#delayedFrom = this.#dueMs = nothing
    this.#parts.dispatch()
  }
}

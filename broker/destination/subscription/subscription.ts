// One consumer: joins its prefetch window, its pull, what it was given and has not acknowledged (dispatched list), and for
// topics what waits beyond the window (topic backlog). One subscription may draw from many destinations (composites,
// wildcards); they share the one window.
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { DemandTerms } from '../../message/demand-terms.ts'
import type { Destination } from '../../message/destination.ts'
import { isQueue } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { MessageSelector } from '../../selection/message-selector.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { Entry, EntryTopic, QueueEntry } from '../entry.ts'
import { TopicEntry } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import { passesFromTopic, type NetworkTerms } from '../network/network-filter.ts'
import type { TopicMessage } from '../topic/topic-message.ts'
import type { DeliveryPort } from './delivery-port.ts'
import { DispatchedList, InFlight } from './dispatched-list.ts'
import type { MessageSource } from './message-source.ts'
import { PrefetchWindow } from './prefetch-window.ts'
import { PullRequest } from './pull-request.ts'
import { TopicBacklog } from './topic-backlog.ts'

export interface SubscriptionOptions {
  readonly consumerId: string
  readonly prefetchSize: number
  /** -128..127, higher first. */
  readonly priority: number
  readonly exclusive: boolean
  readonly noLocal: boolean
  /** 0 = the broker's own limit. */
  readonly maximumPendingMessageLimit: number
  /** Of the durable subscription that it consumes from; null or none: it is not durable. */
  readonly subscriptionName?: string | null
  /** It looks at queues and takes nothing out of them (queue/queue-browse.ts). */
  readonly browser?: boolean
  /** Topics: it begins with what these have kept for such as come later. */
  readonly retroactive?: boolean
  /** It is a bridge's. */
  readonly network?: NetworkOptions | undefined
  /** It is a bridge's that listens to advisories. */
  readonly demandTerms?: DemandTerms | undefined
}

/** Of a bridge: the brokers that its demand came over, and what it may take along. */
export interface NetworkOptions {
  readonly brokerPath: readonly string[]
  readonly filter: Omit<NetworkTerms, 'route'>
}

export class Subscription {
  readonly options: SubscriptionOptions
  /** What it subscribed to: one destination, or the members of a composite; wildcards as they are. */
  readonly members: readonly Destination[]
  readonly connectionId: string
  readonly dispatched: DispatchedList
  /** The queues it draws from; topics push by `offer`. */
  readonly queues = new Set<MessageSource>()
  /** True when it never takes anything out of a queue: its acknowledgements are then only counted. */
  readonly topicsOnly: boolean
  /** null: all messages. */
  readonly selector: MessageSelector | null
  /** It consumes from a durable subscription, which is to it what queues are to others. */
  readonly durable: boolean
  /** False when it accepts every message. */
  readonly selective: boolean
  readonly network: NetworkTerms | null
  /** Its client had another connection before this one, and may hold and acknowledge what came by that one. */
  afterFailover = false
  /** False on a fresh subscription: acknowledgements are then leftovers from before a failover. */
  everDispatched = false
  readonly #port: DeliveryPort
  readonly #clock: Clock
  readonly #window: PrefetchWindow
  readonly #pull: PullRequest
  readonly #backlog: TopicBacklog
  #closed = false

  constructor(
    options: SubscriptionOptions,
    members: readonly Destination[],
    connectionId: string,
    port: DeliveryPort,
    clock: Clock,
    inFlight: InFlight = new InFlight(),
    selector: MessageSelector | null = null,
  ) {
    this.options = options
    this.connectionId = connectionId
    this.#port = port
    this.#clock = clock
    this.members = members
    this.dispatched = new DispatchedList(inFlight)
    this.selector = selector
    this.durable = (options.subscriptionName ?? null) !== null && !members.some(isQueue)
    // What a durable subscription does not want never comes into it.
    this.selective = !this.durable && (options.noLocal || selector !== null)
    this.network = options.network ? { ...options.network.filter, route: options.network.brokerPath } : null
    this.topicsOnly = !this.durable && (options.browser === true || !members.some(isQueue))
    this.#window = new PrefetchWindow(options.prefetchSize)
    this.#pull = new PullRequest(clock, () => port.deliverNothing(options.consumerId))
    const { pendingAdvisoriesOfBridge } = destinationLimits
    const pendingLimit = options.demandTerms ? pendingAdvisoriesOfBridge : options.maximumPendingMessageLimit
    this.#backlog = new TopicBacklog(pendingLimit, (limit) => port.limitReached?.(limit))
  }

  get consumerId(): string {
    return this.options.consumerId
  }

  get noLocal(): boolean {
    return this.options.noLocal
  }

  get retroactive(): boolean {
    return this.options.retroactive === true
  }

  get waiting(): number {
    return this.#backlog.length
  }

  get congested(): boolean {
    return this.#port.congested === true
  }

  get full(): boolean {
    if (this.#port.congested) return true
    if (this.#window.size === 0) return !this.#pull.isOpen
    const { dispatched } = this
    return dispatched.size >= this.#window.limit || dispatched.inFlight.full
  }

  /** Bridges do not pull: one that has no window any more takes nothing more. */
  get leaving(): boolean {
    return this.network !== null && this.#window.size === 0
  }

  /** noLocal: not what producers of the own connection sent. `redeliveryCounter`: how often it was delivered before. */
  accepts(message: Message, redeliveryCounter: number): boolean {
    if (!this.selective) return true
    if (this.options.noLocal && message.connectionId === this.connectionId) return false
    return this.selector === null || this.selector.matches(message, redeliveryCounter)
  }

  deliverQueueEntry(entry: QueueEntry, message: Message): void {
    this.#deliver(entry, message, entry.queue.destination, entry.redeliveryCounter)
  }

  /** As `deliverQueueEntry`, in two steps: from now on it has the entry. */
  reserve(entry: QueueEntry): void {
    this.#take(entry)
  }

  deliverReserved(entry: QueueEntry, message: Message): void {
    this.#send(entry, message, entry.queue.destination, entry.redeliveryCounter)
  }

  /** A browser is shown a message, which stays where it is. */
  show(queue: Destination, message: Message, sequence: Sequence, redeliveryCounter: number): void {
    this.#deliver(new TopicEntry(null, sequence, message), message, queue, redeliveryCounter)
  }

  /** A browser has seen everything. False when it has to ask first, as for every message. */
  tellEnd(): boolean {
    if (this.#window.size === 0 && !this.#pull.isOpen) return false
    this.#pull.answerNothing()
    return true
  }

  /** A topic message: delivered now, or kept while the window is closed. */
  offer(topic: EntryTopic | null, shared: TopicMessage): void {
    if (this.#closed || !this.accepts(shared.message, 0)) return
    if (this.network !== null && !passesFromTopic(this.network, shared.message)) return
    if (this.#backlog.length === 0 && !this.full) return this.#deliverTopicMessage(topic, shared)
    const { congested } = this.#port
    this.#backlog.keep(topic, shared, congested ? Math.max(0, this.#window.size - this.dispatched.size) : 0)
    if (congested && !this.options.demandTerms) this.#backlog.giveWay(shared)
  }

  /** Room in the window may have come: hands on what waits here, then asks the queues. */
  dispatch(): void {
    while (this.#backlog.length > 0 && !this.full) {
      const { topic, shared } = this.#backlog.take()
      const { message } = shared
      if (message.expiration > 0 && isExpired(message, this.#clock.nowMs())) topic?.expire(message)
      else this.#deliverTopicMessage(topic, shared)
      shared.letGo()
    }
    if (this.full || this.queues.size === 0) return
    if (this.queues.size === 1) {
      for (const queue of this.queues) queue.dispatch()
      return
    }
    // Of many queues the one asked first goes to the end, so that a small window serves all in turn.
    for (const queue of Array.from(this.queues)) {
      if (this.full) return
      this.queues.delete(queue)
      this.queues.add(queue)
      queue.dispatch()
    }
  }

  /** Lets go of what has expired while it waited. */
  sweepExpired(): void {
    for (const { topic, shared } of this.#backlog.takeExpired(this.#clock.nowMs())) {
      topic?.expire(shared.message)
      shared.letGo()
    }
  }

  setPrefetch(prefetchSize: number): void {
    this.#window.resize(prefetchSize)
    if (this.#window.size > 0) this.#pull.end()
    if (this.leaving) for (const queue of this.queues) queue.leaves?.()
    this.dispatch()
  }

  /** Allows one message to a consumer with prefetch 0. */
  pull(timeoutMs: number): void {
    if (this.#window.size !== 0 || this.#closed) return
    this.#pull.open(timeoutMs)
    this.dispatch()
    if (!this.#pull.isOpen) return
    if (this.#pull.wantsAnswerAtOnce) this.answerPull()
    else this.#pull.wait(timeoutMs)
  }

  /** Answers a pull that does not want to wait, once no queue is still reading from the store. */
  answerPull(): void {
    if (!this.#pull.wantsAnswerAtOnce || this.#port.congested) return
    for (const queue of this.queues) if (queue.loading) return
    this.#pull.answerNothing()
  }

  /** The socket takes deliveries again. */
  relieve(): void {
    this.dispatch()
    this.answerPull()
  }

  /** The client holds `count` more messages without acknowledging them: lets as many more in. */
  expand(count: number): void {
    this.#window.expand(count)
  }

  contract(count: number): void {
    this.#window.contract(count)
  }

  /** Lets go of what waits. The dispatched list stays, for its owner to hand back. */
  close(): void {
    this.#closed = true
    this.#pull.end()
    this.#backlog.clear()
  }

  #deliverTopicMessage(topic: EntryTopic | null, shared: TopicMessage): void {
    const entry = new TopicEntry(topic, shared.sequence, shared.message)
    const destination = topic ? topic.destination : shared.message.destination
    if (topic) topic.counters.dispatched++
    this.#deliver(entry, shared.message, destination, 0)
  }

  #deliver(entry: Entry, message: Message, destination: Destination, redeliveryCounter: number): void {
    this.#take(entry)
    this.#send(entry, message, destination, redeliveryCounter)
  }

  #take(entry: Entry): void {
    assert(!this.full, 'a full subscription was given a message')
    if (this.#pull.isOpen) this.#pull.end()
    this.dispatched.push(entry)
  }

  #send(entry: Entry, message: Message, destination: Destination, redeliveryCounter: number): void {
    this.everDispatched = true
    this.#port.deliver({
      consumerId: this.options.consumerId,
      destination,
      message,
      sequence: entry.sequence,
      redeliveryCounter,
    })
  }
}

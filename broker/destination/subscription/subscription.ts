// One consumer: its prefetch window, what it was given and has not acknowledged, and for topics what waits beyond the
// window. One subscription may draw from many destinations (composites, wildcards); they share the one window.
//
// The window (spec openwire.md section 10): prefetch n: open while `dispatched - extension < n`. Prefetch 0: closed, but
// for the one message that a pull allows.
import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Destination } from '../../message/destination.ts'
import { isQueue } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { Deque } from '../../base/deque.ts'
import { DispatchedList, InFlight } from './dispatched-list.ts'
import type { Entry, EntryTopic, QueueEntry } from '../entry.ts'
import { TopicEntry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'
import type { TopicMessage } from '../topic/topic-message.ts'
import type { DeliveryPort } from './delivery-port.ts'
import type { MessageSource } from './message-source.ts'

export interface SubscriptionOptions {
  readonly consumerId: string
  readonly prefetchSize: number
  /** -128..127, higher first. */
  readonly priority: number
  readonly exclusive: boolean
  readonly noLocal: boolean
  /** 0 = the broker's own limit. */
  readonly maximumPendingMessageLimit: number
}

interface Waiting {
  readonly topic: EntryTopic | null
  readonly shared: TopicMessage
}

export class Subscription {
  readonly options: SubscriptionOptions
  /** What it subscribed to: one destination, or the members of a composite; wildcards as they are. */
  readonly members: readonly Destination[]
  readonly connectionId: string
  readonly dispatched: DispatchedList
  /** The queues it draws from; topics push by `offer`. */
  readonly queues = new Set<MessageSource>()
  /** Its client had another connection before this one, and may hold and acknowledge what came by that one. */
  afterFailover = false
  /** False on a fresh subscription: acknowledgements are then leftovers from before a failover. */
  everDispatched = false
  /** Topic messages dropped because the consumer was too slow. */
  discarded = 0
  readonly #port: DeliveryPort
  readonly #clock: Clock
  readonly #topicsOnly: boolean
  readonly #waiting = new Deque<Waiting>()
  #waitingVolatile = 0
  #prefetchSize: number
  #extension = 0
  #pullCredit = false
  #pullAtOnce = false
  #pullTimer: Timer | null = null
  #closed = false

  constructor(
    options: SubscriptionOptions,
    members: readonly Destination[],
    connectionId: string,
    port: DeliveryPort,
    clock: Clock,
    inFlight: InFlight = new InFlight(),
  ) {
    this.options = options
    this.connectionId = connectionId
    this.#port = port
    this.#clock = clock
    this.members = members
    this.dispatched = new DispatchedList(inFlight)
    this.#topicsOnly = !members.some(isQueue)
    this.#prefetchSize = Math.max(0, options.prefetchSize)
  }

  get consumerId(): string {
    return this.options.consumerId
  }

  get prefetchSize(): number {
    return this.#prefetchSize
  }

  get extension(): number {
    return this.#extension
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** True when it never gets anything from a queue: its acknowledgements are then only counted. */
  get topicsOnly(): boolean {
    return this.#topicsOnly
  }

  get congested(): boolean {
    return this.#port.congested === true
  }

  get full(): boolean {
    if (this.#port.congested) return true
    if (this.#prefetchSize === 0) return !this.#pullCredit
    const size = this.dispatched.size
    return (
      size - this.#extension >= this.#prefetchSize ||
      size >= destinationLimits.maximumInFlightPerConsumer ||
      this.dispatched.inFlight.full
    )
  }

  /** noLocal: not what producers of the own connection sent. */
  accepts(message: Message): boolean {
    return !this.options.noLocal || message.connectionId !== this.connectionId
  }

  deliverQueueEntry(entry: QueueEntry, message: Message): void {
    this.#deliver(entry, message, entry.queue.destination, entry.redeliveryCounter)
  }

  /** A topic message: delivered now, or kept while the window is closed. */
  offer(topic: EntryTopic | null, shared: TopicMessage): void {
    if (this.#closed || !this.accepts(shared.message)) return
    if (this.#waiting.length === 0 && !this.full) return this.#deliverTopicMessage(topic, shared)
    shared.hold()
    this.#waiting.push({ topic, shared })
    if (!shared.message.persistent) this.#waitingVolatile++
    const asked = this.options.maximumPendingMessageLimit
    const limit =
      asked > 0
        ? Math.min(asked, destinationLimits.maximumPendingMessageLimit)
        : destinationLimits.defaultPendingMessageLimit
    // What congestion keeps out of the window waits here too.
    const room = this.#port.congested ? Math.max(0, this.#prefetchSize - this.dispatched.size) : 0
    if (this.#waiting.length > limit + room) this.#discardOldest('maximumPendingMessageLimit')
    if (this.#port.congested) this.#giveWay(shared)
  }

  /** Room in the window may have come: hands on what waits here, then asks the queues. */
  dispatch(): void {
    while (this.#waiting.length > 0 && !this.full) {
      const { topic, shared } = this.#takeWaiting(0)
      this.#deliverTopicMessage(topic, shared)
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

  setPrefetch(prefetchSize: number): void {
    this.#prefetchSize = Math.max(0, prefetchSize)
    if (this.#prefetchSize > 0) this.#endPull()
    else this.#extension = 0
    this.dispatch()
  }

  /** Allows one message to a consumer with prefetch 0. */
  pull(timeoutMs: number): void {
    if (this.#prefetchSize !== 0 || this.#closed) return
    this.#endPull()
    this.#pullCredit = true
    this.#pullAtOnce = timeoutMs < 0
    this.dispatch()
    if (!this.#pullCredit) return
    if (this.#pullAtOnce) this.answerPull()
    else if (timeoutMs > 0) this.#pullTimer = this.#clock.after(timeoutMs, () => this.#answerNothing())
  }

  /** Answers a pull that does not want to wait, once no queue is still reading from the store. */
  answerPull(): void {
    if (!this.#pullCredit || !this.#pullAtOnce || this.#port.congested) return
    for (const queue of this.queues) if (queue.loading) return
    this.#answerNothing()
  }

  /** The socket takes deliveries again. */
  relieve(): void {
    this.dispatch()
    this.answerPull()
  }

  /** The client holds `count` more messages without acknowledging them: lets as many more in. */
  expand(count: number): void {
    if (this.#prefetchSize > 0) this.#extension = Math.min(this.#extension + Math.max(0, count), 2 ** 31)
  }

  contract(count: number): void {
    this.#extension = Math.max(0, this.#extension - count)
  }

  /** Lets go of what waits. The dispatched list stays, for its owner to hand back. */
  close(): void {
    this.#closed = true
    this.#endPull()
    while (this.#waiting.length > 0) this.#takeWaiting(0).shared.letGo()
  }

  #deliverTopicMessage(topic: EntryTopic | null, shared: TopicMessage): void {
    const entry = new TopicEntry(topic, shared.sequence, shared.message)
    const destination = topic ? topic.destination : shared.message.destination
    if (topic) topic.counters.dispatched++
    this.#deliver(entry, shared.message, destination, 0)
  }

  #deliver(entry: Entry, message: Message, destination: Destination, redeliveryCounter: number): void {
    assert(!this.full, 'a full subscription was given a message')
    if (this.#pullCredit) this.#endPull()
    this.everDispatched = true
    this.dispatched.push(entry)
    this.#port.deliver({
      consumerId: this.options.consumerId,
      destination,
      message,
      sequence: entry.sequence,
      redeliveryCounter,
    })
  }

  #answerNothing(): void {
    this.#endPull()
    this.#port.deliverNothing(this.options.consumerId)
  }

  #endPull(): void {
    this.#pullTimer?.cancel()
    this.#pullTimer = null
    this.#pullCredit = false
    this.#pullAtOnce = false
  }

  // A client that does not read must not take the memory of those who do.
  #giveWay(shared: TopicMessage): void {
    while (this.#waiting.length > 0 && shared.headroom(destinationLimits.congestedTopicMemoryShare) < 0)
      this.#discardOldest('congestedTopicMemoryShare')
  }

  // Persistent messages go last: whoever marked a message so cares more for it.
  #discardOldest(limit: string): void {
    this.#port.limitReached?.(limit)
    let index = 0
    if (this.#waitingVolatile > 0) while (this.#waiting.at(index)!.shared.message.persistent) index++
    this.#takeWaiting(index).shared.letGo()
    this.discarded++
  }

  #takeWaiting(index: number): Waiting {
    const taken = this.#waiting.removeAt(index)!
    if (!taken.shared.message.persistent) this.#waitingVolatile--
    return taken
  }
}

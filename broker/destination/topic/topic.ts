// A topic: gives each message to everybody who subscribes to it now. Keeps nothing itself: messages that are persistent are stored
// when one of its durable subscriptions wants them, once for all of these; and where a policy says so some are kept in memory
// for subscribers that come later (recovery/).
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { topicHolder, type Sequence, type SubscriptionHolder, type TopicHolder } from '../../store/held-message.ts'
import { defaultPriority, priorityTopics } from '../../store/priority-holder.ts'
import { DestinationCounters } from '../destination-counters.ts'
import type { EntryTopic } from '../entry.ts'
import type { DestinationContext } from '../destination-context.ts'
import { expiredOnItsWay } from '../expiry.ts'
import type { KeptMessages } from './recovery/kept-messages.ts'
import { TopicExpiry, type ExpiringBacklog, type TopicExpiryContext } from './topic-expiry.ts'
import { TopicMessage } from './topic-message.ts'

/** What a topic needs of those who listen to it. */
export interface TopicSubscriber {
  /** It asks for what the topic has kept. */
  readonly retroactive: boolean
  readonly full: boolean
  /** Its client does not read. */
  readonly congested: boolean
  /** How many messages it keeps that it has no room for. */
  readonly waiting: number
  offer(topic: EntryTopic | null, shared: TopicMessage): void
}

/** What a topic needs of its durable subscriptions. */
export interface TopicBacklogHolder extends ExpiringBacklog {
  /** What the store keeps a message for. */
  holderFor(message: Message): SubscriptionHolder
  /** False when it wants every message. */
  readonly selective: boolean
  wants(message: Message): boolean
  /** Whether it would have to keep a message in memory that is not stored. */
  readonly wouldHold: boolean
  readonly memoryUsed: number
  /** Stored messages that it has. */
  readonly pending: number
  /** Lets go of what has expired in memory. */
  sweepExpired(): void
  /** One of those in the store, durable now, that it wants. */
  arriveStored(sequence: Sequence, message: Message): void
  arriveVolatile(sequence: Sequence, message: Message): void
}

export type TopicContext = TopicExpiryContext &
  Pick<DestinationContext, 'memory' | 'expiredWaiting'> &
  Partial<Pick<DestinationContext, 'isPrioritized'>>

const nobody: readonly SubscriptionHolder[] = []

export class Topic {
  readonly destination: Destination
  /** What stands for it in the store. */
  readonly holder: TopicHolder
  /** By priority, what its messages are kept for there; null when they do not go by it. */
  readonly #holders: readonly TopicHolder[] | null
  readonly counters = new DestinationCounters()
  /** The connection that owns a temporary topic. */
  readonly owner: string | null
  readonly #context: TopicContext
  readonly #subscribers = new Set<TopicSubscriber>()
  readonly #backlogs = new Set<TopicBacklogHolder>()
  /** Of these, those that do not want every message, and those that have a consumer. */
  readonly #selective = new Set<TopicBacklogHolder>()
  readonly #active = new Set<TopicBacklogHolder>()
  /** How often what its durable subscriptions want has changed: one began, or one with terms got a consumer. */
  subscribed = 0
  /** Stored messages that are on their way here, behind their syncs. */
  #expected = 0
  /** Open transactions that sent stored messages to it: while there are some it cannot be deleted. */
  openTransactions = 0
  /** Bytes of messages that its subscribers keep waiting; kept by these messages. */
  memoryUsed = 0
  /** What is sent to it goes to others, instead or as well: region/virtual-destinations.ts. */
  isVirtual = false
  /** What it keeps for subscribers that come later; null: nothing, as most. */
  recovery: KeptMessages | null = null
  /** One for each of its holders; null until it has a durable subscription. */
  #expiries: readonly TopicExpiry[] | null = null
  readonly isPrioritized: boolean
  readonly inFlight = 0
  readonly awaitingRedelivery = 0
  readonly messageGroups = 0
  readonly withoutConsumer = 0

  constructor(destination: Destination, owner: string | null, context: TopicContext) {
    this.destination = destination
    this.isPrioritized = context.isPrioritized?.(destination) === true
    this.#holders = this.isPrioritized ? priorityTopics(destination.name) : null
    this.holder = this.#holders?.[defaultPriority] ?? topicHolder(destination.name)
    this.owner = owner
    this.#context = context
  }

  get consumers(): number {
    return this.#subscribers.size + this.#active.size
  }

  /** Durable subscriptions, with and without a consumer. */
  get backlogs(): number {
    return this.#backlogs.size
  }

  /** Nobody uses it. */
  get idle(): boolean {
    return this.consumers === 0 && this.#backlogs.size === 0 && this.counters.producers === 0
  }

  /** Messages that the slowest subscriber has waiting. */
  get size(): number {
    let waiting = 0
    for (const subscriber of this.#subscribers) waiting = Math.max(waiting, subscriber.waiting)
    return waiting
  }

  /** True when some subscriber would have to keep a message waiting. Not those that give way when memory is short. */
  get wouldHold(): boolean {
    for (const subscriber of this.#subscribers)
      if (!subscriber.congested && (subscriber.full || subscriber.waiting > 0)) return true
    return false
  }

  /** The same for one that is not stored. */
  get wouldHoldVolatile(): boolean {
    for (const backlog of this.#active) if (backlog.wouldHold) return true
    return this.wouldHold
  }

  /** Bytes that its durable subscriptions keep in memory. */
  get backlogMemory(): number {
    let bytes = 0
    for (const { memoryUsed } of this.#active) bytes += memoryUsed
    return bytes
  }

  /** Whether a message is stored: somebody has to have it who may not be there. */
  stores(message: Message): boolean {
    if (!message.persistent || this.#backlogs.size === 0) return false
    return this.#selective.size < this.#backlogs.size || this.notFor(message).length < this.#backlogs.size
  }

  /** What the store keeps a message for. */
  holderFor({ priority }: Message): TopicHolder {
    return this.#holders === null ? this.holder : this.#holders[priority]!
  }

  /** The durable subscriptions that do not want it. */
  notFor(message: Message): readonly SubscriptionHolder[] {
    if (this.#selective.size === 0) return nobody
    const holders: SubscriptionHolder[] = []
    for (const backlog of this.#selective) if (!backlog.wants(message)) holders.push(backlog.holderFor(message))
    return holders
  }

  addBacklog(backlog: TopicBacklogHolder): void {
    this.#backlogs.add(backlog)
    this.subscribed++
    if (backlog.selective) this.#selective.add(backlog)
    this.#expiries ??= (this.#holders ?? [this.holder]).map((holder) => new TopicExpiry(holder, this.#context))
    if (backlog.pending > 0) for (const expiry of this.#expiries) expiry.noteUnknown()
  }

  removeBacklog(backlog: TopicBacklogHolder): void {
    this.#backlogs.delete(backlog)
    this.#selective.delete(backlog)
    this.#active.delete(backlog)
  }

  activated(backlog: TopicBacklogHolder): void {
    this.#active.add(backlog)
    // With noLocal it wants other messages than before: not those of the connection that it has now.
    if (backlog.selective) this.subscribed++
  }

  deactivated(backlog: TopicBacklogHolder): void {
    this.#active.delete(backlog)
  }

  /** With what was kept for it, before all that is sent from now on. */
  attach(subscriber: TopicSubscriber): void {
    if (this.#subscribers.has(subscriber)) return
    this.#subscribers.add(subscriber)
    this.counters.arrivals++
    if (this.recovery === null || !(subscriber.retroactive || this.recovery.alwaysRetroactive)) return
    for (const shared of this.recovery.messages()) subscriber.offer(this, shared)
  }

  detach(subscriber: TopicSubscriber): void {
    this.#subscribers.delete(subscriber)
  }

  expire(message: Message): void {
    this.counters.expired++
    this.counters.dequeued++
    this.#context.expiredWaiting(this.destination, message)
  }

  /** Takes expired messages out of memory: those of its durable subscriptions, and those that it has kept. */
  sweepExpired(): void {
    for (const backlog of this.#active) backlog.sweepExpired()
    this.recovery?.sweep()
  }

  /** The same of what is stored: some of it, from where the sweep before this one ended. */
  async sweepExpiredInStore(maxMessages: number): Promise<void> {
    if (this.#backlogs.size === 0) return
    for (const expiry of this.#expiries ?? []) await expiry.sweep(this.#backlogs, maxMessages)
  }

  /** Forgets what it has kept. */
  delete(): void {
    this.recovery?.clear()
  }

  send(shared: TopicMessage): void {
    this.counters.enqueued++
    if (this.#hasExpired(shared.message)) return this.expire(shared.message)
    this.recovery?.keep(shared)
    for (const subscriber of this.#subscribers) subscriber.offer(this, shared)
    if (this.#active.size === 0) return
    const { sequence, message } = shared
    for (const backlog of this.#active) if (backlog.wants(message)) backlog.arriveVolatile(sequence, message)
  }

  /** Whether what is not stored would come before something that was sent earlier. */
  get expectsStored(): boolean {
    return this.#expected > 0
  }

  /** A message was written, and arrives when it is durable. */
  expectStored(): void {
    this.#expected++
  }

  /** A message of the store is durable: everybody may have it. */
  arriveStored(sequence: Sequence, message: Message): void {
    this.#expected--
    this.counters.enqueued++
    if (message.expiration > 0) this.#expiryOf(message)?.note(message.expiration)
    if ((this.#subscribers.size > 0 || this.recovery) && !this.#hasExpired(message)) {
      const shared = new TopicMessage(message, sequence, this.#context.memory, this)
      this.recovery?.keep(shared)
      for (const subscriber of this.#subscribers) subscriber.offer(this, shared)
    }
    for (const backlog of this.#active) if (backlog.wants(message)) backlog.arriveStored(sequence, message)
  }

  #expiryOf({ priority }: Message): TopicExpiry | undefined {
    return this.#expiries?.[this.#holders === null ? 0 : priority]
  }

  #hasExpired(message: Message): boolean {
    return expiredOnItsWay(message, this.#context.clock)
  }
}

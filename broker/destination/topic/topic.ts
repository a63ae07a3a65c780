// A topic: gives each message to everybody who subscribes to it now. Keeps nothing itself: messages that are persistent are stored
// when one of its durable subscriptions wants them, once for all of these.
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import { topicHolder, type Sequence, type SubscriptionHolder, type TopicHolder } from '../../store/held-message.ts'
import { DestinationCounters } from '../destination-counters.ts'
import type { EntryTopic } from '../entry.ts'
import type { MemoryUsage } from '../memory-usage.ts'
import { TopicMessage } from './topic-message.ts'

/** What a topic needs of those who listen to it. */
export interface TopicSubscriber {
  readonly full: boolean
  /** Its client does not read. */
  readonly congested: boolean
  /** How many messages it keeps that it has no room for. */
  readonly waiting: number
  offer(topic: EntryTopic | null, shared: TopicMessage): void
}

/** What a topic needs of its durable subscriptions. */
export interface TopicBacklogHolder {
  readonly holder: SubscriptionHolder
  /** False when it wants every message. */
  readonly selective: boolean
  wants(message: Message): boolean
  /** Whether it would have to keep a message in memory that is not stored. */
  readonly wouldHold: boolean
  readonly memoryUsed: number
  /** One of those in the store, durable now, that it wants. */
  arriveStored(sequence: Sequence, message: Message): void
  arriveVolatile(sequence: Sequence, message: Message): void
}

const nobody: readonly SubscriptionHolder[] = []

export class Topic {
  readonly destination: Destination
  /** What its messages are kept for in the store. */
  readonly holder: TopicHolder
  readonly counters = new DestinationCounters()
  /** The connection that owns a temporary topic. */
  readonly owner: string | null
  readonly #memory: MemoryUsage
  readonly #subscribers = new Set<TopicSubscriber>()
  readonly #backlogs = new Set<TopicBacklogHolder>()
  /** Of these, those that do not want every message, and those that have a consumer. */
  readonly #selective = new Set<TopicBacklogHolder>()
  readonly #active = new Set<TopicBacklogHolder>()
  /** Stored messages that are on their way here, behind their syncs. */
  #expected = 0
  /** Open transactions that sent stored messages to it: while there are some it cannot be deleted. */
  openTransactions = 0
  /** Bytes of messages that its subscribers keep waiting; kept by these messages. */
  memoryUsed = 0
  /** What is sent to it goes to others, instead or as well: region/virtual-destinations.ts. */
  isVirtual = false
  readonly inFlight = 0
  readonly awaitingRedelivery = 0
  readonly messageGroups = 0

  constructor(destination: Destination, owner: string | null, memory: MemoryUsage) {
    this.destination = destination
    this.holder = topicHolder(destination.name)
    this.owner = owner
    this.#memory = memory
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

  /** The durable subscriptions that do not want it. */
  notFor(message: Message): readonly SubscriptionHolder[] {
    if (this.#selective.size === 0) return nobody
    const holders: SubscriptionHolder[] = []
    for (const backlog of this.#selective) if (!backlog.wants(message)) holders.push(backlog.holder)
    return holders
  }

  addBacklog(backlog: TopicBacklogHolder): void {
    this.#backlogs.add(backlog)
    if (backlog.selective) this.#selective.add(backlog)
  }

  removeBacklog(backlog: TopicBacklogHolder): void {
    this.#backlogs.delete(backlog)
    this.#selective.delete(backlog)
    this.#active.delete(backlog)
  }

  activated(backlog: TopicBacklogHolder): void {
    this.#active.add(backlog)
  }

  deactivated(backlog: TopicBacklogHolder): void {
    this.#active.delete(backlog)
  }

  attach(subscriber: TopicSubscriber): void {
    this.#subscribers.add(subscriber)
    this.counters.arrivals++
  }

  detach(subscriber: TopicSubscriber): void {
    this.#subscribers.delete(subscriber)
  }

  send(shared: TopicMessage): void {
    this.counters.enqueued++
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
    if (this.#subscribers.size > 0) {
      const shared = new TopicMessage(message, sequence, this.#memory, this)
      for (const subscriber of this.#subscribers) subscriber.offer(this, shared)
    }
    for (const backlog of this.#active) if (backlog.wants(message)) backlog.arriveStored(sequence, message)
  }
}

// A topic: gives each message to everybody who subscribes to it now. Keeps nothing itself.
import type { Destination } from '../../message/destination.ts'
import { DestinationCounters } from '../destination-counters.ts'
import type { EntryTopic } from '../entry.ts'
import type { TopicMessage } from './topic-message.ts'

/** What a topic needs of those who listen to it. */
export interface TopicSubscriber {
  readonly full: boolean
  /** Its client does not read. */
  readonly congested: boolean
  /** How many messages it keeps that it has no room for. */
  readonly waiting: number
  offer(topic: EntryTopic | null, shared: TopicMessage): void
}

export class Topic {
  readonly destination: Destination
  readonly counters = new DestinationCounters()
  /** The connection that owns a temporary topic. */
  readonly owner: string | null
  readonly #subscribers = new Set<TopicSubscriber>()
  /** Bytes of messages that its subscribers keep waiting; kept by these messages. */
  memoryUsed = 0
  /** What is sent to it goes to others, instead or as well: region/virtual-destinations.ts. */
  isVirtual = false
  readonly inFlight = 0

  constructor(destination: Destination, owner: string | null) {
    this.destination = destination
    this.owner = owner
  }

  get consumers(): number {
    return this.#subscribers.size
  }

  /** Nobody uses it. */
  get idle(): boolean {
    return this.consumers === 0 && this.counters.producers === 0
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
  }
}

// A topic: gives each message to every subscription there is now. Keeps nothing itself.
import type { Destination } from '../message/destination.ts'
import { DestinationCounters } from './destination-counters.ts'
import type { Subscription } from './subscription/subscription.ts'
import type { TopicMessage } from './topic-message.ts'

export class Topic {
  readonly destination: Destination
  readonly counters = new DestinationCounters()
  /** The connection that owns a temporary topic. */
  readonly owner: string | null
  readonly subscriptions = new Set<Subscription>()
  /** Topic messages are shared by subscriptions, which may draw from many topics: they count for the broker only. */
  readonly memoryUsed = 0
  readonly inFlight = 0

  constructor(destination: Destination, owner: string | null) {
    this.destination = destination
    this.owner = owner
  }

  get consumers(): number {
    return this.subscriptions.size
  }

  /** Messages that the slowest subscription has waiting. */
  get size(): number {
    let waiting = 0
    for (const subscription of this.subscriptions) waiting = Math.max(waiting, subscription.waiting)
    return waiting
  }

  /** True when some subscription would have to keep a message waiting. Not those that give way when memory is short. */
  get wouldHold(): boolean {
    for (const subscription of this.subscriptions)
      if (!subscription.congested && (subscription.full || subscription.waiting > 0)) return true
    return false
  }

  attach(subscription: Subscription): void {
    this.subscriptions.add(subscription)
    subscription.topics.add(this)
  }

  detach(subscription: Subscription): void {
    this.subscriptions.delete(subscription)
    subscription.topics.delete(this)
  }

  send(shared: TopicMessage): void {
    this.counters.enqueued++
    for (const subscription of this.subscriptions) subscription.offer(this, shared)
  }
}

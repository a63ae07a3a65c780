// What the store has for one durable subscription of one topic: under one name, or, when the topic goes by priority, under one for
// each priority.
import type { Message } from '../../message/message.ts'
import { subscriptionHolder, type SubscriptionHolder, type SubscriptionTerms } from '../../store/held-message.ts'
import { defaultPriority, highestPriority, nameAtPriority } from '../../store/priority-holder.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { MessageCursor } from '../window/message-cursor.ts'

interface Identity {
  readonly topic: string
  readonly clientId: string
  readonly name: string
}

export class BacklogStorage {
  /** False when there is only something left from when the topic went by priority. */
  readonly isPrioritized: boolean
  readonly #store: DestinationContext['store']
  /** Under which the subscription is known, with priorities and without. */
  readonly holder: SubscriptionHolder
  /** By priority; null when there is only one, as for most. */
  readonly #holders: readonly SubscriptionHolder[] | null
  /** At which there is or may be something. */
  readonly priorities: readonly number[]

  constructor(identity: Identity, isPrioritized: boolean, store: DestinationContext['store']) {
    this.isPrioritized = isPrioritized
    this.#store = store
    const holders = holdersOf(identity)
    this.holder = holders[defaultPriority]!
    const used = holders.filter((one) => isPrioritized || one === this.holder || store.backlog(one).messageCount > 0)
    this.priorities = used.map((one) => holders.indexOf(one))
    this.#holders = used.length > 1 ? holders : null
  }

  /** Messages that are not acknowledged. */
  get pending(): number {
    let pending = 0
    for (const priority of this.priorities) pending += this.pendingAt(priority)
    return pending
  }

  pendingAt(priority: number): number {
    return this.#store.backlog(this.holderAt(priority)).messageCount
  }

  /** At which priority a message of this JMSPriority has its place. */
  placeAt(priority: number): number {
    return this.isPrioritized ? priority : defaultPriority
  }

  holderFor({ priority }: Message): SubscriptionHolder {
    return this.holderAt(this.placeAt(priority))
  }

  holderAt(priority: number): SubscriptionHolder {
    return this.#holders === null ? this.holder : this.#holders[priority]!
  }

  cursorAt(priority: number): MessageCursor {
    const holder = this.holderAt(priority)
    return { read: (after, upTo, count, bytes) => this.#store.read(holder, after, upTo, count, bytes) }
  }

  /** Makes it known to the store, where it may be already. */
  add(terms: SubscriptionTerms): void {
    const { topic, clientId, name } = this.holder
    for (const [priority, holder] of holdersOf({ topic, clientId, name }).entries())
      if (this.priorities.includes(priority)) this.#store.addSubscription(holder, terms)
      else this.#store.removeSubscription(holder)
  }

  /** With all it has. */
  remove(): void {
    for (const priority of this.priorities) this.#store.removeSubscription(this.holderAt(priority))
  }
}

const holdersOf = ({ topic, clientId, name }: Identity): readonly SubscriptionHolder[] =>
  Array.from({ length: highestPriority + 1 }, (_, priority) =>
    subscriptionHolder(nameAtPriority(topic, priority), clientId, name),
  )

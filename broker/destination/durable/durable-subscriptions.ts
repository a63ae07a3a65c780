// The durable subscriptions of a broker, by client id and name.
import { errorMessage, RefusalError } from '../../base/errors.ts'
import { Inventory, type InventoryPage } from '../../base/inventory.ts'
import type { Destination } from '../../message/destination.ts'
import { compositeMembers, isComposite } from '../../message/destination.ts'
import type { MessageSelector } from '../../selection/message-selector.ts'
import type { SelectorPool } from '../../selection/selector-pool.ts'
import type { RecoveredSubscription } from '../../store/message-store.ts'
import { destinationOfHolder } from '../../store/priority-holder.ts'
import type { DestinationContext } from '../destination-context.ts'
import { destinationLimits } from '../limits.ts'
import type { Topic } from '../topic/topic.ts'
import { DurableSubscription, isSeveral, type DurableOptions } from './durable-subscription.ts'

export class DurableSubscriptions {
  readonly #context: DestinationContext
  readonly #selectors: SelectorPool
  readonly #byKey = new Map<string, DurableSubscription>()
  readonly #inventory = new Inventory<DurableSubscription>()
  /** To several topics, of which some may be made later. */
  readonly #several = new Set<DurableSubscription>()

  constructor(context: DestinationContext, selectors: SelectorPool) {
    this.#context = context
    this.#selectors = selectors
  }

  [Symbol.iterator](): IterableIterator<DurableSubscription> {
    return this.#byKey.values()
  }

  find(clientId: string, name: string): DurableSubscription | undefined {
    return this.#byKey.get(keyOf(clientId, name))
  }

  /** Up to `limit` of those that came after the one with number `after`, in the order in which they came. */
  page(after: number, limit: number): InventoryPage<DurableSubscription> {
    return this.#inventory.page(after, limit)
  }

  /** One that is not there yet, in the store as well. Refuses at the limit. Its selector is one that can be read. */
  add(options: DurableOptions, topics: readonly Topic[]): DurableSubscription {
    this.#checkRoom(`subscribe as ${options.name}`, 1 + topics.length)
    const made = this.#make(options)
    try {
      made.store()
      for (const topic of topics) made.cover(topic)
    } catch (error) {
      // Refused by the store: the next one who asks is not to find it.
      this.delete(made)
      throw error
    }
    return made
  }

  /** Those that the store has. `topicOf` makes a topic that is not there. */
  recover(recovered: readonly RecoveredSubscription[], topicOf: (name: string) => Topic): void {
    const groups = new Map<string, RecoveredSubscription[]>()
    for (const one of recovered) {
      const key = keyOf(one.clientId, one.name)
      groups.set(key, [...(groups.get(key) ?? []), one])
    }
    for (const group of groups.values()) {
      const stated = group.find(({ topic }) => isSeveral(topicNamed(topic))) ?? group[0]!
      const { clientId, name, selector, noLocal, noLocalUnknown = false } = stated
      const destination = topicNamed(destinationOfHolder(stated.topic))
      const members = isComposite(destination) ? compositeMembers(destination) : [destination]
      const made = this.#make({ clientId, name, destination, members, terms: { selector, noLocal, noLocalUnknown } })
      for (const { topic } of group) {
        if (isSeveral(topicNamed(topic))) continue
        const found = topicOf(destinationOfHolder(topic))
        if (made.wants(found.destination)) made.cover(found)
      }
    }
    this.#complete(recovered, topicOf)
  }

  /** Refuses a topic of which too many would have to be told. */
  checkTopic(destination: Destination): void {
    let count = 0
    for (const subscription of this.#several) if (subscription.wants(destination)) count++
    if (count > 0) this.#checkRoom(`create topic ${destination.name}`, count)
  }

  topicCreated(topic: Topic): void {
    for (const subscription of this.#several) if (subscription.wants(topic.destination)) subscription.cover(topic)
  }

  /** How many of them have a consumer, of those that are to a destination of several topics. */
  activeOn({ name }: Destination): number {
    let count = 0
    for (const { active, options } of this.#several)
      if (active && options.members.some((member) => member.name === name)) count++
    return count
  }

  /** With what it has. */
  delete(subscription: DurableSubscription): void {
    const { clientId, name } = subscription.options
    this.#byKey.delete(keyOf(clientId, name))
    this.#several.delete(subscription)
    this.#inventory.remove(subscription)
    subscription.delete()
    if (subscription.selector) this.#selectors.release(subscription.selector)
  }

  #make(options: DurableOptions): DurableSubscription {
    const made = new DurableSubscription(options, this.#selectorOf(options), this.#context)
    this.#byKey.set(keyOf(options.clientId, options.name), made)
    if (isSeveral(options.destination)) this.#several.add(made)
    this.#inventory.add(made)
    return made
  }

  /** A crash may have come between the records of one to several topics. */
  #complete(recovered: readonly RecoveredSubscription[], topicOf: (name: string) => Topic): void {
    if (this.#several.size === 0) return
    const names = new Set(recovered.map(({ topic }) => topic))
    for (const name of names) if (!isSeveral(topicNamed(name))) this.topicCreated(topicOf(name))
  }

  /** One that cannot be read, which only another version can have stored, is none: its subscriber gets too much, not too little. */
  #selectorOf({ clientId, name, terms }: DurableOptions): MessageSelector | null {
    if (terms.selector === null) return null
    try {
      return this.#selectors.obtain(terms.selector)
    } catch (error) {
      const fields = { clientId, subscriptionName: name, selector: terms.selector, reason: errorMessage(error) }
      this.#context.logger.error('Cannot read the selector of a durable subscription, which gets every message', fields)
      return null
    }
  }

  #checkRoom(what: string, more: number): void {
    const limit = 'maximumDurableSubscriptions'
    let count = 0
    for (const { backlogs } of this.#byKey.values()) count += 1 + backlogs
    if (count + more <= destinationLimits[limit]) return
    throw new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot ${what}: the broker has ${this.#byKey.size} durable subscriptions, which with their topics are ${count} ` +
        `(limit ${limit})`,
      { fields: { limit } },
    )
  }
}

const topicNamed = (name: string): Destination => ({ kind: 'topic', name })

const keyOf = (clientId: string, name: string): string => `${clientId.length}:${clientId}${name}`

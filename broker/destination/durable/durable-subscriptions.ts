// The durable subscriptions of a broker, by client id and name.
import { RefusalError } from '../../base/errors.ts'
import { Inventory, type InventoryPage } from '../../base/inventory.ts'
import type { SubscriptionTerms } from '../../store/held-message.ts'
import type { DestinationContext } from '../destination-context.ts'
import { destinationLimits } from '../limits.ts'
import type { Topic } from '../topic/topic.ts'
import { DurableSubscription } from './durable-subscription.ts'

export class DurableSubscriptions {
  readonly #context: DestinationContext
  readonly #byKey = new Map<string, DurableSubscription>()
  readonly #inventory = new Inventory<DurableSubscription>()

  constructor(context: DestinationContext) {
    this.#context = context
  }

  find(clientId: string, name: string): DurableSubscription | undefined {
    return this.#byKey.get(keyOf(clientId, name))
  }

  /** Up to `limit` of those that came after the one with number `after`, in the order in which they came. */
  page(after: number, limit: number): InventoryPage<DurableSubscription> {
    return this.#inventory.page(after, limit)
  }

  /** One that is not there yet, in the store as well. Refuses at the limit. */
  add(topic: Topic, clientId: string, name: string, terms: SubscriptionTerms): DurableSubscription {
    const limit = 'maximumDurableSubscriptions'
    const count = this.#byKey.size
    if (count >= destinationLimits[limit])
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot subscribe as ${name}: the broker has ${count} durable subscriptions (limit ${limit})`,
        { fields: { limit } },
      )
    const made = this.recover(topic, clientId, name, terms)
    this.#context.store.addSubscription(made.holder, terms)
    return made
  }

  /** One that the store has. */
  recover(topic: Topic, clientId: string, name: string, terms: SubscriptionTerms): DurableSubscription {
    const made = new DurableSubscription(topic, clientId, name, terms, this.#context)
    topic.addBacklog(made)
    this.#byKey.set(keyOf(clientId, name), made)
    this.#inventory.add(made)
    return made
  }

  /** With what it has. */
  delete(subscription: DurableSubscription): void {
    const { clientId, name } = subscription.holder
    this.#byKey.delete(keyOf(clientId, name))
    this.#inventory.remove(subscription)
    subscription.delete()
  }
}

const keyOf = (clientId: string, name: string): string => `${clientId.length}:${clientId}${name}`

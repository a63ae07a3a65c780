// All destinations of a broker: found, made on first use, deleted; and the wildcard subscriptions that also want those made
// later. Its keeper learns what comes and goes.
import type { Destination } from '../message/destination.ts'
import { destinationKey, isQueue, isTemporary, isWildcard } from '../message/destination.ts'
import { RefusalError } from '../base/errors.ts'
import { Inventory, type InventoryPage } from '../base/inventory.ts'
import type { DestinationContext } from './destination-context.ts'
import { gone } from '../routing/destination-name.ts'
import { destinationLimits } from './limits.ts'
import { Queue } from './queue/queue.ts'
import type { Subscription } from './subscription/subscription.ts'
import { Topic } from './topic/topic.ts'
import { matchesWildcard, parseWildcard } from '../routing/wildcard.ts'
import type { WildcardPattern } from '../routing/wildcard.ts'

interface WildcardSubscription {
  readonly subscription: Subscription
  readonly kind: Destination['kind']
  readonly pattern: WildcardPattern
}

/** Whoever keeps the destinations. */
export interface DestinationKeeper {
  /** Before one is made for a client: refuses it by throwing a RefusalError. */
  check(destination: Destination): void
  /** After its wildcard subscriptions are attached. */
  created(made: Queue | Topic, owner: string | null, announcement?: object): void
  deleted(found: Queue | Topic): void
  /** Of one that has a wildcard as its name: whether only a consumer of that very wildcard draws from it. */
  isOneConsumers(destination: Destination): boolean
}

interface Attachable {
  attach(subscription: Subscription): void
  detach(subscription: Subscription): void
}

export class DestinationRegistry {
  readonly #context: DestinationContext
  readonly #keeper: DestinationKeeper
  readonly #queues = new Map<string, Queue>()
  readonly #topics = new Map<string, Topic>()
  readonly #temporary = new Map<string, Queue | Topic>()
  readonly #inventory = new Inventory<Queue | Topic>()
  readonly #wildcards = new Set<WildcardSubscription>()
  /** What each subscription draws from. */
  readonly #attached = new Map<Subscription, Set<Attachable>>()

  constructor(context: DestinationContext, keeper: DestinationKeeper) {
    this.#context = context
    this.#keeper = keeper
  }

  *[Symbol.iterator](): IterableIterator<Queue | Topic> {
    yield* this.#queues.values()
    yield* this.#topics.values()
    yield* this.#temporary.values()
  }

  *queues(): IterableIterator<Queue> {
    for (const found of this) if (found instanceof Queue) yield found
  }

  /** Up to `limit` of those that were made after the one with number `after`, in the order in which they were made. */
  page(after: number, limit: number): InventoryPage<Queue | Topic> {
    return this.#inventory.page(after, limit)
  }

  find(destination: Destination): Queue | Topic | undefined {
    switch (destination.kind) {
      case 'queue':
        return this.#queues.get(destination.name)
      case 'topic':
        return this.#topics.get(destination.name)
      case 'temp-queue':
      case 'temp-topic':
        return this.#temporary.get(destinationKey(destination))
    }
  }

  /** A concrete destination, made if it may be. @throws {RefusalError} for an unknown temporary one. */
  obtain(destination: Destination): Queue | Topic {
    const found = this.find(destination)
    if (found) return found
    if (isTemporary(destination)) throw gone(destination)
    return this.add(destination, null)
  }

  /** Makes a destination that is not there yet. Refuses at the limit, and what `check` refuses. `announcement` is for the keeper. */
  add(destination: Destination, owner: string | null, announcement?: object): Queue | Topic {
    this.#keeper.check(destination)
    const limit = isTemporary(destination) ? 'maximumTemporaryDestinations' : 'maximumDestinations'
    const count = isTemporary(destination) ? this.#temporary.size : this.#queues.size + this.#topics.size
    if (count >= destinationLimits[limit])
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot create ${destinationKey(destination)}: the broker has ${count} such destinations (limit ${limit})`,
        { fields: { limit } },
      )
    return this.addBeyondLimit(destination, owner, announcement)
  }

  /** As `add`, for what must have its place: recovered queues, dead letters. */
  addBeyondLimit(destination: Destination, owner: string | null, announcement?: object): Queue | Topic {
    const made = isQueue(destination)
      ? new Queue(destination, owner, this.#context)
      : new Topic(destination, owner, this.#context)
    // First what may refuse it.
    if (made instanceof Queue && made.stored) this.#context.store.addHolder(made.holder)
    if (isTemporary(destination)) this.#temporary.set(destinationKey(destination), made)
    else if (made instanceof Queue) this.#queues.set(destination.name, made)
    else this.#topics.set(destination.name, made)
    this.#inventory.add(made)
    for (const wildcard of this.#wildcards)
      if (this.#reaches(wildcard, destination)) this.#attach(made, wildcard.subscription)
    this.#keeper.created(made, owner, announcement)
    return made
  }

  delete(found: Queue | Topic): void {
    const { destination } = found
    if (isTemporary(destination)) this.#temporary.delete(destinationKey(destination))
    else if (found instanceof Queue) this.#queues.delete(destination.name)
    else this.#topics.delete(destination.name)
    this.#inventory.remove(found)
    found.delete()
    this.#keeper.deleted(found)
  }

  /** Attaches a subscription to one member of its destination: now, and for a wildcard also later. */
  attach(subscription: Subscription, member: Destination): void {
    if (!isWildcard(member)) return this.#attach(this.obtain(member), subscription)
    const wildcard = { subscription, kind: member.kind, pattern: parseWildcard(member.name) }
    this.#wildcards.add(wildcard)
    for (const found of this) if (this.#reaches(wildcard, found.destination)) this.#attach(found, subscription)
  }

  detach(subscription: Subscription): void {
    for (const wildcard of this.#wildcards) if (wildcard.subscription === subscription) this.#wildcards.delete(wildcard)
    for (const found of this.#attached.get(subscription) ?? []) found.detach(subscription)
    this.#attached.delete(subscription)
  }

  /** Consumers of one member of a destination; for a wildcard those with the same wildcard. */
  consumerCount(member: Destination): number {
    if (!isWildcard(member)) return this.find(member)?.consumers ?? 0
    let count = 0
    for (const { kind, pattern } of this.#wildcards)
      if (kind === member.kind && pattern.join('.') === member.name) count++
    return count
  }

  /** Subscriptions for a message to a topic that nobody created: only wildcards can match. */
  *wildcardSubscriptions(topic: Destination): IterableIterator<Subscription> {
    const seen = new Set<Subscription>()
    for (const { subscription, kind, pattern } of this.#wildcards) {
      if (kind !== topic.kind || seen.has(subscription) || !matchesWildcard(pattern, topic.name)) continue
      seen.add(subscription)
      yield subscription
    }
  }

  #reaches({ kind, pattern }: Pick<WildcardSubscription, 'kind' | 'pattern'>, destination: Destination): boolean {
    if (kind !== destination.kind || !matchesWildcard(pattern, destination.name)) return false
    return (
      !isWildcard(destination) || pattern.join('.') === destination.name || !this.#keeper.isOneConsumers(destination)
    )
  }

  /** As `attach`, for a consumer that draws from something else: a durable subscription, a browse. */
  attachTo(source: Attachable, subscription: Subscription): void {
    this.#attach(source, subscription)
  }

  /** What a consumer of this member would be attached to now. */
  reachedBy(member: Destination): (Queue | Topic)[] {
    if (!isWildcard(member)) return [this.obtain(member)]
    const reach = { kind: member.kind, pattern: parseWildcard(member.name) }
    return [...this].filter(({ destination }) => this.#reaches(reach, destination))
  }

  #attach(found: Attachable, subscription: Subscription): void {
    found.attach(subscription)
    const attached = this.#attached.get(subscription)
    if (attached) attached.add(found)
    else this.#attached.set(subscription, new Set([found]))
  }
}

// The model's part about durable subscriptions: who has one, to what, with which terms, and what it has to get: what was sent
// between its begin and its end and that it wants. One that began or ended a moment ago, without an answer, may be there or
// not after a crash, and so may what it had: `versions` are those of a name that can come back.
import type { Destination } from '../../../broker/message/destination.ts'
import type { SubscriptionStatistics } from '../../../broker/region/region.ts'
import { check } from '../queue-book.ts'
import {
  isExpired,
  newPlace,
  type Book,
  type BookConsumer,
  type BookListener,
  type Copy,
  type Place,
  type Sent,
} from './book.ts'
import { reaches, topicNames, type Wish } from './universe.ts'

export interface Terms {
  readonly destination: Destination
  readonly wish: Wish | null
  readonly noLocal: boolean
}

export interface DurableSubscription extends Terms {
  readonly clientId: string
  readonly name: string
  /** By topic, also those that nobody has sent to. */
  readonly places: ReadonlyMap<string, Place>
  consumer: BookConsumer | null
  /** Of its last consumer: what this one sends is not for a subscription without its own messages. */
  connectionId: string
}

/** What became of one name lately, the newest last; null: it was deleted. */
interface Version {
  readonly subscription: DurableSubscription | null
}

export class DurableSubscriptions implements BookListener {
  readonly #book: Book
  readonly #nowMs: () => number
  readonly #byKey = new Map<string, DurableSubscription>()
  /** Of names whose last change may be forgotten by a crash. */
  readonly versions = new Map<string, Version[]>()

  constructor(book: Book, nowMs: () => number) {
    this.#book = book
    this.#nowMs = nowMs
    book.listeners.push(this)
    book.durablePlaces = () => this.#places()
  }

  [Symbol.iterator](): Iterator<DurableSubscription> {
    return this.#byKey.values()
  }

  find(clientId: string, name: string): DurableSubscription | undefined {
    return this.#byKey.get(keyOf(clientId, name))
  }

  ofClient(clientId: string): DurableSubscription[] {
    return [...this.#byKey.values()].filter((one) => one.clientId === clientId)
  }

  sent(sent: Sent, topic: Destination): void {
    for (const subscription of this.#byKey.values()) {
      const place = subscription.places.get(topic.name)
      if (place && isFor(subscription, sent)) this.#add(sent, place, subscription, true)
    }
  }

  /** The one that a consumer asks for: as it was, or begun anew. */
  subscribe(clientId: string, name: string, terms: Terms): DurableSubscription {
    const known = this.find(clientId, name)
    if (known && isSame(known, terms)) return known
    if (known) this.delete(known)
    const made = this.make(clientId, name, terms)
    this.#remember(made, { subscription: made })
    // What was sent in a transaction before it began may be stored for it, wanted or not.
    for (const sent of this.#book.outstanding)
      for (const topic of sent.topics) {
        const place = made.places.get(topic.name)
        if (place) this.#add(sent, place, made, false, false)
      }
    return made
  }

  make(clientId: string, name: string, terms: Terms): DurableSubscription {
    const { destination } = terms
    const places = new Map<string, Place>()
    for (const topic of topicNames) {
      const member = { kind: 'topic', name: topic } as const
      if (reaches(destination, member))
        places.set(topic, newPlace('durable', `${name} of ${clientId} to ${topic}`, member))
    }
    const made: DurableSubscription = { ...terms, clientId, name, places, consumer: null, connectionId: '' }
    this.#byKey.set(keyOf(clientId, name), made)
    return made
  }

  delete(subscription: DurableSubscription): void {
    const { clientId, name, places } = subscription
    check(subscription.consumer === null, () => `${name} of ${clientId} was deleted while it has a consumer`)
    this.#byKey.delete(keyOf(clientId, name))
    this.#remember(subscription, { subscription: null }, { subscription })
    for (const place of places.values()) place.deleted = true
  }

  attach(subscription: DurableSubscription, consumer: BookConsumer): void {
    subscription.consumer = consumer
    subscription.connectionId = consumer.connectionId
    for (const place of subscription.places.values()) {
      for (const copy of place.copies.values())
        if (subscription.noLocal && copy.sent.connectionId === consumer.connectionId) copy.certain = false
    }
    for (const sent of this.#book.outstanding)
      for (const topic of sent.topics) {
        const place = subscription.places.get(topic.name)
        // What was its own when it was sent is not any more, if it has another connection now: then it is not stored for it.
        if (sent.persistent && !subscription.noLocal) continue
        if (place && !place.copies.has(sent.id) && isFor(subscription, sent))
          this.#add(sent, place, subscription, false, false)
      }
  }

  /** What is not stored goes with its consumer; what was in flight has been given back. */
  detach(subscription: DurableSubscription): void {
    subscription.consumer = null
    for (const place of subscription.places.values())
      for (const copy of Array.from(place.copies.values())) {
        if (copy.stored) continue
        if (copy.sent.persistent) copy.certain = false
        else if (copy.state === 'coming' || copy.state === 'inFlight') copy.certain = false
        else if (copy.state === 'waiting') this.#book.vanish(copy)
      }
  }

  /** What was asked for until now is durable. */
  confirm(key?: string): void {
    if (key === undefined) this.versions.clear()
    else this.versions.delete(key)
  }

  keyOf(subscription: Pick<DurableSubscription, 'clientId' | 'name'>): string {
    return keyOf(subscription.clientId, subscription.name)
  }

  /** At rest: the broker says the same of each. */
  checkRest(told: readonly SubscriptionStatistics[]): void {
    const nowMs = this.#nowMs()
    check(told.length === this.#byKey.size, () => `There are ${told.length} subscriptions, not ${this.#byKey.size}`)
    for (const { clientId, subscriptionName, topic, selector, noLocal, active, pending, inFlight } of told) {
      const found = this.find(clientId, subscriptionName)
      const name = `${subscriptionName} of ${clientId}`
      check(found !== undefined, () => `${name} is there although it is gone`)
      check(
        topic === found.destination.name && selector === (found.wish?.selector ?? null) && noLocal === found.noLocal,
        () => `${name} is another one: ${topic} ${selector}`,
      )
      check(active === (found.consumer !== null), () => `${name} is ${active ? 'active' : 'away'}`)
      let [least, most, inHand] = [0, 0, 0]
      for (const { copies } of found.places.values())
        for (const copy of copies.values()) {
          if (copy.state === 'inFlight') inHand++
          if (!copy.sent.persistent || copy.state === 'coming') continue
          most++
          if (copy.certain && copy.stored && !isExpired(copy, nowMs)) least++
        }
      check(
        least <= pending && pending <= most,
        () => `${name} has ${pending} messages, not ${least === most ? least : `${least} to ${most}`}`,
      )
      check(inFlight === inHand, () => `${name} has ${inFlight} in flight, not ${inHand}`)
    }
  }

  /** How many messages are stored for subscriptions, at least and at most: each once for a topic. */
  stored(): [least: number, most: number] {
    const nowMs = this.#nowMs()
    const certain = new Set<string>()
    const all = new Set<string>()
    for (const copy of this.#copies()) {
      if (!copy.sent.persistent || copy.state === 'coming') continue
      const key = `${copy.place.destination.name} ${copy.sent.id}`
      all.add(key)
      if (copy.certain && copy.stored && !isExpired(copy, nowMs)) certain.add(key)
    }
    return [certain.size, all.size]
  }

  *#copies(): Iterable<Copy> {
    for (const place of this.#places()) yield* place.copies.values()
  }

  *#places(): Iterable<Place> {
    for (const { places } of this.#byKey.values()) yield* places.values()
  }

  #add(
    sent: Sent,
    place: Place,
    { consumer, noLocal, connectionId }: DurableSubscription,
    certain: boolean,
    stored = sent.persistent,
  ): void {
    if (!sent.persistent && !consumer) return
    const isLocal = noLocal && sent.connectionId === connectionId
    // A topic that is made while it is away does not know yet what is its own.
    if (isLocal && consumer) return
    this.#book.add(sent, place, certain && !isLocal).stored = stored
  }

  #remember(subscription: DurableSubscription, now: Version, before: Version = { subscription: null }): void {
    const key = this.keyOf(subscription)
    const known = this.versions.get(key)
    if (known) known.push(now)
    else this.versions.set(key, [before, now])
  }
}

/** Whether it wants it by its selector. */
const isFor = ({ wish }: DurableSubscription, sent: Sent): boolean => wish === null || wish.wants(sent)

const isSame = (known: Terms, { destination, wish, noLocal }: Terms): boolean =>
  known.destination.name === destination.name && known.wish === wish && known.noLocal === noLocal

const keyOf = (clientId: string, name: string): string => `${clientId} ${name}`

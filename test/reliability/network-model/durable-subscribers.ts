// Durable subscribers of one topic, at any broker, that come, go, and unsubscribe: each is owed what was sent where its subscription was
// known, by the subscriptions that bridges have for it (NC-DS). When the network is at rest with all bridges up, all brokers within
// reach know it; whatever breaks or dies afterwards, unless it forgets.
import type { Random } from '../../../broker/base/random.ts'
import type { Destination } from '../../../broker/message/destination.ts'
import type { Message } from '../../../broker/message/message.ts'
import type { Delivery, SubscriptionStatistics } from '../../../broker/region/region.ts'
import { Violation } from '../queue-book.ts'
import { Application } from './application.ts'
import type { MessageBook, SentMessage } from './message-book.ts'
import { topic, type NetworkPlan } from './network-plan.ts'
import type { Reach } from './reach.ts'
import { passedBy, type SimulatedBroker, type SimulatedNetwork } from './simulated-network.ts'

const destination: Destination = { kind: 'topic', name: topic }
const subscriptionName = 's'
const mostSubscribers = 3

interface Subscriber {
  readonly clientId: string
  readonly broker: string
  /** null: it is away. */
  application: Application | null
  /** Its subscription was answered. */
  isKnown: boolean
  /** The other brokers that know it. */
  knownBy: ReadonlySet<string>
  readonly owed: Set<SentMessage>
  readonly got: Map<string, number>
  /** By broker that it was sent to: the number of the last message. */
  readonly last: Map<string, number>
  /** Of the last message that was sent before it subscribed. */
  readonly after: number
}

export interface DurableSubscribersParts {
  readonly random: Random
  readonly plan: NetworkPlan
  readonly network: SimulatedNetwork
  readonly reach: Reach
  readonly book: MessageBook
  readonly tell: (what: string) => void
}

export class DurableSubscribers {
  readonly #parts: DurableSubscribersParts
  readonly #subscribers: Subscriber[] = []
  readonly #isTree: boolean
  readonly #isSynchronized: boolean
  /** Interest goes everywhere, and who listens is told no bridge that would not ask. How far that of bridges that are away has come, nobody can say, so that it may be heard too far away. */
  readonly #knowsAll: boolean
  /** Interest goes everywhere, or to neighbours only: a demand tells how far its first consumer is, not the nearest that joined it. */
  readonly #tellsNearest: boolean
  #lastNumber = 0
  #connections = 0
  /** Messages that they took, and subscriptions of bridges that were seen at rest. */
  received = 0
  networkSubscriptions = 0

  constructor(parts: DurableSubscribersParts) {
    this.#parts = parts
    const { shape, names, joins } = parts.plan
    this.#isTree = shape !== 'mesh' || names.length === 2
    const { syncDurableSubs, conduitSubscriptions, consumerTTL } = joins[0]!.settings
    this.#isSynchronized = syncDurableSubs && conduitSubscriptions
    const isEverywhere = consumerTTL < 0 || consumerTTL >= names.length - 1
    this.#tellsNearest = isEverywhere || consumerTTL === 1
    this.#knowsAll = this.#isSynchronized && isEverywhere && !joins.some(({ settings }) => settings.staticBridge)
  }

  get count(): number {
    return this.#lastNumber
  }

  /** One of them comes, comes back, goes, unsubscribes, or takes what it was given. */
  step(): void {
    const { random, plan } = this.#parts
    const roll = random.next()
    if (roll < 0.5) return void this.acknowledge()
    if (this.#subscribers.length < mostSubscribers && roll < 0.65)
      return this.#subscribe(plan.names[Math.floor(random.next() * plan.names.length)]!)
    const subscriber = this.#subscribers[Math.floor(random.next() * this.#subscribers.length)]
    if (!subscriber) return
    if (!subscriber.application) this.#attach(subscriber)
    else if (roll < 0.9) this.#leave(subscriber)
    else this.#unsubscribe(subscriber)
  }

  comeBack(): void {
    for (const subscriber of this.#subscribers) if (!subscriber.application) this.#attach(subscriber)
  }

  /** Who is owed a message that is sent now, once it is answered. */
  sending(sent: SentMessage): () => void {
    const owed = this.#subscribers.filter((subscriber) => isOwed(subscriber, sent))
    return () => {
      for (const subscriber of owed) if (isOwed(subscriber, sent)) subscriber.owed.add(sent)
    }
  }

  /** False when there was nothing. */
  acknowledge(): boolean {
    let any = false
    for (const subscriber of this.#subscribers)
      for (const delivery of subscriber.application?.takeAll() ?? []) {
        any = true
        this.#take(subscriber, delivery)
      }
    return any
  }

  /** All bridges are up, and nothing is under way. `anew`: they were made when everybody was where he is now. */
  rested(anew: boolean): void {
    const { plan, reach } = this.#parts
    for (const subscriber of this.#subscribers) {
      const { application, broker, knownBy } = subscriber
      const isTold = application !== null || (anew && this.#isSynchronized)
      if (!isTold || !this.#tellsNearest) continue
      const reached = plan.names.filter((name) => name !== broker && reach.reaches(destination, name, broker))
      subscriber.knownBy = new Set([...knownBy, ...reached])
    }
    if (this.#isTree) this.#checkNetworkSubscriptions(anew)
  }

  /** `now`: who came after the broker that was killed. */
  killed(now: SimulatedBroker): void {
    const { name, isLasting } = now
    const there = new Set(subscriptionsOf(now).map(({ clientId }) => clientId))
    for (const subscriber of this.#subscribers.splice(0)) {
      const { broker, clientId, isKnown, owed } = subscriber
      if (!isLasting) {
        // Whatever it had, or kept for others, is gone.
        subscriber.knownBy = new Set()
        for (const sent of owed) if (sent.at !== broker) owed.delete(sent)
      }
      if (broker === name) {
        subscriber.application = null
        if (!there.has(clientId) && isLasting && isKnown) throw new Violation(`${name} has forgotten ${clientId}`)
        if (!there.has(clientId)) continue
      }
      this.#subscribers.push(subscriber)
    }
  }

  /** Everything has come to its end. */
  check(): void {
    const nowMs = this.#parts.network.clock.nowMs()
    for (const { clientId, broker, owed, got } of this.#subscribers)
      for (const { text, mayBeLost, expiration } of owed)
        if (!got.has(text) && !mayBeLost && !(expiration > 0 && expiration <= nowMs))
          throw new Violation(`${clientId} at ${broker} has not got ${text}`)
  }

  #subscribe(broker: string): void {
    const subscriber: Subscriber = {
      clientId: `durable-${++this.#lastNumber}`,
      broker,
      application: null,
      isKnown: false,
      knownBy: new Set(),
      owed: new Set(),
      got: new Map(),
      last: new Map(),
      after: this.#parts.book.lastNumber,
    }
    this.#subscribers.push(subscriber)
    this.#attach(subscriber)
  }

  #attach(subscriber: Subscriber): void {
    const { network, random, tell } = this.#parts
    const { clientId, broker } = subscriber
    tell(`${clientId} subscribes at ${broker}`)
    const application = new Application(network.brokers.get(broker)!, {
      id: `ID:${clientId}-${++this.#connections}`,
      clientId,
      destination,
      prefetchSize: random.next() < 0.5 ? 2 : 100,
      selector: null,
      subscriptionName,
      delivered: ({ message }) => this.#delivered(subscriber, message),
    })
    subscriber.application = application
    application.connection.whenDurable(() => (subscriber.isKnown = true))
  }

  #leave(subscriber: Subscriber): void {
    this.#parts.tell(`${subscriber.clientId} leaves with ${subscriber.application!.has}`)
    subscriber.application!.connection.close()
    subscriber.application = null
  }

  #unsubscribe(subscriber: Subscriber): void {
    const { clientId, application } = subscriber
    this.#parts.tell(`${clientId} unsubscribes`)
    application!.unsubscribe(clientId, subscriptionName)
    this.#subscribers.splice(this.#subscribers.indexOf(subscriber), 1)
  }

  #delivered({ clientId, broker, after }: Subscriber, message: Message): void {
    const { book, network } = this.#parts
    const text = message.content?.toString() ?? ''
    const reader = { id: clientId, broker, destination, abovePriority: null }
    book.delivered(text, reader, passedBy(message), network.clock.nowMs())
    const { at, number } = book.find(text)
    book.require(at !== broker || number > after, () => `${clientId} was given ${text}, from before it was there`)
  }

  #take({ clientId, broker, application, got, last }: Subscriber, delivery: Delivery): void {
    const { book, tell } = this.#parts
    const text = delivery.message.content?.toString() ?? ''
    tell(`${clientId} at ${broker} takes ${text}`)
    const { at, number, mayRepeat } = book.taken(text)
    const times = (got.get(text) ?? 0) + 1
    got.set(text, times)
    if (times > 1 && !mayRepeat) throw new Violation(`${clientId} got ${text} ${times} times`)
    const before = last.get(at) ?? 0
    // What comes again is not in its place.
    if (this.#isTree && times === 1 && number < before) throw new Violation(`${clientId} got ${text} behind ${before}`)
    last.set(at, Math.max(number, before))
    this.received++
    application!.acknowledge(delivery, () => {})
  }

  /** Bridges have subscriptions for all whom they have heard of, and with syncDurableSubs for nobody else as soon as they are made anew. */
  #checkNetworkSubscriptions(anew: boolean): void {
    const { plan, network, reach } = this.#parts
    for (const { from, to } of directionsOf(plan)) {
      const behind = this.#subscribers.filter(({ broker }) => reach.hears(destination, from, to, broker))
      const isHeard = behind.some(({ application, knownBy }) => application !== null || knownBy.has(from))
      const end = `_${to}_inbound_${from}`
      const isThere = subscriptionsOf(network.brokers.get(from)!).some(({ clientId }) => clientId.endsWith(end))
      if (isThere) this.networkSubscriptions++
      if (isHeard && !isThere && this.#tellsNearest) throw new Violation(`${from} has no subscription for ${to}`)
      if (anew && this.#knowsAll && isThere && behind.length === 0) throw new Violation(`${from} keeps one for ${to}`)
    }
  }
}

function isOwed({ broker, isKnown, knownBy }: Subscriber, { at }: SentMessage): boolean {
  return at === broker ? isKnown : knownBy.has(at)
}

const subscriptionsOf = ({ service }: SimulatedBroker): readonly SubscriptionStatistics[] =>
  service.region.subscriptionsPage(0, 1000).items

const directionsOf = ({ joins }: NetworkPlan): { from: string; to: string }[] =>
  joins.flatMap(({ from, to, settings }) =>
    settings.duplex
      ? [
          { from, to },
          { from: to, to: from },
        ]
      : [{ from, to }],
  )

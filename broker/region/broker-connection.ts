// One connection as the region sees it: its consumers, producers, temporary destinations and transactions. Checks what is
// asked and hands it to the part that does it.
import { RefusalError } from '../base/errors.ts'
import { concreteMembers, consumableMembers, invalid } from '../routing/destination-name.ts'
import { InFlight } from '../destination/subscription/dispatched-list.ts'
import type { EntryQueue, QueueEntry } from '../destination/entry.ts'
import { Queue } from '../destination/queue/queue.ts'
import type { MessageSource } from '../destination/subscription/message-source.ts'
import { Subscription } from '../destination/subscription/subscription.ts'
import type { Topic } from '../destination/topic/topic.ts'
import type { Destination } from '../message/destination.ts'
import { destinationKey, isAdvisory, isTemporary } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import type { Acknowledger } from './acknowledge.ts'
import { browseOf } from './browsers.ts'
import { consumerCount, deleteSubscription, durableFor, isDurable } from './durable-consumers.ts'
import { SenderAccount } from './flow-control.ts'
import { Intake } from './intake.ts'
import { ConnectionSelectors } from './connection-selectors.ts'
import { connectionLimits } from './limits.ts'
import type { MessageRouter } from './message-router.ts'
import type { RegionContext } from './region-context.ts'
import type {
  Acknowledgement,
  ConnectionOptions,
  ConnectionPort,
  ConsumerOptions,
  Done,
  LastSeen,
  ProducerOptions,
  RegionConnection,
} from './region.ts'
import { NetworkPort } from './network-port.ts'
import { Transactions } from './transactions.ts'

export interface ConnectionParts {
  readonly router: MessageRouter
  readonly acknowledger: Acknowledger
  /** All subscriptions of the broker by consumer id. */
  readonly subscriptions: Map<string, Subscription>
  /** Whether the connection of this id is another broker's bridge. */
  isNetwork(connectionId: string): boolean
  closed(connection: BrokerConnection): void
}

interface Producer {
  readonly options: ProducerOptions
  readonly members: readonly Destination[]
}

export class BrokerConnection implements RegionConnection {
  readonly options: ConnectionOptions
  readonly #port: ConnectionPort
  readonly #context: RegionContext
  readonly #parts: ConnectionParts
  readonly #sender: SenderAccount
  readonly #transactions: Transactions
  readonly #consumers = new Map<string, Subscription>()
  readonly #producers = new Map<string, Producer>()
  readonly #temporary = new Set<Queue | Topic>()
  readonly #inFlight = new InFlight()
  readonly #selectors: ConnectionSelectors
  #closed = false

  constructor(options: ConnectionOptions, port: ConnectionPort, context: RegionContext, parts: ConnectionParts) {
    this.options = options
    this.#port = port
    this.#context = context
    this.#parts = parts
    this.#selectors = new ConnectionSelectors(context.selectors)
    this.#sender = new SenderAccount(
      options.connectionId,
      new Intake(port, context.afterSync),
      () => (options.network ? port.awaitsAnswers === true : this.#holdsDeliveries()),
      options.network && !isAsSafeHere(options, context),
    )
    this.#transactions = new Transactions(context, parts.router, this.#sender, options.failoverReconnect)
  }

  addProducer(options: ProducerOptions): void {
    this.#assertOpen()
    const { producerId, destination } = options
    if (this.#producers.has(producerId)) return
    this.#checkLimit('maximumProducersPerConnection', this.#producers.size)
    const members = destination ? concreteMembers(destination) : []
    const found = members.map((member) => this.#context.registry.obtain(member))
    for (const { counters } of found) counters.addProducer()
    this.#producers.set(producerId, { options, members })
    if (!destination) this.#context.listener.producerAdded(options, null, this.#anonymousProducers())
    for (const { destination: member, counters } of found)
      if (!isAdvisory(member)) this.#context.listener.producerAdded(options, member, counters.producers)
  }

  removeProducer(producerId: string): void {
    this.#assertOpen()
    if (!this.#producers.has(producerId)) throw notRegistered('producer', producerId)
    this.#dropProducer(producerId)
  }

  addConsumer(options: ConsumerOptions): void {
    this.#assertOpen()
    if (this.#consumers.has(options.consumerId)) return
    this.#checkLimit('maximumConsumersPerConnection', this.#consumers.size)
    const members = consumableMembers(options.destination)
    for (const member of members) if (isTemporary(member)) this.#checkOwner(member)
    const { registry, virtual, clock, listener, arrivals } = this.#context
    const { connectionId } = this.options
    const port = options.network ? new NetworkPort(this.#port, arrivals) : this.#port
    const selector = this.#selectors.obtain(options.selector)
    const subscription = new Subscription(options, members, connectionId, port, clock, this.#inFlight, selector)
    subscription.afterFailover = this.options.failoverReconnect
    try {
      if (options.browser) registry.attachTo(browseOf(this.#context, members), subscription)
      else if (isDurable(options))
        registry.attachTo(durableFor(this.#context, this.options.clientId, options, members), subscription)
      else if (options.demandTerms === undefined)
        for (const member of members) {
          if (virtual.needsQueue(member)) registry.obtain(member)
          registry.attach(subscription, member)
        }
    } catch (error) {
      registry.detach(subscription)
      // It may have been given what the first of several topics had kept.
      subscription.close()
      subscription.dispatched.leave()
      this.#selectors.release(selector)
      throw error
    }
    this.#consumers.set(options.consumerId, subscription)
    this.#parts.subscriptions.set(options.consumerId, subscription)
    for (const member of members)
      listener.consumerAdded(options, connectionId, member, consumerCount(this.#context, member))
    subscription.dispatch()
  }

  removeConsumer(consumerId: string, lastSeen: LastSeen): void {
    this.#assertOpen()
    const subscription = this.#consumers.get(consumerId)
    if (!subscription) throw notRegistered('consumer', consumerId)
    const queues = new Set<MessageSource>()
    this.#detachConsumer(subscription, queues)
    this.#returnUnacknowledged([subscription], lastSeen, queues)
    this.#context.flow.relieve()
  }

  removeSubscription(clientId: string, subscriptionName: string): void {
    this.#assertOpen()
    deleteSubscription(this.#context, { clientId, subscriptionName }, this.options.connectionId)
    this.#context.flow.relieve()
  }

  whenDurable(done: Done): void {
    this.#context.afterSync.run(done)
  }

  setPrefetch(consumerId: string, prefetchSize: number): void {
    this.#assertOpen()
    this.#consumers.get(consumerId)?.setPrefetch(prefetchSize)
  }

  /** As a bridge's: its queues give it nothing more. Topics would lose what it does not take. */
  holdBridge(): void {
    for (const subscription of this.#consumers.values())
      if (subscription.network !== null && !subscription.topicsOnly && !subscription.durable)
        subscription.setPrefetch(0)
  }

  /** What a bridge has, and has not settled; and what durable subscriptions keep for it. */
  get forwarding(): number {
    let count = 0
    for (const { network, dispatched, durable, options } of this.#consumers.values())
      if (network !== null) count += Math.max(dispatched.size, durable ? this.#kept(options.subscriptionName ?? '') : 0)
    return count
  }

  pull(consumerId: string, timeoutMs: number): void {
    this.#assertOpen()
    this.#consumers.get(consumerId)?.pull(timeoutMs)
  }

  addDestination(destination: Destination, announcement?: object): void {
    this.#assertOpen()
    const { registry } = this.#context
    for (const member of concreteMembers(destination)) {
      if (registry.find(member)) continue
      if (!isTemporary(member)) {
        registry.add(member, null)
        continue
      }
      this.#checkLimit('maximumTemporaryDestinationsPerConnection', this.#temporary.size)
      this.#temporary.add(registry.add(member, this.options.connectionId, announcement))
    }
  }

  /** Unknown ones are ignored. Throws JMSException while somebody uses it. */
  removeDestination(destination: Destination): void {
    this.#assertOpen()
    for (const member of concreteMembers(destination)) {
      const found = this.#context.registry.find(member)
      if (!found) continue
      if (isTemporary(member)) {
        // What its client here has, or another bridge brought, is not taken away by what another broker says.
        if (this.options.network && found.owner !== this.options.connectionId) continue
        this.#checkOwner(member)
      }
      const { consumers, inFlight, openTransactions } = found
      const busy = consumers > 0 || inFlight > 0 || openTransactions > 0
      if (busy || (!(found instanceof Queue) && found.backlogs > 0))
        throw new RefusalError(
          'INVALID_REQUEST',
          `Cannot remove ${destinationKey(member)}: Destination still has an active subscription or an open transaction`,
        )
      this.#deleteDestination(found)
    }
    this.#context.flow.relieve()
  }

  send(message: Message, transactionId: string | null, done: Done): void {
    this.#assertOpen()
    if (message.scheduled) this.#context.unsupported.sent(message)
    if (transactionId === null)
      return this.#parts.router.send(this.#sender, this.options.failoverReconnect, message, done)
    const transaction = this.#transactions.get(transactionId)
    this.#parts.router.sendInTransaction(this.#sender, transaction, message, done)
  }

  acknowledge(acknowledgement: Acknowledgement, done: Done): void {
    this.#assertOpen()
    const { transactionId, consumerId } = acknowledgement
    const transaction = transactionId === null ? null : this.#transactions.get(transactionId)
    const subscription = this.#consumers.get(consumerId)
    if (!subscription) return done()
    const wasFull = this.#inFlight.full
    this.#parts.acknowledger.acknowledge(subscription, acknowledgement, transaction, done)
    if (wasFull && !this.#inFlight.full) this.dispatch()
    this.#context.flow.relieve()
  }

  begin(transactionId: string): void {
    this.#assertOpen()
    this.#transactions.begin(transactionId)
  }

  commit(transactionId: string, done: Done): void {
    this.#assertOpen()
    this.#transactions.commit(transactionId, done)
    this.#context.flow.relieve()
  }

  rollback(transactionId: string, done: Done): void {
    this.#assertOpen()
    this.#transactions.rollback(transactionId)
    this.#context.flow.relieve()
    done()
  }

  failTransaction(transactionId: string, cause: RefusalError): void {
    this.#transactions.markRollbackOnly(transactionId, cause)
  }

  dispatch(): void {
    for (const subscription of this.#consumers.values()) subscription.relieve()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    // All detached before anything is given back: else one's messages would go to the next, only to come back again.
    const subscriptions = [...this.#consumers.values()]
    const queues = new Set<MessageSource>()
    for (const subscription of subscriptions) this.#detachConsumer(subscription, queues)
    for (const queue of this.#transactions.rollbackAll()) queues.add(queue)
    this.#context.flow.leave(this.#sender)
    this.#returnUnacknowledged(subscriptions, 'unknown', queues)
    for (const producerId of this.#producers.keys()) this.#dropProducer(producerId)
    for (const found of this.#temporary) this.#deleteDestination(found)
    this.#parts.closed(this)
    this.#context.flow.relieve()
    this.#context.listener.connectionRemoved(this.options)
  }

  #kept(subscriptionName: string): number {
    return this.#context.durables.find(this.options.clientId, subscriptionName)?.pending ?? 0
  }

  #dropProducer(producerId: string): void {
    const { options, members } = this.#producers.get(producerId)!
    this.#producers.delete(producerId)
    const { registry, listener } = this.#context
    if (!options.destination) listener.producerRemoved(producerId, null, this.#anonymousProducers())
    for (const member of members) {
      const counters = registry.find(member)?.counters
      if (counters && counters.producers > 0) counters.producers--
      if (!isAdvisory(member)) listener.producerRemoved(producerId, member, counters?.producers ?? 0)
    }
  }

  /** Adds to `queues` those whose messages others may have now: it was exclusive, or the owner of groups of messages. */
  #detachConsumer(subscription: Subscription, queues: Set<MessageSource>): void {
    const { consumerId } = subscription
    for (const queue of subscription.queues) queues.add(queue)
    this.#consumers.delete(consumerId)
    if (this.#parts.subscriptions.get(consumerId) === subscription) this.#parts.subscriptions.delete(consumerId)
    this.#context.registry.detach(subscription)
    this.#selectors.release(subscription.selector)
    subscription.close()
  }

  /** Dispatches `queues` too, once all is given back: so that the oldest messages go first. */
  #returnUnacknowledged(subscriptions: readonly Subscription[], lastSeen: LastSeen, queues: Set<MessageSource>): void {
    const { listener } = this.#context
    for (const subscription of subscriptions)
      for (const [queue, entries] of takeUnacknowledged(subscription, lastSeen)) {
        queue.returnToFront(entries)
        queues.add(queue)
      }
    for (const { dispatched } of subscriptions) dispatched.leave()
    for (const queue of queues) queue.dispatch()
    for (const { consumerId, members } of subscriptions)
      for (const member of members) listener.consumerRemoved(consumerId, member, consumerCount(this.#context, member))
  }

  #deleteDestination(found: Queue | Topic): void {
    this.#temporary.delete(found)
    this.#context.registry.delete(found)
  }

  /** Bridges have them for clients of other brokers, and two may have one; but none has that of a client here, whatever it is told. */
  #checkOwner(destination: Destination): void {
    const { owner } = this.#context.registry.obtain(destination)
    if (owner === this.options.connectionId) return
    if (!this.options.network || owner === null || !this.#parts.isNetwork(owner))
      throw invalid(destination, 'a temporary destination belongs to the connection that created it')
  }

  #checkLimit(limit: keyof typeof connectionLimits, count: number): void {
    if (count < connectionLimits[limit]) return
    throw new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot add more to connection ${this.options.connectionId}: it has ${count} (limit ${limit})`,
      { fields: { limit } },
    )
  }

  #anonymousProducers(): number {
    let count = 0
    for (const { options } of this.#producers.values()) if (!options.destination) count++
    return count
  }

  #holdsDeliveries(): boolean {
    for (const subscription of this.#consumers.values()) if (subscription.dispatched.size > 0) return true
    return false
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new RefusalError('ILLEGAL_STATE', `Cannot use connection ${this.options.connectionId}: it is closed`)
  }
}

/**
 * Takes what a closed consumer did not acknowledge out of its list, by queue; what it has seen counts as delivered once
 * more. What an open transaction acknowledged stays for its end.
 */
function takeUnacknowledged(subscription: Subscription, lastSeen: LastSeen): Map<EntryQueue, QueueEntry[]> {
  const returned = new Map<EntryQueue, QueueEntry[]>()
  const { dispatched, durable } = subscription
  const lastCounted = typeof lastSeen === 'number' ? dispatched.findSequence(lastSeen) : null
  let counting = lastSeen === 'unknown' || lastCounted !== null
  for (const entry of dispatched) {
    const counted = counting
    if (entry === lastCounted) counting = false
    if (entry.kind !== 'queue') continue
    if (entry.transaction) {
      entry.holder = null
      continue
    }
    dispatched.remove(entry)
    if (durable ? hasSeen(lastSeen, entry.sequence) : counted) entry.redeliveryCounter++
    const entries = returned.get(entry.queue)
    if (entries) entries.push(entry)
    else returned.set(entry.queue, [entry])
  }
  return returned
}

/** As ActiveMQ's DurableTopicSubscription.deactivate reckons it. */
const hasSeen = (lastSeen: LastSeen, sequence: number): boolean =>
  lastSeen === 'unknown' || (lastSeen !== 'nothing' && sequence <= lastSeen)

/** What no store has elsewhere need not stay there until it is consumed, though none has it here: it is taken as a client's. */
const isAsSafeHere = ({ unstored }: ConnectionOptions, { store }: RegionContext): boolean =>
  unstored === true && store.whenGone !== undefined

const notRegistered = (what: string, id: string): RefusalError =>
  new RefusalError('ILLEGAL_STATE', `Cannot remove a ${what} that had not been registered: ${id}`)

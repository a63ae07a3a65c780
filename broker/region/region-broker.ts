// The region: joins destinations, transactions and flow control to what sessions use (region.ts). Everything is in one
// event loop; the only waiting is for the store (after-sync.ts) and for memory (flow-control.ts).
import type { Clock } from '../base/clock.ts'
import { RefusalError } from '../base/errors.ts'
import type { InventoryPage } from '../base/inventory.ts'
import type { Logger } from '../base/logger.ts'
import { systemRandom, type Random } from '../base/random.ts'
import { BrokerRedelivery, type BrokerRedeliveryConfig } from '../destination/broker-redelivery.ts'
import type { DeadLetterConfig } from '../destination/dead-letter.ts'
import type { DurableSubscription } from '../destination/durable/durable-subscription.ts'
import { DurableSubscriptions } from '../destination/durable/durable-subscriptions.ts'
import type { QueueEntry } from '../destination/entry.ts'
import { DeadLetterStrategies, type DeadLetterPolicy } from '../destination/dead-letter-strategies.ts'
import { DestinationRegistry } from '../destination/destination-registry.ts'
import { MemoryUsage } from '../destination/memory-usage.ts'
import type { NetworkFilterPolicy } from '../destination/network/network-filter-policy.ts'
import type { DispatchPolicy } from '../destination/queue/dispatch-policy.ts'
import type { Queue } from '../destination/queue/queue.ts'
import type { Subscription } from '../destination/subscription/subscription.ts'
import { RecoveryPolicies, type RecoveryPolicyEntry } from '../destination/topic/recovery/recovery-policies.ts'
import { TopicMessage } from '../destination/topic/topic-message.ts'
import { Topic } from '../destination/topic/topic.ts'
import { PolicyMap, type PolicyEntry } from '../routing/policy-map.ts'
import type { VirtualDestination } from '../routing/virtual-destination.ts'
import { matchesWildcard, parseWildcard } from '../routing/wildcard.ts'
import type { Destination } from '../message/destination.ts'
import { isAdvisory, isQueue } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { StoredMessage } from '../message/stored-message.ts'
import { SelectorPool } from '../selection/selector-pool.ts'
import { queueHolder } from '../store/held-message.ts'
import type { MessageStore, RecoveredState, Sequence } from '../store/message-store.ts'
import { defaultPriority, priorityOfHolder, destinationOfHolder } from '../store/priority-holder.ts'
import type { TempMessages } from '../store/temp-store.ts'
import { Acknowledger } from './acknowledge.ts'
import { AfterSync } from './after-sync.ts'
import { BrokerConnection } from './broker-connection.ts'
import { DeadLetterRouter } from './dead-letter-router.ts'
import { deleteSubscription } from './durable-consumers.ts'
import { ExpirySweeps, type ExpiryPolicy } from './expiry-sweeps.ts'
import { FlowControl, type WhenNoSpace } from './flow-control.ts'
import { heldMessages } from './held-messages.ts'
import { InactiveDestinations, noneInactive, type InactiveDestinationsPolicy } from './inactive-destinations.ts'
import { MessageRouter } from './message-router.ts'
import { NetworkArrivals } from './network-arrivals.ts'
import type { PriorityPolicy } from './priority-policy.ts'
import { SequenceSource } from './region-context.ts'
import { Room } from './room.ts'
import { UnsupportedFeatures } from './unsupported-features.ts'
import { VirtualDestinations } from './virtual-destinations.ts'
import { joinListeners } from './region-listeners.ts'
import type { RegionContext } from './region-context.ts'
import type {
  ConnectionOptions,
  ConnectionPort,
  DestinationStatistics,
  Done,
  HeldMessages,
  Region,
  RegionConnection,
  RegionListener,
  SubscriptionStatistics,
} from './region.ts'

export interface DeliveryPolicy extends PolicyEntry {
  readonly persistJMSRedelivered: boolean
}

export interface RegionOptions {
  /** Open: this broker is the writer. */
  readonly store: MessageStore
  /** Open. Where messages go that are not stored and find no room in memory; without it their senders wait. */
  readonly temp?: TempMessages | null
  readonly clock: Clock
  readonly logger: Logger
  /** Of this broker, as it stands in the paths of messages; default: it is in no network. */
  readonly brokerId?: string
  /** Bytes of message bodies in memory. */
  readonly memoryLimit: number
  /** Default: sends wait. */
  readonly whenNoSpace?: WhenNoSpace
  readonly deadLetter: DeadLetterConfig
  /** Default: what `deadLetter` says holds for all destinations. */
  readonly deadLetterPolicies?: readonly DeadLetterPolicy[]
  /** Default: all queues share out as ActiveMQ's do by default. */
  readonly dispatchPolicies?: readonly (PolicyEntry & DispatchPolicy)[]
  /** Default: messages may go back over bridges to where somebody is left to consume them. */
  readonly networkFilterPolicies?: readonly (PolicyEntry & NetworkFilterPolicy)[]
  /** Default: every 30 s. */
  readonly expiryPolicies?: readonly ExpiryPolicy[]
  /** Default: topics keep nothing for subscribers that come later. */
  readonly recoveryPolicies?: readonly RecoveryPolicyEntry[]
  /** Default: the broker delivers nothing again that its client has given up. */
  readonly redelivery?: BrokerRedeliveryConfig | undefined
  readonly random?: Random
  /** Queues of which the store is told what is delivered for the first time; default: none. */
  readonly deliveryPolicies?: readonly DeliveryPolicy[]
  /** Default: messages go in the order of their arrival. */
  readonly priorityPolicies?: readonly PriorityPolicy[]
  /** Default: they stay. */
  readonly inactiveDestinations?: InactiveDestinationsPolicy
  /** Default: none. */
  readonly virtualDestinations?: readonly VirtualDestination[]
  /** Whether consumers get persistent queue messages before they are durable; see docs/reliability.md. */
  readonly concurrentStoreAndDispatchQueues: boolean
  /** Told of what happens, in this order. */
  readonly listeners: readonly RegionListener[]
}

/** Throws InvalidDestinationException when the name of a dead letter queue is none. */
export const createRegion = (options: RegionOptions): Region => new RegionBroker(options)

class RegionBroker implements Region {
  readonly #context: RegionContext
  readonly #router: MessageRouter
  readonly #acknowledger: Acknowledger
  readonly #connections = new Map<string, BrokerConnection>()
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #inactive: InactiveDestinations
  readonly #sweeps: ExpirySweeps
  readonly #recoveries: RecoveryPolicies

  constructor(options: RegionOptions) {
    const { store, temp = null, clock, logger, memoryLimit, whenNoSpace, deadLetter, listeners } = options
    const memory = new MemoryUsage(memoryLimit)
    const redelivery = options.redelivery
      ? new BrokerRedelivery(options.redelivery, options.random ?? systemRandom, logger)
      : null
    const arrivals = new NetworkArrivals((connectionId) => this.#connections.has(connectionId), clock)
    const priorities = new PolicyMap(options.priorityPolicies ?? [])
    const sequences = new SequenceSource()
    const deliveryPolicies = new PolicyMap(options.deliveryPolicies ?? [])
    const destinationContext = {
      clock,
      logger,
      memory,
      store,
      temp,
      redelivery,
      dispatchPolicies: options.dispatchPolicies ? new PolicyMap(options.dispatchPolicies) : null,
      brokerId: options.brokerId ?? '',
      networkFilterPolicies: options.networkFilterPolicies ? new PolicyMap(options.networkFilterPolicies) : null,
      answeredMs: (message: Message, queue: Destination) => arrivals.answeredMs(message, queue),
      isPrioritized: (destination: Destination) => priorities.for(destination)?.prioritizedMessages === true,
      lastSequence: () => sequences.last,
      recordsDeliveries: (queue: Destination) => deliveryPolicies.for(queue)?.persistJMSRedelivered === true,
      scan: (bytes: Buffer) => StoredMessage.scan(bytes),
      expired: (entry: QueueEntry) => deadLetters.take(entry, 'expired', null, () => this.#context.flow.relieve()),
      expiredWaiting: (topic: Destination, message: Message) =>
        deadLetters.takeExpiredArrival(topic, message, () => {}),
    }
    const selectors = new SelectorPool()
    const durables = new DurableSubscriptions(destinationContext, selectors)
    const registry = new DestinationRegistry(destinationContext, {
      check: (destination) => durables.checkTopic(destination),
      created: (made, owner, announcement) => this.#destinationCreated(made, owner, announcement),
      deleted: (found) => this.#destinationDeleted(found),
      isOneConsumers: (destination) => this.#context.virtual.needsQueue(destination),
    })
    this.#context = {
      clock,
      logger,
      store,
      temp,
      memory,
      room: new Room({ memory, store, temp }),
      registry,
      virtual: new VirtualDestinations(options.virtualDestinations ?? [], registry, selectors),
      durables,
      redelivery,
      deadLetterStrategies: new DeadLetterStrategies(deadLetter, options.deadLetterPolicies ?? []),
      listener: joinListeners(listeners),
      afterSync: new AfterSync(store),
      flow: new FlowControl({ clock, logger, whenNoSpace }),
      arrivals,
      sequences,
      selectors,
      unsupported: new UnsupportedFeatures(logger),
      concurrentStoreAndDispatchQueues: options.concurrentStoreAndDispatchQueues,
    }
    store.whenRoom(() => this.#context.flow.relieve())
    temp?.whenRoom(() => this.#context.flow.relieve())
    const deadLetters = new DeadLetterRouter(this.#context, (queue, sequence, message) =>
      this.#router.deliverVolatile(queue, sequence, message),
    )
    this.#router = new MessageRouter(this.#context, deadLetters)
    this.#acknowledger = new Acknowledger(this.#context, deadLetters)
    this.#inactive = new InactiveDestinations(options.inactiveDestinations ?? noneInactive, { clock, logger, registry })
    this.#recoveries = new RecoveryPolicies(options.recoveryPolicies ?? [], memory, clock)
    this.#sweeps = new ExpirySweeps({
      policies: options.expiryPolicies ?? [],
      clock,
      subscriptions: this.#subscriptions,
      relieve: () => this.#context.flow.relieve(),
    })
  }

  connect(options: ConnectionOptions, port: ConnectionPort): RegionConnection {
    if (this.#connections.has(options.connectionId))
      throw new RefusalError('INVALID_REQUEST', `Cannot connect ${options.connectionId}: it is connected already`)
    const connection = new BrokerConnection(options, port, this.#context, {
      router: this.#router,
      acknowledger: this.#acknowledger,
      subscriptions: this.#subscriptions,
      isNetwork: (connectionId) => this.#connections.get(connectionId)?.options.network === true,
      closed: ({ options: { connectionId } }) => void this.#connections.delete(connectionId),
    })
    this.#connections.set(options.connectionId, connection)
    this.#context.listener.connectionAdded(options)
    return connection
  }

  publish(message: Message): void {
    const shared = this.#share(message)
    const topic = this.#context.registry.find(message.destination) as Topic | undefined
    if (topic) return topic.send(shared)
    for (const subscription of this.#context.registry.wildcardSubscriptions(message.destination))
      subscription.offer(null, shared)
  }

  publishTo(consumerId: string, message: Message): void {
    const subscription = this.#subscriptions.get(consumerId)
    const { destination } = message
    const matches = subscription?.members.some(
      ({ kind, name }) => kind === destination.kind && matchesWildcard(parseWildcard(name), destination.name),
    )
    if (!subscription || !matches) return
    const topic = this.#context.registry.find(destination) as Topic | undefined
    subscription.offer(topic ?? null, this.#share(message))
  }

  destinations(): readonly Destination[] {
    return Array.from(this.#context.registry, ({ destination }) => destination)
  }

  statistics(): readonly DestinationStatistics[] {
    return Array.from(this.#context.registry, statisticsOf)
  }

  statisticsPage(after: number, limit: number): InventoryPage<DestinationStatistics> {
    const { items, next } = this.#context.registry.page(after, limit)
    return { items: items.map(statisticsOf), next }
  }

  memory(): { used: number; limit: number; blockedConnections: number } {
    const { memory, flow } = this.#context
    return { used: memory.used, limit: memory.limit, blockedConnections: flow.blockedConnections }
  }

  held(): HeldMessages {
    return heldMessages(this.#context.registry, this.#context.durables)
  }

  keptElsewhere(): ReadonlySet<Sequence> {
    const { arrivals, store } = this.#context
    return arrivals.fromConnected(store.awaitedEnds?.() ?? new Set())
  }

  holdBridges(): void {
    for (const connection of this.#connections.values()) connection.holdBridge()
  }

  forwarding(): number {
    let count = 0
    for (const connection of this.#connections.values()) count += connection.forwarding
    return count
  }

  setDraining(draining: boolean): void {
    const { redelivery } = this.#context
    if (redelivery) redelivery.suspended = draining
  }

  whenDurable(done: Done): void {
    this.#context.afterSync.run(done)
  }

  unsupportedUses(): ReadonlyMap<string, number> {
    return this.#context.unsupported.uses
  }

  subscriptionsPage(after: number, limit: number): InventoryPage<SubscriptionStatistics> {
    const { items, next } = this.#context.durables.page(after, limit)
    return { items: items.map(subscriptionStatistics), next }
  }

  async deleteSubscription(clientId: string, subscriptionName: string): Promise<void> {
    deleteSubscription(this.#context, { clientId, subscriptionName }, null)
    await new Promise<void>((resolve) => this.#context.afterSync.run(() => resolve()))
  }

  recover({ queues, subscriptions, arrivals, lastSequence }: RecoveredState): void {
    const { registry, durables, sequences, store } = this.#context
    this.#context.arrivals.recover(arrivals)
    sequences.startAfter(lastSequence)
    for (const { name, messageCount } of queues) {
      const priority = priorityOfHolder(name)
      // An empty part would keep a queue in the store that is deleted when it has no priorities any more.
      if (messageCount === 0 && priority !== defaultPriority) {
        store.removeHolder(queueHolder(name))
        continue
      }
      const destination = { kind: 'queue', name: destinationOfHolder(name) } as const
      const queue = (registry.find(destination) ?? registry.addBeyondLimit(destination, null)) as Queue
      queue.recover(messageCount, lastSequence, priority)
    }
    durables.recover(subscriptions, (name) => {
      const destination = { kind: 'topic', name } as const
      return (registry.find(destination) ?? registry.addBeyondLimit(destination, null)) as Topic
    })
  }

  prepare(destinations: readonly Destination[]): void {
    for (const destination of destinations)
      if (!this.#context.registry.find(destination)) this.#context.registry.addBeyondLimit(destination, null)
  }

  stop(): void {
    this.#inactive.stop()
    for (const queue of this.#context.registry.queues()) queue.stop()
    this.#sweeps.stop()
  }

  #share(message: Message): TopicMessage {
    if (isQueue(message.destination))
      throw new RefusalError('INVALID_DESTINATION', 'Cannot publish: only topics are published to')
    const { registry, sequences, memory } = this.#context
    const topic = registry.find(message.destination) as Topic | undefined
    return new TopicMessage(message, sequences.next(), memory, topic ?? null)
  }

  #destinationCreated(made: Queue | Topic, owner: string | null, announcement?: object): void {
    const { virtual, durables, listener } = this.#context
    virtual.added(made)
    this.#sweeps.added(made)
    if (made instanceof Topic) made.recovery = this.#recoveries.for(made.destination)
    if (!isAdvisory(made.destination)) listener.destinationAdded(made.destination, owner, announcement)
    if (made instanceof Topic && made.destination.kind === 'topic') durables.topicCreated(made)
  }

  #destinationDeleted(found: Queue | Topic): void {
    const { virtual, listener } = this.#context
    virtual.removed(found)
    this.#sweeps.removed(found)
    if (!isAdvisory(found.destination)) listener.destinationRemoved(found.destination)
  }
}

const subscriptionStatistics = ({
  options,
  active,
  pending,
  inFlight,
}: DurableSubscription): SubscriptionStatistics => ({
  topic: options.destination.name,
  clientId: options.clientId,
  subscriptionName: options.name,
  ...options.terms,
  active,
  pending,
  inFlight,
})

const statisticsOf = (found: Queue | Topic): DestinationStatistics => ({
  name: found.destination.name,
  kind: found.destination.kind,
  size: found.size,
  inFlight: found.inFlight,
  enqueued: found.counters.enqueued,
  dequeued: found.counters.dequeued,
  dispatched: found.counters.dispatched,
  expired: found.counters.expired,
  consumers: found.consumers,
  producers: found.counters.producers,
  memoryUsed: found.memoryUsed,
  awaitingRedelivery: found.awaitingRedelivery,
  messageGroups: found.messageGroups,
  withoutConsumer: found.withoutConsumer,
})

// The protocol-neutral heart of a broker as sessions see it: connections with producers and consumers go in, deliveries
// come out. OpenWire uses it now; STOMP, AMQP and MQTT will. The implementation is region-broker.ts.
//
// All calls are synchronous and made on one event loop. A refusal is a thrown RefusalError. What has to wait for the disk or
// for memory takes a `Done`, called exactly once, unless the store fails: then it is never called, the connection is
// closed by the broker, and the client sends again.
import type { RefusalError } from '../base/errors.ts'
import type { InventoryPage } from '../base/inventory.ts'
import type { EntryReference } from '../destination/subscription/dispatched-list.ts'
import type { NetworkOptions } from '../destination/subscription/subscription.ts'
import type { DemandTerms } from '../message/demand-terms.ts'
import type { Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import type { RecoveredState, Sequence } from '../store/message-store.ts'

export type Done = (error?: RefusalError) => void

/** Unique in the broker, whatever protocol made them up. */
export type ConnectionIdText = string
export type ConsumerIdText = string
export type ProducerIdText = string
/** Unique among the open transactions of one connection. */
export type TransactionIdText = string

export interface ConsumerOptions {
  readonly consumerId: ConsumerIdText
  /** Concrete, composite or with wildcards. */
  readonly destination: Destination
  /** 0 = nothing is sent until a pull. */
  readonly prefetchSize: number
  /** -128..127, higher first. */
  readonly priority: number
  readonly exclusive: boolean
  readonly noLocal: boolean
  /** Topics: messages kept beyond the prefetch; 0 = the broker's own limit. */
  readonly maximumPendingMessageLimit: number
  readonly selector: string | null
  readonly browser: boolean
  readonly subscriptionName: string | null
  /** Topics: it begins with what these have kept for such as come later. */
  readonly retroactive?: boolean
  /** A bridge's: it takes messages to where they have consumers. */
  readonly network?: NetworkOptions | undefined
  /** Another broker's bridge that listens to advisories: it gets what is published to it alone, which is what it can use. */
  readonly demandTerms?: DemandTerms | undefined
  /** What its client said of it, in the words of its protocol: for listeners that repeat it as it was. */
  readonly announcement?: object | undefined
}

export interface ProducerOptions {
  readonly producerId: ProducerIdText
  /** null: each message names its own. */
  readonly destination: Destination | null
  readonly announcement?: object | undefined
}

export interface Delivery {
  readonly consumerId: ConsumerIdText
  /** The concrete destination, never a composite or wildcard. */
  readonly destination: Destination
  readonly message: Message
  /** The broker's number of the message: clients may name it by that. */
  readonly sequence: Sequence
  readonly redeliveryCounter: number
}

/** What the region calls on a session. Must not throw and must not call back into the region synchronously. */
export interface ConnectionPort {
  deliver(delivery: Delivery): void
  /** End marker: the answer to a pull that found nothing. */
  deliverNothing(consumerId: ConsumerIdText): void
  /** A producer without window sent more than memory allows: read nothing more from this connection until `resume`. */
  pause(): void
  resume(): void
  /** True while the client takes no more deliveries: what it would get waits in the region until `dispatch`. */
  readonly congested?: boolean
  /** True while the client has yet to answer something, behind whatever else it sends: bridges that forward in both directions. */
  readonly awaitsAnswers?: boolean
  /** Something was not kept or not given because of the limit of that name. */
  limitReached?(limit: string): void
}

/** What became of messages that a consumer was given. */
export type Outcome =
  /** In the consumer's hands: nothing is removed, as many more may come as the acknowledgement grants. */
  | 'delivered'
  /** Consumed: they are removed. */
  | 'accepted'
  /** The consumer can do nothing with them: they become dead letters. */
  | 'rejected'
  /** Given back: others may have them, as redelivered ones. Those of a topic are not for anybody else. */
  | 'released'
  /** They had expired when they reached the consumer. */
  | 'expired'

/** With the broker's sequence as the client returns it; 0 or less when it does not. */
export type MessageReference = EntryReference

export interface Acknowledgement {
  readonly outcome: Outcome
  readonly consumerId: ConsumerIdText
  readonly transactionId: TransactionIdText | null
  /** `single`: the one message `last`. `range`: from `first` to `last` in the order of dispatch. */
  readonly scope: 'single' | 'range'
  /** null = from the oldest that the consumer has. */
  readonly first: MessageReference | null
  readonly last: MessageReference | null
  /** How many there are of them, as the client counts. */
  readonly messageCount: number
  /** How many more messages the consumer may get without acknowledging these; only with `delivered`. */
  readonly credit: number
  /** Why they were rejected. */
  readonly cause: string | null
  /** Whether the client waits for the answer. If not, messages that it takes may come again after a crash shortly after. */
  readonly responseRequired: boolean
}

export interface ConnectionOptions {
  readonly connectionId: ConnectionIdText
  readonly clientId: string
  /** A failover client that came back: sends that are already stored are answered and dropped. */
  readonly failoverReconnect: boolean
  /** Another broker's bridge: what it sends has been in a broker before. */
  readonly network?: boolean
  /** Of a bridge: what it sends is in no store where it comes from, and comes here for good. */
  readonly unstored?: boolean
  /** What its client said of itself, in the words of its protocol: for listeners that repeat it as it was. */
  readonly announcement?: object | undefined
}

/**
 * What a consumer that is removed has seen of what it was given: up to this message, nothing, or nobody can say. What was
 * seen counts as delivered once more.
 */
export type LastSeen = Sequence | 'nothing' | 'unknown'

export interface RegionConnection {
  addProducer(options: ProducerOptions): void
  removeProducer(producerId: ProducerIdText): void
  addConsumer(options: ConsumerOptions): void
  /** The subscription of a durable one stays, and keeps what its consumer has not acknowledged. */
  removeConsumer(consumerId: ConsumerIdText, lastSeen: LastSeen): void
  /** Deletes a durable subscription that has no consumer. */
  removeSubscription(clientId: string, subscriptionName: string): void
  /** `done` is called when all that was asked for is as durable as it will be. */
  whenDurable(done: Done): void
  setPrefetch(consumerId: ConsumerIdText, prefetchSize: number): void
  /** `timeoutMs` 0 = wait for ever, -1 = answer at once. */
  pull(consumerId: ConsumerIdText, timeoutMs: number): void
  /** A temporary destination belongs to this connection from then on. `announcement`: what is said of it, for listeners. */
  addDestination(destination: Destination, announcement?: object): void
  removeDestination(destination: Destination): void
  /** `done` also says that a producer's window is free again. */
  send(message: Message, transactionId: TransactionIdText | null, done: Done): void
  acknowledge(acknowledgement: Acknowledgement, done: Done): void
  /** Transactions are this connection's own: another one may use the same ids. */
  begin(transactionId: TransactionIdText): void
  commit(transactionId: TransactionIdText, done: Done): void
  rollback(transactionId: TransactionIdText, done: Done): void
  /** Marks an open transaction rollback-only after an async failure inside it. Unknown ones are ignored. */
  failTransaction(transactionId: TransactionIdText, cause: RefusalError): void
  /** The port is not congested any more: what waited for that is delivered. */
  dispatch(): void
  /** Takes everything of the connection away: consumers, producers, temporary destinations, open transactions. */
  close(): void
}

export interface SubscriptionName {
  readonly clientId: string
  readonly subscriptionName: string
}

/** Told of changes as they happen: advisories are made from these. There can be several. Must not throw. */
export interface RegionListener {
  connectionAdded(options: ConnectionOptions): void
  /** After everything that was the connection's. */
  connectionRemoved(options: ConnectionOptions): void
  /** `announcement`: what whoever added it said of it. */
  destinationAdded(destination: Destination, connectionId: ConnectionIdText | null, announcement?: object): void
  destinationRemoved(destination: Destination): void
  consumerAdded(options: ConsumerOptions, connectionId: ConnectionIdText, destination: Destination, count: number): void
  consumerRemoved(consumerId: ConsumerIdText, destination: Destination, count: number): void
  /** A durable subscription was deleted: by a connection of a client, or null when somebody else did it. */
  subscriptionRemoved(
    subscription: SubscriptionName,
    connectionId: ConnectionIdText | null,
    destination: Destination,
    count: number,
  ): void
  producerAdded(options: ProducerOptions, destination: Destination | null, count: number): void
  producerRemoved(producerId: ProducerIdText, destination: Destination | null, count: number): void
  messageExpired(message: Message, destination: Destination): void
  messageDeadLettered(message: Message, destination: Destination, cause: string | null): void
}

export interface DestinationStatistics {
  readonly name: string
  readonly kind: Destination['kind']
  /** Messages waiting or dispatched but not acknowledged. */
  readonly size: number
  readonly inFlight: number
  readonly enqueued: number
  readonly dequeued: number
  readonly dispatched: number
  readonly expired: number
  readonly consumers: number
  readonly producers: number
  readonly memoryUsed: number
  /** Of `size`: those that the broker delivers again, but not yet. */
  readonly awaitingRedelivery: number
  /** Groups of messages that have an owner among its consumers. */
  readonly messageGroups: number
  /**
   * Of `size`, in queues: those that wait and that nobody takes, neither a consumer here nor a bridge, as things are; all that wait
   * while nobody is there. What somebody has not looked at, because he has no room for it, is not one of them.
   */
  readonly withoutConsumer: number
}

export interface SubscriptionStatistics extends SubscriptionName {
  readonly topic: string
  readonly selector: string | null
  readonly noLocal: boolean
  /** It has a consumer. */
  readonly active: boolean
  /** Stored messages that it has not acknowledged, in flight or not. */
  readonly pending: number
  readonly inFlight: number
}

/** What a broker would have to give away before nothing is lost with it. Temporary destinations do not count. */
export interface HeldMessages {
  /** Waiting, in flight, or on their way into a queue. */
  readonly ofQueues: number
  /** What durable subscriptions have not acknowledged: a message counts for each of them. */
  readonly ofSubscriptions: number
}

export interface Region {
  connect(options: ConnectionOptions, port: ConnectionPort): RegionConnection
  /** Publishes a message of the broker's own (advisories): to topics only, never stored, never blocked. */
  publish(message: Message): void
  /** As `publish`, to one consumer only, if it exists and its destination matches (advisory replays). */
  publishTo(consumerId: ConsumerIdText, message: Message): void
  destinations(): readonly Destination[]
  statistics(): readonly DestinationStatistics[]
  /** Up to `limit` of them, in the order in which they were made, from behind number `after` (0 = the first). */
  statisticsPage(after: number, limit: number): InventoryPage<DestinationStatistics>
  /** The same of the durable subscriptions. */
  subscriptionsPage(after: number, limit: number): InventoryPage<SubscriptionStatistics>
  /** Deletes a durable subscription that has no consumer; resolves when that is durable. @throws {RefusalError} */
  deleteSubscription(clientId: string, subscriptionName: string): Promise<void>
  memory(): { readonly used: number; readonly limit: number; readonly blockedConnections: number }
  /** What is here. Each destination is asked, no message is. */
  held(): HeldMessages
  /** Messages that are still in other brokers, which are connected and keep them until they are consumed here: stores that forget. */
  keptElsewhere(): ReadonlySet<Sequence>
  /** Bridges get no more messages of queues, until their consumers are made anew. */
  holdBridges(): void
  /** Messages that bridges have, and nobody has answered for, and those that durable subscriptions keep for them. */
  forwarding(): number
  /** While it drains: no message waits for its time, because others wait for it. */
  setDraining(draining: boolean): void
  /** `done` is called when all that was sent until now is durable, and answered. */
  whenDurable(done: Done): void
  /** How often clients asked for what this version takes without doing it, by feature. */
  unsupportedUses(): ReadonlyMap<string, number>
  /** Makes queues and durable subscriptions of what the store recovered; before any `connect`. */
  recover(recovered: RecoveredState): void
  /** Makes destinations that are to be there from the beginning; after `recover`. */
  prepare(destinations: readonly Destination[]): void
  stop(): void
}

// Advisory messages: what happens in the region, told to those who subscribed (ActiveMQ: AdvisoryBroker).
// They are made from what the region tells of connections, consumers and producers, whatever protocol those speak. New
// subscribers are first told of what is already there. Nothing is built unless somebody listens, and nothing is told about
// advisory topics themselves.
//
// The region reports from within its own calls, so advisories are collected and published by `flush`: after the command
// that caused them, or else at the end of the current task. Only a new subscriber is told at once, before anything else.
import type { Clock } from '../base/clock.ts'
import type { PrimitiveValue } from '../marshal/primitive-map.ts'
import { destinationKey, isAdvisory, type Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import { buildRemoveConnection, buildRemoveInfo, buildRemoveSubscription } from '../openwire/build-commands.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'
import type {
  ConnectionIdText,
  ConnectionOptions,
  ConsumerIdText,
  ConsumerOptions,
  ProducerIdText,
  ProducerOptions,
  Region,
  RegionListener,
  SubscriptionName,
} from '../region/region.ts'
import type { VirtualDestination } from '../routing/virtual-destination.ts'
import type { WildcardPattern } from '../routing/wildcard.ts'
import type { BrokerInfo, ConsumerInfo } from '../wire/openwire/commands.ts'
import { AdvisoryMessageBuilder, withoutBody, type Advisory } from './advisory-message.ts'
import { connectionInfoOf, consumerIdOf, consumerInfoOf, producerIdOf } from './advisory-structures.ts'
import { AdvisorySubscribers, matchesAny } from './advisory-subscribers.ts'
import {
  connectionTopic,
  consumerTopic,
  deadLetterTopic,
  expiredTopic,
  masterBrokerTopic,
  networkBridgeTopic,
  producerTopic,
  virtualConsumerTopic,
} from './advisory-topics.ts'
import { DemandListeners, type DemandNews } from './demand-news.ts'
import { replaySliceSize } from './limits.ts'
import {
  bridgePresent,
  consumerPresent,
  destinationAdvisory,
  PresentState,
  producerPresent,
  virtualConsumerPresent,
  type ConsumerAdvisory,
  type DestinationAdvisory,
} from './present-state.ts'
import { VirtualDemand } from './virtual-demand.ts'

interface Pending {
  readonly message: Message
  /** null: everybody who listens. */
  readonly to: readonly ConsumerIdText[] | null
}

export class Advisories implements RegionListener {
  readonly #clock: Clock
  readonly #builder: AdvisoryMessageBuilder
  readonly #subscribers = new AdvisorySubscribers()
  readonly #virtual: VirtualDemand
  readonly #present: PresentState
  #region: Region | undefined
  readonly #bridges: DemandListeners
  #pending: Pending[] = []

  /** `virtualDestinations`: those whose consumers are told of as theirs (useVirtualDestSubs); default: none. */
  constructor(identity: BrokerIdentity, clock: Clock, virtualDestinations: readonly VirtualDestination[] = []) {
    this.#virtual = new VirtualDemand(virtualDestinations)
    this.#present = new PresentState(this.#virtual)
    this.#builder = new AdvisoryMessageBuilder(identity, clock.nowMs())
    this.#bridges = new DemandListeners(this.#builder.connectionId)
    this.#clock = clock
  }

  /** The region takes this object as its listener, so it is made first and attached afterwards. */
  attach(region: Region): void {
    this.#region = region
  }

  /** Publishes what was collected. */
  flush(): void {
    while (this.#pending.length > 0) {
      const pending = this.#pending
      this.#pending = []
      for (const { message, to } of pending)
        if (to === null) this.#region?.publish(message)
        else for (const consumerId of to) this.#region?.publishTo(consumerId, message)
    }
  }

  becameActive(): void {
    this.#fire({ topic: masterBrokerTopic, dataStructure: null })
  }

  /** `broker`: what the broker at the other end said of itself; `bridgeStopped` takes the same object. */
  bridgeStarted(broker: BrokerInfo, createdByDuplex: boolean, remoteAddress: string): void {
    const end = { createdByDuplex, remoteAddress }
    this.#present.bridges.set(broker, end)
    this.#fire(bridgePresent(broker, end))
  }

  bridgeStopped(broker: BrokerInfo): void {
    if (!this.#present.bridges.delete(broker)) return
    const properties = { started: { type: 'boolean', value: false } } as const
    this.#fire({ topic: networkBridgeTopic, dataStructure: broker, properties })
  }

  /** Those that there are, with the client ids of their connections. */
  consumers(): readonly ConsumerInfo[] {
    return Array.from(this.#present.consumers.values(), ({ options, clientId }) => {
      const info = consumerInfoOf(options, clientId)
      return info.clientId === null ? { ...info, clientId } : info
    })
  }

  connectionAdded(options: ConnectionOptions): void {
    this.#present.connections.set(options.connectionId, options)
    this.#fire({ topic: connectionTopic, dataStructure: connectionInfoOf(options) })
  }

  connectionRemoved(options: ConnectionOptions): void {
    this.#present.connections.delete(options.connectionId)
    this.#fire({ topic: connectionTopic, dataStructure: buildRemoveConnection(options.connectionId, 0) })
  }

  destinationAdded(destination: Destination, connectionId: ConnectionIdText | null, announcement?: object): void {
    if (isAdvisory(destination)) return
    const present = { destination, connectionId, announcement }
    this.#present.destinations.set(destinationKey(destination), present)
    this.#fireDestination(destinationAdvisory('add', present))
  }

  destinationRemoved(destination: Destination): void {
    if (isAdvisory(destination)) return
    this.#fireDestination(destinationAdvisory('remove', this.#present.removeDestination(destination)))
  }

  /** Once for each destination of a composite: with the first of them the consumer begins to listen. */
  consumerAdded(
    options: ConsumerOptions,
    connectionId: ConnectionIdText,
    destination: Destination,
    count: number,
  ): void {
    const { consumerId } = options
    const isNew = !this.#present.consumers.has(consumerId)
    const consumer = this.#present.addConsumer(options, connectionId, destination, count)
    if (!isAdvisory(destination)) {
      for (const virtual of this.#virtual.of(destination))
        this.#fireConsumer(virtualConsumerPresent(consumer, virtual, count))
      this.#fireConsumer(consumerPresent(consumer, destination, count))
    }
    if (isNew) this.#subscribe(options)
  }

  consumerRemoved(consumerId: ConsumerIdText, destination: Destination, count: number): void {
    this.#subscribers.remove(consumerId)
    this.#bridges.remove(consumerId)
    const options = this.#present.removeConsumer(consumerId, destination, count)
    if (isAdvisory(destination)) return
    const gone = {
      dataStructure: buildRemoveInfo(consumerIdOf(consumerId, options)),
      properties: { consumerCount: int(count) },
    }
    for (const virtual of this.#virtual.of(destination))
      this.#fireGone({ topic: virtualConsumerTopic(virtual), ...gone }, options, virtual)
    this.#fireGone({ topic: consumerTopic(destination), ...gone }, options, destination)
  }

  /** Its consumer went before, and was told of then. */
  subscriptionRemoved(
    { clientId, subscriptionName }: SubscriptionName,
    connectionId: ConnectionIdText | null,
    destination: Destination,
    count: number,
  ): void {
    if (isAdvisory(destination)) return
    const gone = {
      topic: consumerTopic(destination),
      dataStructure: buildRemoveSubscription(connectionId, clientId, subscriptionName),
      properties: { consumerCount: int(count) },
    }
    this.#fire(gone)
    this.#tellBridges(this.#bridges.subscriptionRemoved(gone))
  }

  /** Anonymous producers are not told of, as in ActiveMQ's defaults. */
  producerAdded(options: ProducerOptions, destination: Destination | null, count: number): void {
    if (!destination || isAdvisory(destination)) return
    this.#present.addProducer(options, destination, count)
    this.#fire(producerPresent(options, destination, count))
  }

  producerRemoved(producerId: ProducerIdText, destination: Destination | null, count: number): void {
    if (!destination || isAdvisory(destination)) return
    const options = this.#present.removeProducer(producerId, destination, count)
    this.#fire({
      topic: producerTopic(destination),
      dataStructure: buildRemoveInfo(producerIdOf(producerId, options), 0),
      properties: { producerCount: int(count) },
    })
  }

  messageExpired(message: Message, destination: Destination): void {
    this.#fireAbout(expiredTopic(destination), message, destination)
  }

  messageDeadLettered(message: Message, destination: Destination, _cause: string | null): void {
    this.#fireAbout(deadLetterTopic(destination), message, destination)
  }

  /** A new consumer that listens to advisories is told what it would have heard before. */
  #subscribe(options: ConsumerOptions): void {
    const { consumerId } = options
    if (options.demandTerms) {
      this.#bridges.add(options)
      return this.#replayToBridge(consumerId, this.#bridges.present(consumerId, this.#present))
    }
    this.#subscribers.add(consumerId, options.destination)
    const patterns = this.#subscribers.patternsOf(consumerId)
    if (patterns.length > 0) this.#replay(options, patterns, this.#present.advisories())
  }

  /** A slice now, the rest in later turns: with a hundred thousand destinations all at once would hold up everybody. */
  #replay(options: ConsumerOptions, patterns: readonly WildcardPattern[], state: Iterator<Advisory>): void {
    const { consumerId } = options
    const targetConsumerId = consumerIdOf(consumerId, options)
    for (let looked = 0; looked < replaySliceSize; looked++) {
      const { value: advisory, done } = state.next()
      if (done) return
      if (matchesAny(patterns, advisory.topic))
        this.#region?.publishTo(consumerId, this.#builder.build({ ...advisory, targetConsumerId }, this.#clock.nowMs()))
    }
    this.#clock.after(0, () => {
      // Unless the consumer has gone meanwhile.
      if (this.#subscribers.patternsOf(consumerId) === patterns) this.#replay(options, patterns, state)
    })
  }

  #replayToBridge(consumerId: ConsumerIdText, state: Iterator<Advisory | null>): void {
    for (let looked = 0; looked < replaySliceSize; looked++) {
      const { value: advisory, done } = state.next()
      if (done) return
      if (advisory) this.#region?.publishTo(consumerId, this.#builder.buildForBridge(advisory, this.#clock.nowMs()))
    }
    this.#clock.after(0, () => {
      if (this.#bridges.has(consumerId)) this.#replayToBridge(consumerId, state)
    })
  }

  #fireDestination(advisory: DestinationAdvisory): void {
    this.#fire(advisory)
    this.#tellBridges(this.#bridges.destinationChanged(advisory, advisory.dataStructure))
  }

  #fireConsumer(advisory: ConsumerAdvisory): void {
    this.#fire(advisory)
    this.#tellBridges(this.#bridges.consumerAdded(advisory))
  }

  #fireGone(gone: Advisory, options: ConsumerOptions | undefined, destination: Destination): void {
    this.#fire(gone)
    const info = options ? { ...consumerInfoOf(options, null), destination: structureOf(destination) } : null
    this.#tellBridges(this.#bridges.consumerRemoved(gone, info))
  }

  #fireAbout(topic: string, message: Message, destination: Destination): void {
    if (isAdvisory(destination) || !this.#subscribers.has(topic)) return
    // The missing letter is ActiveMQ's.
    const properties = { orignalMessageId: { type: 'string', value: message.messageId } } as const
    this.#fire({ topic, dataStructure: withoutBody(message), properties })
  }

  #fire(advisory: Advisory): void {
    if (this.#subscribers.has(advisory.topic)) this.#add(this.#builder.build(advisory, this.#clock.nowMs()), null)
  }

  #tellBridges(news: readonly DemandNews[]): void {
    for (const { advisory, to } of news) this.#add(this.#builder.buildForBridge(advisory, this.#clock.nowMs()), to)
  }

  #add(message: Message, to: Pending['to']): void {
    if (this.#pending.length === 0) queueMicrotask(() => this.flush())
    this.#pending.push({ message, to })
  }
}

const int = (value: number): PrimitiveValue => ({ type: 'int', value })

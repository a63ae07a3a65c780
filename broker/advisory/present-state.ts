// What is there now, as far as advisories tell of it: connections, destinations, producers and consumers, in the order in which a
// new subscriber is told of them.
import type { PrimitiveValue } from '../marshal/primitive-map.ts'
import { destinationKey, isAdvisory, type Destination } from '../message/destination.ts'
import { buildDestinationInfo } from '../openwire/build-commands.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import type {
  ConnectionIdText,
  ConnectionOptions,
  ConsumerIdText,
  ConsumerOptions,
  ProducerIdText,
  ProducerOptions,
} from '../region/region.ts'
import type { BrokerInfo, ConsumerInfo, DestinationInfo } from '../wire/openwire/commands.ts'
import type { Advisory } from './advisory-message.ts'
import { connectionInfoOf, consumerInfoOf, producerInfoOf } from './advisory-structures.ts'
import {
  connectionTopic,
  consumerTopic,
  destinationTopic,
  networkBridgeTopic,
  producerTopic,
  virtualConsumerTopic,
} from './advisory-topics.ts'
import type { VirtualDemand } from './virtual-demand.ts'

export interface PresentConsumer {
  readonly options: ConsumerOptions
  readonly clientId: string | null
}

export interface PresentDestination {
  readonly destination: Destination
  /** The connection that made it; null when the broker did. */
  readonly connectionId: ConnectionIdText | null
  /** What was said of it. */
  readonly announcement: object | undefined
}

/** By destination key: the destinations that something is there on. */
type Places = Map<string, Destination>

/** By the BrokerInfo of the other broker. */
type Bridges = Map<BrokerInfo, BridgeEnd>

/** How a bridge came about. */
export interface BridgeEnd {
  readonly createdByDuplex: boolean
  /** `tcp://10.0.0.7:61616` */
  readonly remoteAddress: string
}

export interface ConsumerAdvisory extends Advisory {
  readonly dataStructure: ConsumerInfo
}

export interface DestinationAdvisory extends Advisory {
  readonly dataStructure: DestinationInfo
}

export class PresentState {
  readonly bridges: Bridges = new Map()
  readonly #virtual: VirtualDemand
  readonly connections = new Map<ConnectionIdText, ConnectionOptions>()
  readonly destinations = new Map<string, PresentDestination>()
  readonly consumers = new Map<ConsumerIdText, PresentConsumer & { readonly places: Places }>()
  readonly #producers = new Map<ProducerIdText, { readonly options: ProducerOptions; readonly places: Places }>()
  readonly #consumerCounts = new Map<string, number>()
  readonly #producerCounts = new Map<string, number>()

  constructor(virtual: VirtualDemand) {
    this.#virtual = virtual
  }

  /** Returns what was known of it. */
  removeDestination(destination: Destination): PresentDestination {
    const key = destinationKey(destination)
    const known = this.destinations.get(key)
    this.destinations.delete(key)
    this.#consumerCounts.delete(key)
    this.#producerCounts.delete(key)
    return known ?? { destination, connectionId: null, announcement: undefined }
  }

  addConsumer(
    options: ConsumerOptions,
    connectionId: ConnectionIdText,
    destination: Destination,
    count: number,
  ): PresentConsumer {
    const { consumerId } = options
    let consumer = this.consumers.get(consumerId)
    if (!consumer) {
      const clientId = this.connections.get(connectionId)?.clientId ?? null
      consumer = { options, clientId, places: new Map() }
      this.consumers.set(consumerId, consumer)
    }
    const key = destinationKey(destination)
    consumer.places.set(key, destination)
    this.#consumerCounts.set(key, count)
    return consumer
  }

  /** Returns the options of the consumer, if it was there. */
  removeConsumer(consumerId: ConsumerIdText, destination: Destination, count: number): ConsumerOptions | undefined {
    setCount(this.#consumerCounts, destinationKey(destination), count)
    return leave(this.consumers, consumerId, destination)
  }

  addProducer(options: ProducerOptions, destination: Destination, count: number): void {
    const { producerId } = options
    const producer = this.#producers.get(producerId) ?? { options, places: new Map<string, Destination>() }
    this.#producers.set(producerId, producer)
    const key = destinationKey(destination)
    producer.places.set(key, destination)
    this.#producerCounts.set(key, count)
  }

  /** Returns the options of the producer, if it was there. */
  removeProducer(producerId: ProducerIdText, destination: Destination, count: number): ProducerOptions | undefined {
    setCount(this.#producerCounts, destinationKey(destination), count)
    return leave(this.#producers, producerId, destination)
  }

  /** What a subscriber that had been there all the time would know. */
  *advisories(): Generator<Advisory, undefined> {
    for (const options of this.connections.values())
      yield { topic: connectionTopic, dataStructure: connectionInfoOf(options) }
    for (const present of this.destinations.values()) yield destinationAdvisory('add', present)
    for (const { options, places } of this.#producers.values())
      for (const [key, destination] of places)
        yield producerPresent(options, destination, this.#producerCounts.get(key) ?? 1)
    yield* this.consumerAdvisories()
    for (const [broker, end] of this.bridges) yield bridgePresent(broker, end)
  }

  /** Of these those of consumers. */
  *consumerAdvisories(): Generator<ConsumerAdvisory, undefined> {
    for (const consumer of this.consumers.values())
      for (const [key, destination] of consumer.places) {
        if (isAdvisory(destination)) continue
        const count = this.#consumerCounts.get(key) ?? 1
        yield consumerPresent(consumer, destination, count)
        for (const virtual of this.#virtual.of(destination)) yield virtualConsumerPresent(consumer, virtual, count)
      }
  }
}

/** With the path of one that a bridge has for another broker's client, so that it does not go round. */
export const destinationAdvisory = (
  operation: 'add' | 'remove',
  { destination, connectionId, announcement }: PresentDestination,
): DestinationAdvisory => ({
  topic: destinationTopic(destination),
  dataStructure: {
    ...buildDestinationInfo(operation, structureOf(destination), connectionId),
    brokerPath: announcedPath(announcement),
  },
})

const announcedPath = (announcement: object | undefined): DestinationInfo['brokerPath'] =>
  announcement && 'kind' in announcement && announcement.kind === 'DestinationInfo'
    ? (announcement as DestinationInfo).brokerPath
    : null

export const consumerPresent = (
  { options, clientId }: PresentConsumer,
  destination: Destination,
  count: number,
): ConsumerAdvisory => ({
  topic: consumerTopic(destination),
  dataStructure: { ...consumerInfoOf(options, clientId), destination: structureOf(destination) },
  properties: { consumerCount: int(count) },
})

/** The same of a virtual destination whose messages the consumer gets. */
export const virtualConsumerPresent = (
  consumer: PresentConsumer,
  virtual: Destination,
  count: number,
): ConsumerAdvisory => ({
  ...consumerPresent(consumer, virtual, count),
  topic: virtualConsumerTopic(virtual),
})

export const bridgePresent = (broker: BrokerInfo, { createdByDuplex, remoteAddress }: BridgeEnd): Advisory => ({
  topic: networkBridgeTopic,
  dataStructure: broker,
  properties: {
    started: { type: 'boolean', value: true },
    createdByDuplex: { type: 'boolean', value: createdByDuplex },
    remoteIp: { type: 'string', value: remoteAddress },
  },
})

export const producerPresent = (options: ProducerOptions, destination: Destination, count: number): Advisory => ({
  topic: producerTopic(destination),
  dataStructure: { ...producerInfoOf(options), destination: structureOf(destination) },
  properties: { producerCount: int(count) },
})

/** What leaves its last destination is not there any more. */
function leave<Options>(
  all: Map<string, { readonly options: Options; readonly places: Places }>,
  id: string,
  destination: Destination,
): Options | undefined {
  const present = all.get(id)
  if (!present) return undefined
  present.places.delete(destinationKey(destination))
  if (present.places.size === 0) all.delete(id)
  return present.options
}

function setCount(counts: Map<string, number>, key: string, count: number): void {
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}

const int = (value: number): PrimitiveValue => ({ type: 'int', value })

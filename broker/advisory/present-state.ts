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
import type { Advisory } from './advisory-message.ts'
import { connectionInfoOf, consumerInfoOf, producerInfoOf } from './advisory-structures.ts'
import { connectionTopic, consumerTopic, destinationTopic, producerTopic } from './advisory-topics.ts'

export interface PresentConsumer {
  readonly options: ConsumerOptions
  readonly clientId: string | null
}

/** By destination key: the destinations that something is there on. */
type Places = Map<string, Destination>

export class PresentState {
  readonly connections = new Map<ConnectionIdText, ConnectionOptions>()
  readonly destinations = new Map<string, { destination: Destination; connectionId: ConnectionIdText | null }>()
  readonly consumers = new Map<ConsumerIdText, PresentConsumer & { readonly places: Places }>()
  readonly #producers = new Map<ProducerIdText, { readonly options: ProducerOptions; readonly places: Places }>()
  readonly #consumerCounts = new Map<string, number>()
  readonly #producerCounts = new Map<string, number>()

  /** Returns the connection that made it; null when the broker did. */
  removeDestination(destination: Destination): ConnectionIdText | null {
    const key = destinationKey(destination)
    const connectionId = this.destinations.get(key)?.connectionId ?? null
    this.destinations.delete(key)
    this.#consumerCounts.delete(key)
    this.#producerCounts.delete(key)
    return connectionId
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
    for (const { destination, connectionId } of this.destinations.values())
      yield {
        topic: destinationTopic(destination),
        dataStructure: buildDestinationInfo('add', structureOf(destination), connectionId),
      }
    for (const { options, places } of this.#producers.values())
      for (const [key, destination] of places)
        yield producerPresent(options, destination, this.#producerCounts.get(key) ?? 1)
    for (const consumer of this.consumers.values())
      for (const [key, destination] of consumer.places)
        if (!isAdvisory(destination)) yield consumerPresent(consumer, destination, this.#consumerCounts.get(key) ?? 1)
  }
}

export const consumerPresent = (
  { options, clientId }: PresentConsumer,
  destination: Destination,
  count: number,
): Advisory => ({
  topic: consumerTopic(destination),
  dataStructure: { ...consumerInfoOf(options, clientId), destination: structureOf(destination) },
  properties: { consumerCount: int(count) },
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

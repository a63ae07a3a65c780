// Advisory messages: what happens in the region and on connections, told to those who subscribed (spec openwire.md
// section 17, broker-semantics.md section 11). New subscribers are first told of what is already there. Nothing is built
// unless somebody listens, and nothing is told about advisory topics themselves.
//
// The region reports from within its own calls, so advisories are collected and published by `flush`: after the command
// that caused them, or else at the end of the current task.
import type { Clock } from '../base/clock.ts'
import type { PrimitiveValue } from '../marshal/primitive-map.ts'
import { destinationKey, isAdvisory, type Destination } from '../message/destination.ts'
import type { Message } from '../message/message.ts'
import type {
  ConsumerIdText,
  ConsumerOptions,
  ProducerIdText,
  ProducerOptions,
  Region,
  RegionListener,
} from '../region/region.ts'
import type { ConnectionInfo, ConsumerInfo, DataStructure, ProducerInfo } from '../wire/openwire/commands.ts'
import { buildDestinationInfo, buildRemoveInfo } from '../openwire/build-commands.ts'
import { parseConsumerId, parseProducerId } from '../openwire/id-text.ts'
import { AdvisoryMessageBuilder, withoutBody, type Advisory } from './advisory-message.ts'
import { AdvisorySubscribers, matchesAny } from './advisory-subscribers.ts'
import {
  connectionTopic,
  consumerTopic,
  deadLetterTopic,
  destinationTopic,
  expiredTopic,
  masterBrokerTopic,
  producerTopic,
} from './advisory-topics.ts'
import type { WildcardPattern } from '../routing/wildcard.ts'
import { replaySliceSize } from './limits.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import type { BrokerIdentity } from '../region/broker-identity.ts'

/** Something that is there, with the destinations it is there on. */
interface Presence<T> {
  readonly info: T
  readonly destinations: Map<string, Destination>
}

export class Advisories implements RegionListener {
  readonly #clock: Clock
  readonly #builder: AdvisoryMessageBuilder
  readonly #subscribers = new AdvisorySubscribers()
  readonly #connections = new Map<string, ConnectionInfo>()
  readonly #destinations = new Map<string, { destination: Destination; connectionId: string | null }>()
  readonly #consumers = new Map<ConsumerIdText, Presence<ConsumerInfo>>()
  readonly #producers = new Map<ProducerIdText, Presence<ProducerInfo>>()
  readonly #consumerCounts = new Map<string, number>()
  readonly #producerCounts = new Map<string, number>()
  #region: Region | undefined
  #pending: Message[] = []

  constructor(identity: BrokerIdentity, clock: Clock) {
    this.#builder = new AdvisoryMessageBuilder(identity)
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
      for (const message of pending) this.#region?.publish(message)
    }
  }

  becameActive(): void {
    this.#fire({ topic: masterBrokerTopic, dataStructure: null })
  }

  connectionAdded(info: ConnectionInfo): void {
    this.#connections.set(info.connectionId!.value!, info)
    this.#fire({ topic: connectionTopic, dataStructure: info })
  }

  connectionRemoved(info: ConnectionInfo): void {
    this.#connections.delete(info.connectionId!.value!)
    this.#fire({ topic: connectionTopic, dataStructure: buildRemoveInfo(info.connectionId, 0) })
  }

  /** Before the region is told of the consumer, which then reports it by its id only. */
  consumerAnnounced(info: ConsumerInfo, id: ConsumerIdText): void {
    this.#consumers.set(id, { info, destinations: new Map() })
  }

  /** After the region has let go of the consumer, or has refused it. */
  consumerForgotten(id: ConsumerIdText): void {
    this.#consumers.delete(id)
    this.#subscribers.remove(id)
  }

  producerAnnounced(info: ProducerInfo, id: ProducerIdText): void {
    this.#producers.set(id, { info, destinations: new Map() })
  }

  producerForgotten(id: ProducerIdText): void {
    this.#producers.delete(id)
  }

  /** A new consumer: if it listens to advisories, it is told what it would have heard before. */
  subscribe(consumerId: ConsumerIdText, destination: Destination): void {
    this.#subscribers.add(consumerId, destination)
    const patterns = this.#subscribers.patternsOf(consumerId)
    if (patterns.length === 0) return
    this.#replay(consumerId, patterns, this.#presentState()[Symbol.iterator]())
  }

  /** A slice now, the rest in later turns: with a hundred thousand destinations all at once would hold up everybody. */
  #replay(consumerId: ConsumerIdText, patterns: readonly WildcardPattern[], state: Iterator<Advisory>): void {
    const targetConsumerId = parseConsumerId(consumerId)
    for (let looked = 0; looked < replaySliceSize; looked++) {
      const { value: advisory, done } = state.next()
      if (done) return
      if (matchesAny(patterns, advisory.topic))
        this.#region?.publishTo(consumerId, this.#builder.build({ ...advisory, targetConsumerId }, this.#clock.nowMs()))
    }
    this.#clock.after(0, () => {
      // Unless the consumer has gone meanwhile.
      if (this.#subscribers.patternsOf(consumerId) === patterns) this.#replay(consumerId, patterns, state)
    })
  }

  destinationAdded(destination: Destination, connectionId: string | null): void {
    if (isAdvisory(destination)) return
    this.#destinations.set(destinationKey(destination), { destination, connectionId })
    this.#fire({
      topic: destinationTopic(destination),
      dataStructure: buildDestinationInfo('add', structureOf(destination), connectionId),
    })
  }

  destinationRemoved(destination: Destination): void {
    if (isAdvisory(destination)) return
    const key = destinationKey(destination)
    const connectionId = this.#destinations.get(key)?.connectionId ?? null
    this.#destinations.delete(key)
    this.#consumerCounts.delete(key)
    this.#producerCounts.delete(key)
    this.#fire({
      topic: destinationTopic(destination),
      dataStructure: buildDestinationInfo('remove', structureOf(destination), connectionId),
    })
  }

  consumerAdded(options: ConsumerOptions, _connectionId: string, destination: Destination, count: number): void {
    const presence = this.#consumers.get(options.consumerId)
    if (!presence || isAdvisory(destination)) return
    const key = destinationKey(destination)
    presence.destinations.set(key, destination)
    this.#consumerCounts.set(key, count)
    this.#fire(consumerPresent(presence.info, destination, count))
  }

  consumerRemoved(consumerId: ConsumerIdText, destination: Destination, count: number): void {
    if (isAdvisory(destination)) return
    const key = destinationKey(destination)
    this.#consumers.get(consumerId)?.destinations.delete(key)
    setCount(this.#consumerCounts, key, count)
    this.#fire({
      topic: consumerTopic(destination),
      dataStructure: buildRemoveInfo(parseConsumerId(consumerId), 0),
      properties: { consumerCount: int(count) },
    })
  }

  /** Anonymous producers are not told of, as in ActiveMQ's defaults. */
  producerAdded({ producerId }: ProducerOptions, destination: Destination | null, count: number): void {
    const presence = this.#producers.get(producerId)
    if (!presence || !destination || isAdvisory(destination)) return
    const key = destinationKey(destination)
    presence.destinations.set(key, destination)
    this.#producerCounts.set(key, count)
    this.#fire(producerPresent(presence.info, destination, count))
  }

  producerRemoved(producerId: ProducerIdText, destination: Destination | null, count: number): void {
    if (!destination || isAdvisory(destination)) return
    const key = destinationKey(destination)
    this.#producers.get(producerId)?.destinations.delete(key)
    setCount(this.#producerCounts, key, count)
    this.#fire({
      topic: producerTopic(destination),
      dataStructure: buildRemoveInfo(parseProducerId(producerId), 0),
      properties: { producerCount: int(count) },
    })
  }

  messageExpired(message: Message, destination: Destination): void {
    this.#fireAbout(expiredTopic(destination), message, destination)
  }

  messageDeadLettered(message: Message, destination: Destination, _cause: string | null): void {
    this.#fireAbout(deadLetterTopic(destination), message, destination)
  }

  #fireAbout(topic: string, message: Message, destination: Destination): void {
    if (isAdvisory(destination) || !this.#subscribers.has(topic)) return
    // The missing letter is ActiveMQ's.
    const properties = { orignalMessageId: { type: 'string', value: message.messageId } } as const
    this.#fire({ topic, dataStructure: withoutBody(message), properties })
  }

  #fire(advisory: Advisory): void {
    if (!this.#subscribers.has(advisory.topic)) return
    if (this.#pending.length === 0) queueMicrotask(() => this.flush())
    this.#pending.push(this.#builder.build(advisory, this.#clock.nowMs()))
  }

  *#presentState(): Iterable<Advisory> {
    for (const info of this.#connections.values()) yield { topic: connectionTopic, dataStructure: info }
    for (const { destination, connectionId } of this.#destinations.values())
      yield {
        topic: destinationTopic(destination),
        dataStructure: buildDestinationInfo('add', structureOf(destination), connectionId),
      }
    for (const { info, destinations } of this.#producers.values())
      for (const [key, destination] of destinations)
        yield producerPresent(info, destination, this.#producerCounts.get(key) ?? 1)
    for (const { info, destinations } of this.#consumers.values())
      for (const [key, destination] of destinations)
        yield consumerPresent(info, destination, this.#consumerCounts.get(key) ?? 1)
  }
}

const consumerPresent = (info: ConsumerInfo, destination: Destination, count: number): Advisory => ({
  topic: consumerTopic(destination),
  dataStructure: { ...info, destination: structureOf(destination) } satisfies DataStructure,
  properties: { consumerCount: int(count) },
})

const producerPresent = (info: ProducerInfo, destination: Destination, count: number): Advisory => ({
  topic: producerTopic(destination),
  dataStructure: { ...info, destination: structureOf(destination) } satisfies DataStructure,
  properties: { producerCount: int(count) },
})

function setCount(counts: Map<string, number>, key: string, count: number): void {
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}

const int = (value: number): PrimitiveValue => ({ type: 'int', value })

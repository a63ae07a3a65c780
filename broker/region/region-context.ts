// What the parts of a region share.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { BrokerRedelivery } from '../destination/broker-redelivery.ts'
import type { DeadLetterStrategies } from '../destination/dead-letter-strategies.ts'
import type { DestinationRegistry } from '../destination/destination-registry.ts'
import type { DurableSubscriptions } from '../destination/durable/durable-subscriptions.ts'
import type { MemoryUsage } from '../destination/memory-usage.ts'
import type { Queue } from '../destination/queue/queue.ts'
import { Topic } from '../destination/topic/topic.ts'
import type { Message } from '../message/message.ts'
import type { SelectorPool } from '../selection/selector-pool.ts'
import type { AddedMessage, MessageHolder, MessageStore, Sequence } from '../store/message-store.ts'
import type { TempMessages } from '../store/temp-store.ts'
import type { AfterSync } from './after-sync.ts'
import type { FlowControl } from './flow-control.ts'
import { canRepeat, type NetworkArrivals } from './network-arrivals.ts'
import type { RegionListener } from './region.ts'
import type { Room } from './room.ts'
import type { UnsupportedFeatures } from './unsupported-features.ts'
import type { VirtualDestinations } from './virtual-destinations.ts'

export interface RegionContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly store: MessageStore
  /** Where messages are that are not stored and find no room in memory; null when there is no such place. */
  readonly temp: TempMessages | null
  readonly memory: MemoryUsage
  readonly room: Room
  readonly registry: DestinationRegistry
  readonly virtual: VirtualDestinations
  readonly durables: DurableSubscriptions
  /** null: the broker delivers nothing again that its client has given up. */
  readonly redelivery: BrokerRedelivery | null
  readonly deadLetterStrategies: DeadLetterStrategies
  readonly listener: RegionListener
  readonly afterSync: AfterSync
  readonly flow: FlowControl
  readonly arrivals: NetworkArrivals
  readonly sequences: SequenceSource
  readonly selectors: SelectorPool
  readonly unsupported: UnsupportedFeatures
  /** Consumers get persistent queue messages while these are being written; else after that. */
  readonly concurrentStoreAndDispatchQueues: boolean
}

/** Sequences of messages: growing over all destinations, never used twice. */
export class SequenceSource {
  #last: Sequence = 0

  startAfter(last: Sequence): void {
    this.#last = last
  }

  get last(): Sequence {
    return this.#last
  }

  next(): Sequence {
    return ++this.#last
  }

  /** The first of `count` sequences that nobody else gets. */
  take(count: number): Sequence {
    const first = this.#last + 1
    this.#last += count
    return first
  }
}

/**
 * Whose repetitions after a failover are known by their sequence; '' for nobody's. Not of what came over a bridge: its producer
 * speaks to another broker, and may have sent things before it that never came here, which it would send here after a failover.
 */
export const repeatingProducer = (message: Message): string => (message.hasBrokerPath ? '' : message.producerId)

/** With the durable subscriptions of a topic that do not want it. */
export const addedTo = (target: Queue | Topic, message: Message): AddedMessage =>
  target instanceof Topic
    ? { ...addedMessage(target.holderFor(message), message), notFor: target.notFor(message) }
    : addedMessage(target.storage.holderFor(message), message)

/** The same for one that came over another broker's bridge, which may send it again. */
export const arrivedAt = (target: Queue | Topic, message: Message): AddedMessage =>
  canRepeat(message) ? { ...addedTo(target, message), arrival: message.producerId } : addedTo(target, message)

export const addedMessage = (holder: MessageHolder, message: Message): AddedMessage => ({
  holder,
  bytes: message.bytes,
  producerId: repeatingProducer(message),
  producerSequenceId: message.producerSequenceId,
  expiration: message.expiration,
})

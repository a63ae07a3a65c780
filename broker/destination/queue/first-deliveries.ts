// Before a stored message is delivered for the first time, the store is told of it: after a crash or a takeover it comes with
// JMSRedelivered, as ActiveMQ's persistJMSRedelivered has it (RegionBroker.preProcessDispatch). A delivery has its place with its
// consumer at once, and leaves when the store has it durable: those of one moment share one sync. Others of the queue that
// follow wait behind them, so that the order stays.
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { MessageStore } from '../../store/message-store.ts'
import type { QueueHolder } from '../../store/held-message.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { QueueEntry } from '../entry.ts'
import type { QueueConsumer } from './queue-consumer.ts'

interface RecordedQueue {
  readonly destination: Destination
  readonly stored: boolean
  holderOf(entry: QueueEntry): QueueHolder
}

interface Parts {
  readonly store: Pick<MessageStore, 'update' | 'whenDurable'>
  readonly holderOf: (entry: QueueEntry) => QueueHolder
  /** It was delivered: its body may leave memory. */
  readonly delivered: (entry: QueueEntry) => void
}

export class FirstDeliveries {
  readonly #parts: Parts
  /** The store knows of these. */
  readonly #recorded = new WeakSet<QueueEntry>()
  /** Deliveries on their way. */
  #waiting = 0

  /** null when the store is not told of the deliveries of this queue. */
  static of(
    queue: RecordedQueue,
    { store, recordsDeliveries }: Pick<DestinationContext, 'store' | 'recordsDeliveries'>,
    delivered: (entry: QueueEntry) => void,
  ): FirstDeliveries | null {
    if (!queue.stored || !recordsDeliveries(queue.destination)) return null
    return new FirstDeliveries({ store, holderOf: (entry) => queue.holderOf(entry), delivered })
  }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `entry` is in flight with `consumer`. */
  give(entry: QueueEntry, message: Message, consumer: QueueConsumer): void {
    const isFirst = entry.stored && entry.redeliveryCounter === 0 && !this.#recorded.has(entry)
    if (!isFirst && this.#waiting === 0) {
      consumer.deliverQueueEntry(entry, message)
      return this.#parts.delivered(entry)
    }
    consumer.reserve(entry)
    // As it was sent: what is said of it to this consumer alone is not for the store.
    if (isFirst) this.#record(entry, entry.message!)
    this.#waiting++
    this.#parts.store.whenDurable(() => {
      this.#waiting--
      // Its consumer may have closed meanwhile, and another one has it.
      if (entry.holder !== consumer) return
      consumer.deliverReserved(entry, message)
      this.#parts.delivered(entry)
    })
  }

  #record(entry: QueueEntry, message: Message): void {
    const { store, holderOf } = this.#parts
    const { bytes, producerId, producerSequenceId } = message.withChanges({ redeliveryCounter: 1 })
    store.update({ holder: holderOf(entry), bytes, producerId, producerSequenceId }, entry.sequence)
    this.#recorded.add(entry)
  }
}

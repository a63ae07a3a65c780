// What a queue needs of those who consume from it.
import type { Message } from '../../message/message.ts'
import type { Entry, QueueEntry } from '../entry.ts'
import type { NetworkTerms } from '../network/network-filter.ts'
import type { MessageSource } from '../subscription/message-source.ts'

export interface QueueConsumer {
  readonly options: {
    /** -128..127, higher first. */
    readonly priority: number
    readonly exclusive: boolean
  }
  /** Kept by the queues: those that it is attached to. */
  readonly queues: Set<MessageSource>
  /** What it was given and has not acknowledged, of all queues. */
  readonly dispatched: Iterable<Entry>
  /** True while it takes no message. */
  readonly full: boolean
  /** False when it accepts every message; of bridges, apart from what `network` says. */
  readonly selective: boolean
  /** Of a bridge, what it may take along; null for all others. */
  readonly network: NetworkTerms | null
  /** Of a bridge that it takes nothing more: it goes when what it has is settled. */
  readonly leaving: boolean
  /** `redeliveryCounter`: how often it was delivered before. */
  accepts(message: Message, redeliveryCounter: number): boolean
  deliverQueueEntry(entry: QueueEntry, message: Message): void
  /** The same in two steps: it has its place now, and is delivered later. */
  reserve(entry: QueueEntry): void
  deliverReserved(entry: QueueEntry, message: Message): void
  /** The queue has read what it has: a pull that will not wait can be answered. */
  answerPull(): void
}

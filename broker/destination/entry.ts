// What a destination keeps per message: references, not copies. An entry is in at most one dispatched list at a time,
// whose links it carries itself.
import { messageIdText, type Message, type MessageIdentity, type MessageIdText } from '../message/message.ts'
import type { Destination } from '../message/destination.ts'
import type { FoundMessage, MessageOwner, Sequence } from '../store/message-store.ts'
import { defaultPriority } from '../store/priority-holder.ts'
import type { DestinationCounters } from './destination-counters.ts'
import type { MemoryUsage } from './memory-usage.ts'
import type { MessageGroup } from './queue/message-group.ts'
import type { MessageSource } from './subscription/message-source.ts'

/** What an entry, and whoever settles it, needs of the queue that it is in. */
export interface EntryQueue extends MessageSource {
  readonly destination: Destination
  readonly name: string
  /** For which the store keeps one of its messages. */
  holderOf(entry: QueueEntry): MessageOwner
  readonly deleted: boolean
  readonly counters: DestinationCounters
  memoryUsed: number
  /**
   * Removes an in-flight message for good. `awaited`: the caller waits for the store when `entry.stored`. `left` (false): a bridge has
   * taken it to another broker.
   */
  acknowledge(entry: QueueEntry, awaited: boolean, left?: boolean): void
  /** Reads one of its messages, from whichever store has it. */
  read(entry: QueueEntry): Promise<FoundMessage | undefined>
  /** As `acknowledge`, when the removal is already in the store. */
  settle(entry: QueueEntry): void
  /** Puts in-flight messages back before all others. */
  returnToFront(entries: readonly QueueEntry[]): void
}

/** The same of a topic. */
export interface EntryTopic {
  readonly destination: Destination
  readonly counters: DestinationCounters
  /** A message of it has expired while a subscriber kept it waiting. */
  expire(message: Message): void
  /** Its messages go by priority where they wait. */
  readonly isPrioritized: boolean
}

/** Where a message of a queue is besides memory, or only there. */
export type KeptIn = 'memory' | 'store' | 'temp'

interface Links extends MessageIdentity {
  readonly sequence: Sequence
  readonly messageId: MessageIdText
  previous: Entry | null
  next: Entry | null
}

export type Entry = QueueEntry | TopicEntry

/**
 * A topic message that was dispatched to one subscription, or one of a queue that was shown to a browser. Never dispatched again,
 * so it needs no body.
 */
export class TopicEntry implements Links {
  readonly kind = 'topic'
  readonly sequence: Sequence
  readonly producerId: string
  readonly producerSequenceId: number
  /** null for a message of the broker's own to a topic that nobody created, and for what a browser saw. */
  readonly topic: EntryTopic | null
  /** The open transaction that acknowledged it. */
  transaction: object | null = null
  previous: Entry | null = null
  next: Entry | null = null

  constructor(topic: EntryTopic | null, sequence: Sequence, { producerId, producerSequenceId }: MessageIdentity) {
    this.topic = topic
    this.sequence = sequence
    this.producerId = producerId
    this.producerSequenceId = producerSequenceId
  }

  get messageId(): MessageIdText {
    return messageIdText(this)
  }
}

/** A message of a queue that is waiting in memory or in flight. */
export class QueueEntry implements Links {
  readonly kind = 'queue'
  readonly queue: EntryQueue
  readonly sequence: Sequence
  readonly producerId: string
  readonly producerSequenceId: number
  readonly expiration: number
  /** True when the store has it too: it outlives this process, and its removal has to be written. */
  readonly stored: boolean
  /** True when the temp store has it too. */
  readonly spilled: boolean
  /** False while the store has it in memory only: its body has to stay here. */
  durable = true
  redeliveryCounter = 0
  /** By which it has its place in its queue, if that goes by priority; else it means nothing. */
  priority = defaultPriority
  inFlight = false
  /** The consumer it was dispatched to; null when that one has closed, and while it waits. */
  holder: object | null = null
  /** While it is in flight: that of its message, if it has one. */
  group: MessageGroup | null = null
  /** The open transaction that acknowledged it. */
  transaction: object | null = null
  previous: Entry | null = null
  next: Entry | null = null
  #message: Message | null
  readonly #memory: MemoryUsage

  constructor(queue: EntryQueue, sequence: Sequence, message: Message, keptIn: KeptIn, memory: MemoryUsage) {
    this.queue = queue
    this.sequence = sequence
    this.producerId = message.producerId
    this.producerSequenceId = message.producerSequenceId
    this.expiration = message.expiration
    this.stored = keptIn === 'store'
    this.spilled = keptIn === 'temp'
    this.#message = message
    this.#memory = memory
    memory.add(message.size)
    queue.memoryUsed += message.size
  }

  get messageId(): MessageIdText {
    return messageIdText(this)
  }

  /** True when its body can be read again: then it may leave memory. */
  get readable(): boolean {
    return this.stored || this.spilled
  }

  /** null while the body is only where it can be read. */
  get message(): Message | null {
    return this.#message
  }

  /** Puts a body back that was read. */
  restore(message: Message): void {
    if (this.#message) return
    this.#message = message
    this.#memory.add(message.size)
    this.queue.memoryUsed += message.size
  }

  /** Lets the body go and gives its memory back; idempotent. */
  release(): void {
    if (!this.#message) return
    this.#memory.release(this.#message.size)
    this.queue.memoryUsed -= this.#message.size
    this.#message = null
  }
}

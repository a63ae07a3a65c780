// What a destination keeps per message: references, not copies. An entry is in at most one dispatched list at a time,
// whose links it carries itself.
import { messageIdText, type Message, type MessageIdentity, type MessageIdText } from '../message/message.ts'
import type { Sequence } from '../store/message-store.ts'
import type { MemoryUsage } from './memory-usage.ts'
import type { Queue } from './queue/queue.ts'
import type { Subscription } from './subscription/subscription.ts'
import type { Topic } from './topic.ts'

interface Links extends MessageIdentity {
  readonly sequence: Sequence
  readonly messageId: MessageIdText
  previous: Entry | null
  next: Entry | null
}

export type Entry = QueueEntry | TopicEntry

/** A topic message that was dispatched to one subscription. Never dispatched again, so it needs no body. */
export class TopicEntry implements Links {
  readonly kind = 'topic'
  readonly sequence: Sequence
  readonly producerId: string
  readonly producerSequenceId: number
  /** null for a message of the broker's own to a topic that nobody created. */
  readonly topic: Topic | null
  /** The open transaction that acknowledged it. */
  transaction: object | null = null
  previous: Entry | null = null
  next: Entry | null = null

  constructor(topic: Topic | null, sequence: Sequence, { producerId, producerSequenceId }: MessageIdentity) {
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
  readonly queue: Queue
  readonly sequence: Sequence
  readonly producerId: string
  readonly producerSequenceId: number
  readonly expiration: number
  /** True when the store has it too: then the body may leave memory. */
  readonly stored: boolean
  /** False while the store has it in memory only: its body has to stay here. */
  durable = true
  redeliveryCounter = 0
  inFlight = false
  /** The consumer it was dispatched to; null when that one has closed, and while it waits. */
  holder: Subscription | null = null
  /** The open transaction that acknowledged it. */
  transaction: object | null = null
  previous: Entry | null = null
  next: Entry | null = null
  #message: Message | null
  readonly #memory: MemoryUsage

  constructor(queue: Queue, sequence: Sequence, message: Message, stored: boolean, memory: MemoryUsage) {
    this.queue = queue
    this.sequence = sequence
    this.producerId = message.producerId
    this.producerSequenceId = message.producerSequenceId
    this.expiration = message.expiration
    this.stored = stored
    this.#message = message
    this.#memory = memory
    memory.add(message.size)
    queue.memoryUsed += message.size
  }

  get messageId(): MessageIdText {
    return messageIdText(this)
  }

  /** null while the body is only in the store. */
  get message(): Message | null {
    return this.#message
  }

  /** Puts a body back that was read from the store. */
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

// One topic message, shared by all subscriptions that keep it waiting: its memory counts once, for the broker and for its
// topic.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/message-store.ts'
import type { MemoryUsage } from '../memory-usage.ts'

export class TopicMessage {
  readonly message: Message
  readonly sequence: Sequence
  readonly #memory: MemoryUsage
  /** null for a message of the broker's own to a topic that nobody created. */
  readonly #topic: { memoryUsed: number } | null
  #holders = 0

  constructor(message: Message, sequence: Sequence, memory: MemoryUsage, topic: { memoryUsed: number } | null = null) {
    this.message = message
    this.sequence = sequence
    this.#memory = memory
    this.#topic = topic
  }

  /** Bytes left below `share` of the broker's memory; negative above it. */
  headroom(share: number): number {
    return this.#memory.headroom(share)
  }

  hold(): void {
    if (this.#holders++ > 0) return
    this.#memory.add(this.message.size)
    if (this.#topic) this.#topic.memoryUsed += this.message.size
  }

  letGo(): void {
    if (--this.#holders > 0) return
    this.#memory.release(this.message.size)
    if (this.#topic) this.#topic.memoryUsed -= this.message.size
  }
}

// One topic message, shared by all subscriptions that keep it waiting: its memory counts once.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/message-store.ts'
import type { MemoryUsage } from '../memory-usage.ts'

export class TopicMessage {
  readonly message: Message
  readonly sequence: Sequence
  readonly #memory: MemoryUsage
  #holders = 0

  constructor(message: Message, sequence: Sequence, memory: MemoryUsage) {
    this.message = message
    this.sequence = sequence
    this.#memory = memory
  }

  /** Bytes left below `share` of the broker's memory; negative above it. */
  headroom(share: number): number {
    return this.#memory.headroom(share)
  }

  hold(): void {
    if (this.#holders++ === 0) this.#memory.add(this.message.size)
  }

  letGo(): void {
    if (--this.#holders === 0) this.#memory.release(this.message.size)
  }
}

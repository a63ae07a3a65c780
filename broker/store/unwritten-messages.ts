// Messages that consumers were given before they were written, and that wait for the next write. One that is acknowledged
// meanwhile need not be written at all: nobody will ever ask for it.
import type { AddedMessage, Sequence } from './held-message.ts'

export interface Unwritten {
  readonly message: AddedMessage
  readonly settled: () => void
  readonly sinceMs: number
}

export class UnwrittenMessages {
  /** Ascending by sequence. */
  readonly #messages = new Map<Sequence, Unwritten>()
  /** How many there are of each producer. */
  readonly #counts = new Map<string, number>()

  get size(): number {
    return this.#messages.size
  }

  has(sequence: Sequence): boolean {
    return this.#messages.has(sequence)
  }

  /** When the oldest was added; undefined when there is none. */
  get sinceMs(): number | undefined {
    for (const { sinceMs } of this.#messages.values()) return sinceMs
    return undefined
  }

  /** Larger sequences than before only. */
  add(sequence: Sequence, message: AddedMessage, settled: () => void, sinceMs: number): void {
    this.#messages.set(sequence, { message, settled, sinceMs })
    this.#counts.set(message.producerId, (this.#counts.get(message.producerId) ?? 0) + 1)
  }

  /**
   * Takes out one that need not be written. Not while others of its producer wait: that it was here is remembered by the
   * producer's largest sequence, which would tell that the others had been here too, and a crash could make it a lie.
   */
  takeOnlyOf(sequence: Sequence): Unwritten | undefined {
    const found = this.#messages.get(sequence)
    if (!found || this.#counts.get(found.message.producerId) !== 1) return undefined
    this.#messages.delete(sequence)
    this.#counts.delete(found.message.producerId)
    return found
  }

  /** Hands out all, in order, and forgets them. */
  takeAll(take: (sequence: Sequence, message: AddedMessage, settled: () => void) => void): void {
    if (this.#messages.size === 0) return
    const messages = [...this.#messages]
    this.#messages.clear()
    this.#counts.clear()
    for (const [sequence, { message, settled }] of messages) take(sequence, message, settled)
  }
}

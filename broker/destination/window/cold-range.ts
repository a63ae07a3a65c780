// The messages of a window that only the store has: a range of sequences, of which some are elsewhere, and how many they
// are.
import type { Sequence } from '../../store/held-message.ts'

export class ColdRange {
  count = 0
  /** All of them are behind this one … */
  after: Sequence = 0
  /** … and none is behind this one. */
  upTo: Sequence = 0
  /**
   * The store has these in the range, but they wait no more, or in memory: until they are gone, or the range begins later.
   * null while there are none, as in most queues.
   */
  #elsewhere: Set<Sequence> | null = null
  /** Those that went while a read may find them still. */
  #goneDuringRead: Sequence[] | null = null

  /** Whether a message of this sequence would stand behind the first of them. */
  reaches(sequence: Sequence): boolean {
    return this.count > 0 && sequence > this.after
  }

  has(sequence: Sequence): boolean {
    return this.#elsewhere === null || !this.#elsewhere.has(sequence)
  }

  recover(count: number, upTo: Sequence): void {
    this.count = count
    this.upTo = upTo
  }

  add(sequence: Sequence): void {
    if (this.count === 0) this.after = sequence - 1
    this.count++
    this.upTo = sequence
  }

  /** One of them waits no more. */
  take(sequence: Sequence): void {
    this.#isElsewhere(sequence)
    this.count--
  }

  /** One that came behind them is not to be one of them, although the store has it. */
  leaveOut(sequence: Sequence): void {
    if (this.count > 0) this.#isElsewhere(sequence)
  }

  /** The store does not have it any more. */
  gone(sequence: Sequence, reading: boolean): void {
    if (this.#elsewhere === null) return
    if (reading) (this.#goneDuringRead ??= []).push(sequence)
    else this.#elsewhere.delete(sequence)
  }

  readEnded(): void {
    if (this.#goneDuringRead) for (const sequence of this.#goneDuringRead) this.#elsewhere?.delete(sequence)
    this.#goneDuringRead = null
  }

  /** The range begins behind `sequence` now: what the store had before it was read. */
  beginAfter(sequence: Sequence, count: number): void {
    this.after = sequence
    this.count = count
    if (this.#elsewhere === null) return
    for (const taken of this.#elsewhere) if (taken <= sequence) this.#elsewhere.delete(taken)
  }

  clear(): void {
    this.count = 0
    this.#elsewhere = null
  }

  #isElsewhere(sequence: Sequence): void {
    this.#elsewhere ??= new Set()
    this.#elsewhere.add(sequence)
  }
}

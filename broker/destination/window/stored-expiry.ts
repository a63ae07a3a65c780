// What is known about the expiry of the messages of a queue that only the store has: when it is worth to look for expired
// ones, and where the look goes on. A pass reads all of them once, a few pages with each sweep; it ends with knowing when
// the next one expires, so that a backlog in which nothing expires is not read again.
import type { Sequence } from '../../store/message-store.ts'

export class StoredExpiry {
  /** Nothing expires before this time; 0 while that is not known. */
  #earliestMs = Number.POSITIVE_INFINITY
  /** The same of what this pass has seen, and of what came since it began. */
  #seenMs = Number.POSITIVE_INFINITY
  /** Up to where this pass has looked; null when there is none. */
  #lookedUpTo: Sequence | null = null

  get inPass(): boolean {
    return this.#lookedUpTo !== null
  }

  isDue(nowMs: number): boolean {
    return this.inPass || this.#earliestMs <= nowMs
  }

  /** A message is there that expires at `expirationMs`; 0 = never. */
  note(expirationMs: number): void {
    if (expirationMs > 0) this.#lower(expirationMs)
  }

  /** Messages are there that nobody has looked at. */
  noteUnknown(): void {
    this.#lower(0)
  }

  /** Begins a pass, unless one has begun, over messages behind `first`; returns behind which one to go on. */
  goOn(first: Sequence): Sequence {
    if (this.#lookedUpTo === null) this.#seenMs = Number.POSITIVE_INFINITY
    return (this.#lookedUpTo = Math.max(this.#lookedUpTo ?? 0, first))
  }

  lookedUpTo(sequence: Sequence): void {
    this.#lookedUpTo = sequence
  }

  endPass(): void {
    this.#earliestMs = this.#seenMs
    this.#lookedUpTo = null
  }

  /** No message is left. */
  clear(): void {
    this.#seenMs = Number.POSITIVE_INFINITY
    this.endPass()
  }

  #lower(timeMs: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, timeMs)
    this.#seenMs = Math.min(this.#seenMs, timeMs)
  }
}

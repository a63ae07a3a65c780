// Entries that wait in memory, ascending by sequence. They come nearly always at the end and leave at the front; whatever
// else happens costs a walk.
import { Deque } from '../../base/deque.ts'
import type { Sequence } from '../../store/held-message.ts'
import { isExpired } from '../expiry.ts'

interface Waiting {
  readonly sequence: Sequence
  readonly expiration: number
}

export class WaitingList<E extends Waiting> extends Deque<E> {
  /** At its place: that is the end, unless one with a later sequence came before it. */
  add(entry: E): void {
    const last = this.last()
    if (last && last.sequence > entry.sequence) this.insert([entry])
    else this.push(entry)
  }

  /** Entries, ascending by sequence, to where they belong. */
  insert(entries: readonly E[]): void {
    const first = this.first()
    if (!first || entries.at(-1)!.sequence < first.sequence) {
      for (let i = entries.length - 1; i >= 0; i--) this.unshift(entries[i]!)
      return
    }
    const waiting = [...this]
    let next = 0
    this.clear()
    for (const entry of waiting) {
      while (next < entries.length && entries[next]!.sequence < entry.sequence) this.push(entries[next++]!)
      this.push(entry)
    }
    while (next < entries.length) this.push(entries[next++]!)
  }

  /** Index of the first entry behind `sequence`; the length when there is none. */
  indexAfter(sequence: Sequence): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle)!.sequence <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  takeExpired(nowMs: number): E[] {
    return this.#takeIf((entry) => isExpired(entry, nowMs))
  }

  /** Takes those behind `sequence`. */
  takeAfter(sequence: Sequence): E[] {
    return this.#takeIf((entry) => entry.sequence > sequence)
  }

  #takeIf(wanted: (entry: E) => boolean): E[] {
    const taken: E[] = []
    for (const entry of this) if (wanted(entry)) taken.push(entry)
    if (taken.length === 0) return taken
    const waiting = [...this]
    this.clear()
    for (const entry of waiting) if (!wanted(entry)) this.push(entry)
    return taken
  }
}

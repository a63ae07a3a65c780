// The messages dispatched to one consumer and not acknowledged yet, in dispatch order. Nearly every acknowledgement
// names the oldest, so that one is tried first; others are found by an index that is only built when it is first needed.
import type { Entry } from './entry.ts'
import { destinationLimits } from './limits.ts'

/** How a client names a message: sequence 0 or less when it does not return the broker's. */
export interface EntryReference {
  readonly messageId: string
  readonly sequence: number
}

/** How many messages all consumers of one connection hold. */
export class InFlight {
  count = 0

  get full(): boolean {
    return this.count >= destinationLimits.maximumInFlightPerConnection
  }
}

export class DispatchedList {
  readonly inFlight: InFlight
  #counted = true
  #first: Entry | null = null
  #last: Entry | null = null
  #size = 0
  #bySequence: Map<number, Entry> | null = null

  constructor(inFlight: InFlight = new InFlight()) {
    this.inFlight = inFlight
  }

  get size(): number {
    return this.#size
  }

  get first(): Entry | null {
    return this.#first
  }

  push(entry: Entry): void {
    entry.previous = this.#last
    entry.next = null
    if (this.#last) this.#last.next = entry
    else this.#first = entry
    this.#last = entry
    this.#size++
    if (this.#counted) this.inFlight.count++
    this.#bySequence?.set(entry.sequence, entry)
  }

  /** Takes out an entry that is in this list. */
  remove(entry: Entry): void {
    if (entry.previous) entry.previous.next = entry.next
    else this.#first = entry.next
    if (entry.next) entry.next.previous = entry.previous
    else this.#last = entry.previous
    entry.previous = entry.next = null
    this.#size--
    if (this.#counted) this.inFlight.count--
    if (this.#size === 0) this.#bySequence = null
    else this.#bySequence?.delete(entry.sequence)
  }

  /** The consumer has closed: what is left does not count for its connection any more. */
  leave(): void {
    if (this.#counted) this.inFlight.count -= this.#size
    this.#counted = false
  }

  /** The sequence decides when the client returns it: one consumer may hold two copies of one message id. */
  find(reference: EntryReference): Entry | null {
    const first = this.#first
    if (!first) return null
    if (reference.sequence > 0) {
      const found = first.sequence === reference.sequence ? first : this.findSequence(reference.sequence)
      if (found?.messageId === reference.messageId) return found
    }
    for (let entry: Entry | null = first; entry; entry = entry.next)
      if (entry.messageId === reference.messageId) return entry
    return null
  }

  findSequence(sequence: number): Entry | null {
    if (this.#first?.sequence === sequence) return this.#first
    return this.#size === 0 ? null : (this.#index().get(sequence) ?? null)
  }

  *[Symbol.iterator](): IterableIterator<Entry> {
    for (let entry = this.#first; entry;) {
      const next: Entry | null = entry.next
      yield entry
      entry = next
    }
  }

  #index(): Map<number, Entry> {
    if (this.#bySequence) return this.#bySequence
    this.#bySequence = new Map()
    for (const entry of this) this.#bySequence.set(entry.sequence, entry)
    return this.#bySequence
  }
}

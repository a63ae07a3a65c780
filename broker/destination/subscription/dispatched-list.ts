// The messages dispatched to one consumer and not acknowledged yet, in the order in which its client hands them out: that
// is dispatch order, but for `bringForward`. Nearly every acknowledgement names the oldest, so that one is tried first;
// others are found by an index that is only built when it is first needed.
import type { MessageIdentity } from '../../message/message.ts'
import type { Entry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'

/** How a client names a message: sequence 0 or less when it does not return the broker's. */
export interface EntryReference {
  readonly messageId: string
  readonly sequence: number
  /** What the message id consists of, if it is one of a producer here: comparing these costs less than making its text. */
  readonly identity?: MessageIdentity
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
  /** Those brought forward: they are the first of the list. */
  readonly #forward = new Set<Entry>()
  #lastForward: Entry | null = null

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
    this.#link(entry, this.#last)
    this.#size++
    if (this.#counted) this.inFlight.count++
    this.#bySequence?.set(entry.sequence, entry)
  }

  /** Takes out an entry that is in this list. */
  remove(entry: Entry): void {
    if (entry === this.#lastForward) this.#lastForward = entry.previous
    if (this.#forward.size > 0) this.#forward.delete(entry)
    this.#unlink(entry)
    this.#size--
    if (this.#counted) this.inFlight.count--
    if (this.#size === 0) this.#bySequence = null
    else this.#bySequence?.delete(entry.sequence)
  }

  /** The client hands out this entry before all others but those that were brought forward already. */
  bringForward(entry: Entry): void {
    if (this.#forward.has(entry)) return
    this.#forward.add(entry)
    this.#unlink(entry)
    this.#link(entry, this.#lastForward)
    this.#lastForward = entry
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
      if (found && isNamed(found, reference)) return found
    }
    for (let entry: Entry | null = first; entry; entry = entry.next) if (isNamed(entry, reference)) return entry
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

  /** Puts it behind `previous`, or to the front. */
  #link(entry: Entry, previous: Entry | null): void {
    const next = previous ? previous.next : this.#first
    entry.previous = previous
    entry.next = next
    if (previous) previous.next = entry
    else this.#first = entry
    if (next) next.previous = entry
    else this.#last = entry
  }

  #unlink(entry: Entry): void {
    if (entry.previous) entry.previous.next = entry.next
    else this.#first = entry.next
    if (entry.next) entry.next.previous = entry.previous
    else this.#last = entry.previous
    entry.previous = entry.next = null
  }

  #index(): Map<number, Entry> {
    if (this.#bySequence) return this.#bySequence
    this.#bySequence = new Map()
    for (const entry of this) this.#bySequence.set(entry.sequence, entry)
    return this.#bySequence
  }
}

function isNamed(entry: Entry, reference: EntryReference): boolean {
  // The text is made when it is asked for.
  const { identity } = reference
  if (!identity) return entry.messageId === reference.messageId
  return entry.producerSequenceId === identity.producerSequenceId && entry.producerId === identity.producerId
}

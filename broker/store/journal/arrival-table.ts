// What came over bridges of other brokers: the last messages of those that are in the store, or were consumed here. Told to the next
// active, so that it knows what such a broker sends again.
//
// One that has left over a bridge is not among them: whoever has it now may send it back, and then it is no repetition. So what is
// known here is here, or was consumed here, whatever came between a crash and the disk.
import { storeLimits } from '../limits.ts'
import type { Sequence } from '../held-message.ts'
import { decodeArrivals, type StoredArrival } from './arrival-records.ts'
import { SnapshotLists } from './snapshot-lists.ts'

export class ArrivalTable {
  readonly #limit: number
  /** The oldest first. */
  readonly #arrivals = new Map<Sequence, StoredArrival>()
  readonly #lists = new SnapshotLists()
  /** What has left since the newest snapshot, while that is unread. */
  #left: Sequence[] = []

  constructor(limit: number = storeLimits.arrivals) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#arrivals.size === 0 && !this.#lists.areUnread
  }

  add(arrival: StoredArrival): void {
    this.#read()
    this.#put(arrival)
  }

  /** It may come back. */
  left(sequence: Sequence): void {
    if (this.#lists.areUnread) this.#left.push(sequence)
    else this.#arrivals.delete(sequence)
  }

  has(sequence: Sequence): boolean {
    if (this.isEmpty) return false
    this.#read()
    return this.#arrivals.has(sequence)
  }

  values(): Iterable<StoredArrival> {
    this.#read()
    return this.#arrivals.values()
  }

  /** A list outside of snapshots. */
  addList(meta: Buffer): void {
    if (this.#lists.areUnread) this.#lists.append(meta)
    else decodeArrivals(meta, (arrival) => this.#put(arrival))
  }

  beginSnapshot(): void {
    this.#lists.begin()
  }

  addToSnapshot(meta: Buffer): void {
    this.#lists.collect(meta)
  }

  /** What was known before does not count any more. */
  endSnapshot(): void {
    this.#lists.end()
    this.#left = []
  }

  clear(): void {
    this.#lists.take()
    this.#arrivals.clear()
    this.#left = []
  }

  #put(arrival: StoredArrival): void {
    if (this.#arrivals.size >= this.#limit) {
      const oldest = this.#arrivals.keys().next()
      if (!oldest.done) this.#arrivals.delete(oldest.value)
    }
    this.#arrivals.set(arrival.sequence, arrival)
  }

  #read(): void {
    const unread = this.#lists.take()
    if (!unread) return
    this.#arrivals.clear()
    const read: StoredArrival[] = []
    for (const list of unread) decodeArrivals(list, (arrival) => read.push(arrival))
    for (const arrival of read.sort((one, other) => one.sequence - other.sequence)) this.#put(arrival)
    for (const sequence of this.#left.splice(0)) this.#arrivals.delete(sequence)
  }
}

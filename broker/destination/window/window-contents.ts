// What waits in a window, and where:
//
//   pending                     cold                         tail
//   [entry entry entry …]       (after … upTo]: n messages   [entry entry …]
//    in memory                   in the store only            in memory, between the cold ones or behind them
//
// Each message is in one of the three; each of them is ascending by sequence. In the tail are those that are not in the
// store, and those that were taken out of the cold ones and came back.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { ColdRange } from './cold-range.ts'
import type { LookPositions } from './look-positions.ts'
import type { LookedPages } from './looked-pages.ts'
import { StoredExpiry } from './stored-expiry.ts'
import { WaitingList } from './waiting-list.ts'
import type { WindowEntry } from './window-entry.ts'

/** A message that was read; without `message` when it cannot be decoded. */
export interface ReadMessage {
  readonly sequence: Sequence
  readonly message: Message | undefined
}

export class WindowContents<E extends WindowEntry> {
  readonly pending = new WaitingList<E>()
  readonly tail = new WaitingList<E>()
  readonly cold = new ColdRange()
  readonly coldExpiry = new StoredExpiry()
  /** null when nobody looks. */
  pages: LookedPages | null = null
  readonly positions: LookPositions
  readonly #entryOf: (sequence: Sequence, message: Message) => E

  /** `entryOf` makes an entry of a message that the store has. */
  constructor(positions: LookPositions, entryOf: (sequence: Sequence, message: Message) => E) {
    this.positions = positions
    this.#entryOf = entryOf
  }

  get size(): number {
    return this.pending.length + this.cold.count + this.tail.length
  }

  /** The sequence of the last entry in memory; 0 when there is none. */
  get lastInMemory(): Sequence {
    return (this.tail.last() ?? this.pending.last())?.sequence ?? 0
  }

  arrive(entry: E): void {
    if (this.cold.count > 0) this.tail.add(entry)
    else this.pending.add(entry)
    this.positions.cameIn(entry.sequence)
  }

  arriveStored(sequence: Sequence, message: Message): void {
    this.pending.add(this.#entryOf(sequence, message))
    this.positions.cameIn(sequence)
  }

  /** `message` is null when nobody has it at hand. */
  arriveCold(sequence: Sequence, message: Message | null): void {
    const begins = this.cold.count === 0
    this.cold.add(sequence)
    // What is not stored may have come before what was written before it.
    if (begins && this.lastInMemory > sequence)
      for (const entry of this.pending.takeAfter(sequence)) this.tail.push(entry)
    if (message) this.coldExpiry.note(message.expiration)
    else this.coldExpiry.noteUnknown()
  }

  /** Entries, ascending, to where they stood. */
  comeBack(entries: readonly E[]): void {
    const front = entries.filter(({ sequence }) => !this.cold.reaches(sequence))
    const behind = entries.filter(({ sequence }) => this.cold.reaches(sequence))
    if (front.length > 0) this.pending.insert(front)
    if (behind.length > 0) this.tail.insert(behind)
    if (entries.length > 0) this.positions.cameIn(entries[0]!.sequence)
  }

  /** Takes a message out of the cold ones. */
  takeCold(sequence: Sequence, message: Message): E {
    const entry = this.#entryOf(sequence, message)
    this.cold.take(sequence)
    this.pages?.forget(sequence)
    if (this.cold.count === 0) this.endCold()
    return entry
  }

  /** An entry of a message that has just arrived and never joins those that wait. */
  passThrough(sequence: Sequence, message: Message): E {
    this.cold.leaveOut(sequence)
    return this.#entryOf(sequence, message)
  }

  /**
   * The cold messages up to `upTo` were read, and go to the end of `pending`; those of the tail that stand among them do,
   * too. `rest` messages stay cold.
   */
  moveToPending(found: readonly ReadMessage[], upTo: Sequence, rest: number): void {
    const { after } = this.cold
    const last = (this.tail.at(this.tail.indexAfter(upTo) - 1) ?? this.pending.last())?.sequence ?? 0
    for (const { sequence, message } of found) {
      if (!message) continue
      this.#joinTail(sequence)
      this.pending.add(this.#entryOf(sequence, message))
    }
    this.positions.movedToMemory(after, upTo, last)
    this.cold.beginAfter(upTo, rest)
    if (rest === 0) this.endCold()
    else this.#joinTail(upTo + 1)
  }

  endCold(): void {
    this.cold.clear()
    this.coldExpiry.clear()
    this.pages?.clear()
    this.#joinTail(Number.POSITIVE_INFINITY)
  }

  clear(): void {
    for (const entry of this.pending) entry.release()
    for (const entry of this.tail) entry.release()
    this.pending.clear()
    this.tail.clear()
    this.cold.clear()
    this.pages?.clear()
  }

  #joinTail(before: Sequence): void {
    for (let first = this.tail.first(); first && first.sequence < before; first = this.tail.first())
      this.pending.add(this.tail.shift()!)
  }
}

// Shows what waits in a window to consumers that do not want every message: in order, each message to each of them once,
// until nobody has room. First the entries in memory, then page by page what only the store has. It stops where a body or a
// page has to be read, says which, and goes on when it is called again.
//
// Messages that nobody takes stay where they are: those in the store are not kept in memory for it.
import type { Clock } from '../../base/clock.ts'
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { isExpired } from '../expiry.ts'
import type { MemoryUsage } from '../memory-usage.ts'
import type { LookPosition } from './look-positions.ts'
import { indexAfter, LookedPages, type Page } from './looked-pages.ts'
import type { WaitingList } from './waiting-list.ts'
import type { WindowContents } from './window-contents.ts'
import type { WindowEntry } from './window-entry.ts'

/** Where a message is that is shown. */
export type Place = keyof LookPosition

/** Those who messages are shown to; C is one of them. */
export interface Lookers<E, C> {
  /** A look begins: until the next one nobody gets room. */
  begin(): void
  /** What follows are entries in memory up to `memory` and messages of the store up to `store`; 0 = none. */
  beginPart(memory: Sequence, store: Sequence): void
  /** Somebody who looks at this part can be given a message. */
  readonly hasRoom: boolean
  /** The least of the positions of those with room; Infinity when there are none. */
  lowest(place: Place): Sequence
  /** The greatest of them; 0 when there are none. */
  highest(place: Place): Sequence
  /** Whether somebody would look at a message that stands there, having looked as far as `reached`. */
  wouldLook(place: Place, sequence: Sequence, reached: LookPosition): boolean
  /** Shows it to those who would look, until one takes it. `redeliveryCounter`: how often it was delivered before. */
  choose(place: Place, message: Message, sequence: Sequence, reached: LookPosition, redeliveryCounter: number): C | null
  /** Whether somebody has looked at what was shown last. */
  readonly looked: boolean
  /** Those with room who began at `from` or further on have looked at all that the store has up to `upTo`. */
  lookedThrough(from: Sequence, upTo: Sequence): void
  give(entry: E, to: C): void
  expire(entry: E): void
  /** Somebody looked at it, and nobody took it: its body may leave memory. */
  passOver(entry: E): void
}

/** What has to be read to go on. */
export type Wanted<E extends WindowEntry> =
  | { readonly what: 'bodies'; readonly list: WaitingList<E>; readonly index: number }
  | { readonly what: 'page'; readonly after: Sequence }

const bodyIsMissing = -1

export class Look<E extends WindowEntry, C> {
  readonly #contents: WindowContents<E>
  readonly #pages: LookedPages
  readonly #lookers: Lookers<E, C>
  readonly #clock: Clock
  /** For one call; kept, so that a message costs no object. */
  readonly #reached: LookPosition = { memory: 0, store: 0 }

  constructor(contents: WindowContents<E>, lookers: Lookers<E, C>, clock: Clock, memory: MemoryUsage) {
    this.#contents = contents
    this.#pages = contents.pages = new LookedPages(memory)
    this.#lookers = lookers
    this.#clock = clock
  }

  /** `inStore` false: only at what is in memory, because something is being read. Returns what has to be read to go on. */
  run(inStore: boolean): Wanted<E> | null {
    const { pending, cold, positions } = this.#contents
    this.#lookers.begin()
    for (;;) {
      const missing = this.#lookAt(pending, 0, Number.POSITIVE_INFINITY) ?? this.#lookAtTail()
      if (missing) return missing
      if (!inStore || cold.count === 0) return null
      const start = Math.max(cold.after, this.#lookers.lowest('store'))
      if (start >= cold.upTo) return null
      const page = this.#pages.at(start)
      if (!page) return { what: 'page', after: start }
      const stopped = this.#lookThrough(page, start)
      if (stopped) return stopped
      this.#pages.lookedAt(page, positions.someWithin(page.after, page.upTo))
    }
  }

  /** Nobody looks any more. */
  end(): void {
    this.#pages.clear()
    this.#contents.pages = null
  }

  /** A message has just arrived behind all others and would be cold: to those who have looked at all before it. */
  offerArrival(sequence: Sequence, message: Message): boolean {
    const { cold } = this.#contents
    this.#reached.memory = this.#contents.lastInMemory
    this.#reached.store = cold.count > 0 ? cold.upTo : 0
    this.#lookers.begin()
    const to = this.#lookers.choose('store', message, sequence, this.#reached, 0)
    if (!to) return false
    this.#lookers.give(this.#contents.passThrough(sequence, message), to)
    return true
  }

  /** Entries that stand behind cold messages are for those who have looked at these. */
  #lookAtTail(): Wanted<E> | null {
    const { tail, cold } = this.#contents
    if (tail.length === 0) return null
    const highest = this.#lookers.highest('store')
    return this.#lookAt(tail, cold.upTo, highest < cold.upTo ? highest : Number.POSITIVE_INFINITY)
  }

  /** At the entries up to `last`. Those who look at one have looked at all that the store has before it, up to `storeEnd`. */
  #lookAt(list: WaitingList<E>, storeEnd: Sequence, last: Sequence): Wanted<E> | null {
    const nowMs = this.#clock.nowMs()
    this.#reached.memory = 0
    this.#lookers.beginPart(Math.min(last, list.last()?.sequence ?? 0), 0)
    for (let index = list.indexAfter(this.#lookers.lowest('memory')); this.#lookers.hasRoom;) {
      const entry = list.at(index)
      if (!entry || entry.sequence > last) return null
      this.#reached.store = Math.min(entry.sequence, storeEnd)
      const next = this.#showEntry(list, index, nowMs)
      if (next === bodyIsMissing) return { what: 'bodies', list, index }
      index = next
    }
    return null
  }

  /** Entries of the tail are shown at their places between the messages of the page. */
  #lookThrough(page: Page, start: Sequence): Wanted<E> | null {
    const { tail, cold } = this.#contents
    const nowMs = this.#clock.nowMs()
    // Where the cold ones begin, also those are who have looked at less.
    const from = start === cold.after ? 0 : start
    this.#reached.memory = 0
    this.#reached.store = from
    let index = indexAfter(page.messages, start)
    let inTail = tail.indexAfter(start)
    const reachesTail = (tail.at(inTail)?.sequence ?? Number.POSITIVE_INFINITY) <= page.upTo
    this.#lookers.beginPart(reachesTail ? page.upTo : 0, page.upTo)
    while (this.#lookers.hasRoom && cold.count > 0) {
      const found = page.messages[index]
      const entry = tail.at(inTail)
      if (entry && entry.sequence <= page.upTo && !(found && found.sequence < entry.sequence)) {
        const next = this.#showEntry(tail, inTail, nowMs)
        if (next === bodyIsMissing) return { what: 'bodies', list: tail, index: inTail }
        inTail = next
      } else if (!found) {
        this.#lookers.lookedThrough(from, page.upTo)
        break
      } else if (!this.#show(found.sequence, found.message, nowMs)) index++
    }
    return null
  }

  /** Returns the index of the next entry, or that the body has to be read first. */
  #showEntry(list: WaitingList<E>, index: number, nowMs: number): number {
    const lookers = this.#lookers
    const entry = list.at(index)!
    const { message, sequence } = entry
    if (isExpired(entry, nowMs)) {
      lookers.expire(list.removeAt(index)!)
      return index
    }
    if (!message) return lookers.wouldLook('memory', sequence, this.#reached) ? bodyIsMissing : index + 1
    const to = lookers.choose('memory', message, sequence, this.#reached, entry.redeliveryCounter)
    if (to) {
      lookers.give(list.removeAt(index)!, to)
      return index
    }
    if (lookers.looked) lookers.passOver(entry)
    return index + 1
  }

  /** True when it was taken. */
  #show(sequence: Sequence, message: Message, nowMs: number): boolean {
    if (isExpired(message, nowMs)) {
      this.#lookers.expire(this.#contents.takeCold(sequence, message))
      return true
    }
    // Those that came back are in memory.
    const to = this.#lookers.choose('store', message, sequence, this.#reached, 0)
    if (to) this.#lookers.give(this.#contents.takeCold(sequence, message), to)
    return to !== null
  }
}

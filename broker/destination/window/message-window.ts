// A window over the messages that somebody has to consume: some of them in memory, the rest only counted and read from the
// store with a cursor when it is wanted. Whose messages they are it does not know.
//
// A stored message joins those in memory while nothing cold lies before it and there is room; else it is only counted. Pages
// of cold messages are read when they are asked for. Entries that come back from a closed consumer go to where they stood;
// their bodies may have left memory and are read again when they are next.
//
// Whoever takes all messages takes them from the front (`first`, `takeFirst`, `refill`). For consumers that do not want
// every message there is `look`, which goes on behind what nobody takes. Nothing here decides who gets a message.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import { destinationLimits } from '../limits.ts'
import type { LookPosition, LookPositions } from './look-positions.ts'
import { Look, type Lookers, type Wanted } from './look.ts'
import type { MessageCursor } from './message-cursor.ts'
import type { WaitingList } from './waiting-list.ts'
import { WindowContents } from './window-contents.ts'
import type { WindowEntry } from './window-entry.ts'
import { WindowReader, type ReaderContext, type ReaderOptions } from './window-reader.ts'

export interface WindowOptions<E> extends ReaderOptions {
  readonly cursor: MessageCursor
  /** Those of the consumers who look. */
  readonly positions: LookPositions
  /** Makes an entry of a message that the store has. */
  entryOf(sequence: Sequence, message: Message): E
}

export class MessageWindow<E extends WindowEntry, C> {
  readonly #context: ReaderContext
  readonly #contents: WindowContents<E>
  readonly #pending: WaitingList<E>
  readonly #reader: WindowReader<E>
  /** null until somebody looks, as in most queues. */
  #look: Look<E, C> | null = null
  #closed = false

  constructor(options: WindowOptions<E>, context: ReaderContext) {
    const { cursor, positions, entryOf } = options
    this.#context = context
    this.#contents = new WindowContents(positions, entryOf)
    this.#pending = this.#contents.pending
    this.#reader = new WindowReader(this.#contents, cursor, context, options)
  }

  /** All waiting messages, in memory or not. */
  get size(): number {
    return this.#contents.size
  }

  /** Some of them are not in memory. */
  get hasCold(): boolean {
    return this.#contents.cold.count > 0
  }

  get loading(): boolean {
    return this.#reader.loading
  }

  /** The first message, when it is in memory. */
  get first(): E | undefined {
    return this.#pending.first()
  }

  takeFirst(): E {
    return this.#pending.shift()!
  }

  /** What the store held at the start: `count` messages with sequences up to `upTo`, besides those that somebody has. */
  recover(count: number, upTo: Sequence, besides: readonly Sequence[] = []): void {
    this.#contents.cold.recover(count, upTo)
    for (const sequence of besides) this.#contents.cold.leaveOut(sequence)
    this.#contents.coldExpiry.noteUnknown()
  }

  /** A message that is durable now. `message` is null when its body was not kept. */
  arriveStored(sequence: Sequence, message: Message | null): void {
    if (message && this.#keepsInMemory(message)) return this.#contents.arriveStored(sequence, message)
    this.#contents.arriveCold(sequence, message)
    this.#reader.coldArrived()
  }

  /**
   * The same, before that, for consumers that do not want every message: one that would not be kept in memory is shown to
   * those who have looked at all that is before it. True when it was taken.
   */
  offerArrival(sequence: Sequence, message: Message, lookers: Lookers<E, C>): boolean {
    return !this.#keepsInMemory(message) && this.#lookOf(lookers).offerArrival(sequence, message)
  }

  /** One that is whole in memory: non-persistent, or not durable yet. */
  arrive(entry: E): void {
    this.#contents.arrive(entry)
  }

  /** The entries in memory behind `sequence`, ascending. */
  *entriesBehind(sequence: Sequence): IterableIterator<E> {
    for (const list of [this.#pending, this.#contents.tail])
      for (let at = list.indexAfter(sequence); at < list.length; at++) yield list.at(at)!
  }

  /** An entry of a message that has just arrived and is not to wait here, or not yet. */
  passThrough(sequence: Sequence, message: Message): E {
    return this.#contents.passThrough(sequence, message)
  }

  /** Puts entries, ascending by sequence, back to where they stood. */
  comeBack(entries: readonly E[]): void {
    this.#contents.comeBack(entries)
  }

  /** The store does not have this message any more. */
  gone(sequence: Sequence): void {
    this.#contents.cold.gone(sequence, this.#reader.loading)
  }

  /** Takes out the expired ones in memory. */
  takeExpired(nowMs: number): E[] {
    return [...this.#pending.takeExpired(nowMs), ...this.#contents.tail.takeExpired(nowMs)]
  }

  /**
   * Looks through the next page of cold messages, up to `maxMessages`, and hands out those that have expired, before it lets
   * others read. Resolves with whether it should go on; not while something else is read.
   */
  async sweepPage(maxMessages: number, expire: (entry: E) => void): Promise<boolean> {
    const { cold, coldExpiry } = this.#contents
    if (this.loading || this.#closed || cold.count === 0) return false
    if (!coldExpiry.isDue(this.#context.clock.nowMs())) return false
    await this.#reader.readForExpired(maxMessages, expire)
    return coldExpiry.inPass
  }

  /** Takes a message that has expired out of the cold ones; undefined when it is none of them, or these are being read. */
  takeExpiredCold(sequence: Sequence, message: Message): E | undefined {
    const { cold } = this.#contents
    if (this.loading || !cold.reaches(sequence) || sequence > cold.upTo || !cold.has(sequence)) return undefined
    return this.#contents.takeCold(sequence, message)
  }

  /**
   * Reads what is needed next, if anything: the bodies of the first entries, or a page of cold messages. `wanted` says that a
   * consumer waits: then something is read even when memory is short.
   */
  refill(wanted: boolean): void {
    if (this.loading || this.#closed) return
    const first = this.#pending.first()
    if (first && !first.message) return void (wanted && this.#reader.readBodies(this.#pending, 0))
    if (this.#contents.cold.count === 0 || this.#pending.length >= destinationLimits.windowMessages) return
    if (this.#reader.room < destinationLimits.pageBytesUnderPressure && !wanted) return
    if (!wanted && this.#pending.length >= destinationLimits.pageLowWaterMessages) return
    this.#reader.readPage()
  }

  /** Shows what waits to consumers that do not want every message, and reads what is needed to go on. */
  look(lookers: Lookers<E, C>): void {
    if (this.#closed) return
    const wanted = this.#lookOf(lookers).run(!this.loading)
    if (this.loading) return
    if (!wanted) this.refill(false)
    else if (wanted.what === 'bodies') this.#reader.readBodies(wanted.list, wanted.index)
    else if (this.#isForMemory(wanted)) this.#reader.readPage()
    else this.#reader.readToLook(wanted.after)
  }

  /** Whether one who has come so far has looked at all that waits. */
  isLookedThrough({ memory, store }: LookPosition): boolean {
    const { lastInMemory, cold } = this.#contents
    return memory >= lastInMemory && (cold.count === 0 || store >= cold.upTo)
  }

  /** Of those that wait, what all have looked at who have come so far: of the cold ones, once they have looked at all of these. */
  passedOver(positions: readonly LookPosition[]): number {
    const { pending, tail, cold } = this.#contents
    const memory = Math.min(...positions.map((position) => position.memory))
    const count = pending.indexAfter(memory) + tail.indexAfter(memory)
    return positions.every(({ store }) => store >= cold.upTo) ? count + cold.count : count
  }

  /** Nobody looks any more. */
  endLook(): void {
    this.#look?.end()
    this.#look = null
  }

  /** Lets go of everything; nothing is read any more. */
  close(): void {
    this.#closed = true
    this.#reader.close()
    this.#contents.clear()
  }

  #lookOf(lookers: Lookers<E, C>): Look<E, C> {
    return (this.#look ??= new Look(this.#contents, lookers, this.#context.clock, this.#context.memory))
  }

  #keepsInMemory(message: Message): boolean {
    if (this.#contents.cold.count > 0 || this.#pending.length >= destinationLimits.windowMessages) return false
    return this.#reader.room >= message.size
  }

  /** While there is room, so that the next one who comes finds it there. */
  #isForMemory({ after }: Extract<Wanted<E>, { what: 'page' }>): boolean {
    const { length } = this.#pending
    if (after !== this.#contents.cold.after || length >= destinationLimits.windowMessages) return false
    return length === 0 || this.#reader.room >= destinationLimits.pageBytesUnderPressure
  }
}

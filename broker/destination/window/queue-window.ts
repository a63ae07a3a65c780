// The messages of a queue that wait for a consumer: a window of them in memory, the rest only counted.
//
//   pending                     cold                         volatileTail
//   [entry entry entry …]       (after … upTo]: n messages   [entry entry …]
//    in memory, in order         in the store only            non-persistent, arrived behind the cold ones
//
// A stored message joins `pending` while nothing cold lies before it and there is room; else it is only counted. Pages of
// cold messages are read when the queue asks for them. Entries that come back from a closed consumer go to the front of
// `pending`; their bodies may have left memory and are read again when they are next.
//
// One read at a time; nothing here decides who gets a message.
import { errorMessage } from '../../base/errors.ts'
import type { Message } from '../../message/message.ts'
import type { FoundMessage, Sequence } from '../../store/message-store.ts'
import { Deque } from '../../base/deque.ts'
import type { DestinationContext } from '../destination-context.ts'
import type { EntryQueue } from '../entry.ts'
import { QueueEntry } from '../entry.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import { StoredExpiry } from './stored-expiry.ts'

type WindowContext = Pick<DestinationContext, 'clock' | 'logger' | 'memory' | 'store' | 'scan'>

export class QueueWindow {
  readonly #queue: EntryQueue
  readonly #context: WindowContext
  /** Called when a read has brought something, or has found that there is nothing. */
  readonly #loaded: () => void
  #pending = new Deque<QueueEntry>()
  #volatileTail = new Deque<QueueEntry>()
  #coldCount = 0
  #coldAfter: Sequence = 0
  #coldUpTo: Sequence = 0
  #arrivedDuringRead = 0
  readonly #coldExpiry = new StoredExpiry()
  #loading = false
  #closed = false

  constructor(queue: EntryQueue, context: WindowContext, loaded: () => void) {
    this.#queue = queue
    this.#context = context
    this.#loaded = loaded
  }

  /** All waiting messages, in memory or not. */
  get size(): number {
    return this.#pending.length + this.#coldCount + this.#volatileTail.length
  }

  /** Those in memory and in reach of `at` and `take`. */
  get ready(): number {
    return this.#pending.length
  }

  get loading(): boolean {
    return this.#loading
  }

  at(index: number): QueueEntry | undefined {
    return this.#pending.at(index)
  }

  take(index: number): QueueEntry {
    return (index === 0 ? this.#pending.shift() : this.#pending.removeAt(index))!
  }

  /** What the store held at the start: `count` messages with sequences up to `upTo`. */
  recover(count: number, upTo: Sequence): void {
    this.#coldCount = count
    this.#coldUpTo = upTo
    this.#coldExpiry.noteUnknown()
  }

  /** A message that is durable now. `message` is null when its body was not kept. */
  arriveStored(sequence: Sequence, message: Message | null): void {
    if (message && this.#coldCount === 0 && this.#roomFor(message)) {
      this.#pending.push(new QueueEntry(this.#queue, sequence, message, true, this.#context.memory))
      return
    }
    if (this.#coldCount === 0) this.#coldAfter = sequence - 1
    this.#coldCount++
    this.#coldUpTo = sequence
    if (message) this.#coldExpiry.note(message.expiration)
    else this.#coldExpiry.noteUnknown()
    if (this.#loading) this.#arrivedDuringRead++
  }

  /** One that is whole in memory: non-persistent, or not durable yet. */
  arrive(entry: QueueEntry): void {
    if (this.#coldCount > 0) this.#volatileTail.push(entry)
    else this.#pending.push(entry)
  }

  /** Puts entries, ascending by sequence, back before everything that was behind them. */
  returnToFront(entries: readonly QueueEntry[]): void {
    const last = entries.at(-1)
    if (!last) return
    const first = this.#pending.first()
    if (!first || last.sequence < first.sequence) {
      for (let i = entries.length - 1; i >= 0; i--) this.#pending.unshift(entries[i]!)
      return
    }
    const merged = new Deque<QueueEntry>()
    let next = 0
    for (const waiting of this.#pending) {
      while (next < entries.length && entries[next]!.sequence < waiting.sequence) merged.push(entries[next++]!)
      merged.push(waiting)
    }
    while (next < entries.length) merged.push(entries[next++]!)
    this.#pending = merged
  }

  /** Takes out the expired ones in memory. */
  takeExpired(nowMs: number): QueueEntry[] {
    const expired: QueueEntry[] = []
    this.#pending = keepUnexpired(this.#pending, nowMs, expired)
    this.#volatileTail = keepUnexpired(this.#volatileTail, nowMs, expired)
    return expired
  }

  /**
   * Looks through the next page of cold messages and hands out those that have expired, before it lets others read. Resolves
   * with whether it should go on; not while something else is read.
   */
  async sweepPage(expire: (entry: QueueEntry) => void): Promise<boolean> {
    if (this.#loading || this.#closed || this.#coldCount === 0) return false
    if (!this.#coldExpiry.isDue(this.#context.clock.nowMs())) return false
    await this.#read(this.#takeExpiredOfPage(expire))
    return this.#coldExpiry.inPass
  }

  /**
   * Reads what is needed next, if anything: bodies of the entry at `index` and of those behind it, or a page of cold
   * messages. `wanted` says that a consumer waits: then something is read even when memory is short.
   */
  refill(wanted: boolean, index = 0): void {
    if (this.#loading || this.#closed) return
    const blocked = this.#pending.at(index)
    if (blocked && !blocked.message) return void (wanted && this.#read(this.#readBodies(index)))
    if (this.#coldCount === 0 || this.#pending.length >= destinationLimits.windowMessages) return
    const room = Math.min(
      destinationLimits.pageBytes,
      this.#context.memory.headroom(destinationLimits.bodyHighWaterShare),
    )
    if (room < destinationLimits.pageBytesUnderPressure && !wanted) return
    if (!wanted && this.#pending.length >= destinationLimits.pageLowWaterMessages) return
    void this.#read(this.#readPage(Math.max(room, destinationLimits.pageBytesUnderPressure)))
  }

  /** Lets go of everything; nothing is read any more. */
  close(): void {
    this.#closed = true
    for (const entry of this.#pending) entry.release()
    for (const entry of this.#volatileTail) entry.release()
    this.#pending.clear()
    this.#volatileTail.clear()
    this.#coldCount = 0
  }

  #roomFor(message: Message): boolean {
    return (
      this.#pending.length < destinationLimits.windowMessages &&
      this.#context.memory.headroom(destinationLimits.bodyHighWaterShare) >= message.size
    )
  }

  #read(reading: Promise<void>): Promise<void> {
    this.#loading = true
    return reading.then(
      () => this.#finishRead(),
      (reason: unknown) => {
        this.#context.logger.error('Cannot read messages of queue', {
          queue: this.#queue.name,
          reason: errorMessage(reason),
        })
        this.#context.clock.after(destinationLimits.readRetryMs, () => this.#finishRead())
      },
    )
  }

  #finishRead(): void {
    this.#loading = false
    if (!this.#closed) this.#loaded()
  }

  async #readPage(maxBytes: number): Promise<void> {
    const upTo = this.#coldUpTo
    this.#arrivedDuringRead = 0
    const page = await this.#context.store.read(
      this.#queue.holder,
      this.#coldAfter,
      upTo,
      destinationLimits.pageMessages,
      maxBytes,
    )
    if (this.#closed) return
    for (const stored of page) this.#appendCold(stored)
    const last = page.at(-1)?.sequence ?? upTo
    this.#coldAfter = last
    const rest =
      last >= upTo ? this.#arrivedDuringRead : Math.max(this.#coldCount - page.length, this.#arrivedDuringRead)
    const missing = this.#coldCount - page.length - rest
    if (missing !== 0)
      this.#context.logger.error('Stored messages of queue are missing', { queue: this.#queue.name, missing })
    this.#coldCount = rest
    if (rest === 0) this.#endCold()
  }

  // Nothing of what it reads stays in memory: that is for queues that somebody consumes from.
  async #takeExpiredOfPage(expire: (entry: QueueEntry) => void): Promise<void> {
    const upTo = this.#coldUpTo
    const { store, clock, memory } = this.#context
    const { pageMessages, pageBytes } = destinationLimits
    const page = await store.read(
      this.#queue.holder,
      this.#coldExpiry.goOn(this.#coldAfter),
      upTo,
      pageMessages,
      pageBytes,
    )
    if (this.#closed) return
    const nowMs = clock.nowMs()
    const expired: QueueEntry[] = []
    for (const stored of page) {
      const message = this.#scan(stored)
      if (!message) continue
      if (isExpired(message, nowMs)) expired.push(new QueueEntry(this.#queue, stored.sequence, message, true, memory))
      else this.#coldExpiry.note(message.expiration)
    }
    const last = page.at(-1)?.sequence ?? upTo
    if (last < upTo) this.#coldExpiry.lookedUpTo(last)
    else this.#coldExpiry.endPass()
    this.#coldCount -= expired.length
    if (this.#coldCount === 0) this.#endCold()
    for (const entry of expired) expire(entry)
  }

  #endCold(): void {
    this.#coldExpiry.clear()
    this.#joinVolatileTail(Infinity)
  }

  #appendCold(stored: FoundMessage): void {
    const message = this.#scan(stored)
    if (!message) return
    this.#joinVolatileTail(stored.sequence)
    this.#pending.push(new QueueEntry(this.#queue, stored.sequence, message, true, this.#context.memory))
  }

  #joinVolatileTail(before: Sequence): void {
    for (let first = this.#volatileTail.first(); first && first.sequence < before; first = this.#volatileTail.first())
      this.#pending.push(this.#volatileTail.shift()!)
  }

  async #readBodies(index: number): Promise<void> {
    const first = this.#pending.at(index)!
    let last = first
    let count = 0
    for (let i = index; count < destinationLimits.pageMessages; i++, count++) {
      const entry = this.#pending.at(i)
      if (!entry || entry.message || !entry.stored || entry.sequence < last.sequence) break
      last = entry
    }
    const room = this.#context.memory.headroom(destinationLimits.bodyHighWaterShare)
    const found = await this.#context.store.read(
      this.#queue.holder,
      first.sequence - 1,
      last.sequence,
      count,
      Math.max(Math.min(room, destinationLimits.pageBytes), destinationLimits.pageBytesUnderPressure),
    )
    if (this.#closed) return
    this.#restoreBodies(first, new Map(found.map((stored) => [stored.sequence, stored])))
  }

  #restoreBodies(first: QueueEntry, found: ReadonlyMap<Sequence, FoundMessage>): void {
    let remaining = found.size
    for (let i = 0; i < this.#pending.length && remaining > 0; i++) {
      const entry = this.#pending.at(i)!
      const stored = found.get(entry.sequence)
      if (!stored) continue
      remaining--
      const message = this.#scan(stored)
      if (message) entry.restore(message)
    }
    if (first.message) return
    for (let i = 0; i < this.#pending.length; i++) {
      // One that expired meanwhile is not here, and not missed.
      if (this.#pending.at(i) !== first) continue
      this.#context.logger.error('Stored messages of queue are missing', { queue: this.#queue.name, missing: 1 })
      this.#pending.removeAt(i)
      return
    }
  }

  #scan(stored: FoundMessage): Message | undefined {
    try {
      return this.#context.scan(stored.bytes)
    } catch (error) {
      this.#context.logger.error('Cannot decode stored message', {
        queue: this.#queue.name,
        sequence: stored.sequence,
        reason: errorMessage(error),
      })
      return undefined
    }
  }
}

function keepUnexpired(entries: Deque<QueueEntry>, nowMs: number, expired: QueueEntry[]): Deque<QueueEntry> {
  let found = false
  for (const entry of entries) if (isExpired(entry, nowMs)) found = true
  if (!found) return entries
  const kept = new Deque<QueueEntry>()
  for (const entry of entries) (isExpired(entry, nowMs) ? expired : kept).push(entry)
  return kept
}

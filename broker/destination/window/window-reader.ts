// Reads for a window, one thing at a time: the next page of cold messages, bodies that have left memory, a page that is only
// looked through. What it reads changes the window when it is there, if that is still open. A failed read is tried again
// by whoever asks next.
import type { Clock } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Message } from '../../message/message.ts'
import type { FoundMessage, Sequence } from '../../store/held-message.ts'
import { isExpired } from '../expiry.ts'
import { destinationLimits } from '../limits.ts'
import type { MemoryUsage } from '../memory-usage.ts'
import type { PageMessage } from './looked-pages.ts'
import type { MessageCursor } from './message-cursor.ts'
import type { WaitingList } from './waiting-list.ts'
import type { ReadMessage, WindowContents } from './window-contents.ts'
import type { WindowEntry } from './window-entry.ts'

export interface ReaderContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly memory: MemoryUsage
  /** Makes a message of its stored form. */
  scan(bytes: Buffer): Message
}

export interface ReaderOptions {
  /** The name of the queue, for the log. */
  readonly queue: string
  /** Bytes of bodies that may be kept in memory for it; negative when there are too many. */
  room(): number
  /** Called when a read has brought something, or has found that there is nothing. */
  loaded(): void
}

export class WindowReader<E extends WindowEntry> {
  readonly #contents: WindowContents<E>
  readonly #cursor: MessageCursor
  readonly #context: ReaderContext
  readonly #queue: string
  readonly #room: () => number
  readonly #loaded: () => void
  #loading = false
  #closed = false
  #arrivedDuringRead = 0
  #pagesLookedThrough = 0

  constructor(
    contents: WindowContents<E>,
    cursor: MessageCursor,
    context: ReaderContext,
    { queue, room, loaded }: ReaderOptions,
  ) {
    this.#contents = contents
    this.#cursor = cursor
    this.#context = context
    this.#queue = queue
    this.#room = room
    this.#loaded = loaded
  }

  get loading(): boolean {
    return this.#loading
  }

  /** A message was counted with the cold ones. */
  coldArrived(): void {
    if (this.#loading) this.#arrivedDuringRead++
  }

  /** Bytes of bodies that it may keep in memory. */
  get room(): number {
    return this.#room()
  }

  /** The first cold messages, to the end of those that are in memory. */
  readPage(): void {
    void this.#read(this.#readPage())
  }

  readBodies(list: WaitingList<E>, index: number): void {
    void this.#read(this.#readBodies(list, index))
  }

  /** The cold messages behind `after`, to look through. */
  readToLook(after: Sequence): void {
    void this.#read(this.#readToLook(after))
  }

  /** Looks through the next page of cold messages for expired ones, and takes them out. */
  readForExpired(maxMessages: number, expire: (entry: E) => void): Promise<void> {
    return this.#read(this.#takeExpiredOfPage(maxMessages, expire))
  }

  close(): void {
    this.#closed = true
  }

  #read(reading: Promise<void>): Promise<void> {
    this.#loading = true
    return reading.then(
      () => this.#finishRead(),
      (reason: unknown) => {
        const fields = { queue: this.#queue, reason: errorMessage(reason) }
        this.#context.logger.error('Cannot read messages of queue', fields)
        this.#context.clock.after(destinationLimits.readRetryMs, () => this.#finishRead())
      },
    )
  }

  #finishRead(): void {
    this.#loading = false
    this.#contents.cold.readEnded()
    if (!this.#closed) this.#loaded()
  }

  async #readPage(): Promise<void> {
    const { cold } = this.#contents
    const { upTo } = cold
    this.#arrivedDuringRead = 0
    const found = await this.#cursor.read(cold.after, upTo, destinationLimits.pageMessages, this.#pageBytes)
    if (this.#closed) return
    const last = found.at(-1)?.sequence ?? upTo
    const page: ReadMessage[] = []
    for (const one of found) if (cold.has(one.sequence)) page.push({ sequence: one.sequence, message: this.#scan(one) })
    const arrived = this.#arrivedDuringRead
    const rest = last >= upTo ? arrived : Math.max(cold.count - page.length, arrived)
    this.#reportMissing(cold.count - page.length - rest)
    this.#contents.moveToPending(page, last, rest)
  }

  async #readToLook(after: Sequence): Promise<void> {
    const { cold } = this.#contents
    const { upTo } = cold
    const found = await this.#cursor.read(after, upTo, destinationLimits.pageMessages, this.#pageBytes)
    const { pages } = this.#contents
    if (this.#closed || !pages) return
    const messages: PageMessage[] = []
    for (const one of found) {
      const message = cold.has(one.sequence) ? this.#scan(one) : undefined
      if (message) messages.push({ sequence: one.sequence, message })
    }
    pages.add({ after, upTo: found.at(-1)?.sequence ?? upTo, messages })
    if (++this.#pagesLookedThrough % destinationLimits.lookPagesAtOnce === 0)
      await new Promise<void>((resolve) => void this.#context.clock.after(0, resolve))
  }

  // Nothing of what it reads stays in memory: that is for queues that somebody consumes from.
  async #takeExpiredOfPage(maxMessages: number, expire: (entry: E) => void): Promise<void> {
    const { cold, coldExpiry } = this.#contents
    const { upTo } = cold
    const { pageBytes } = destinationLimits
    const found = await this.#cursor.read(coldExpiry.goOn(cold.after), upTo, maxMessages, pageBytes)
    if (this.#closed) return
    const nowMs = this.#context.clock.nowMs()
    const expired: PageMessage[] = []
    for (const one of found) {
      const message = cold.has(one.sequence) ? this.#scan(one) : undefined
      if (!message) continue
      if (isExpired(message, nowMs)) expired.push({ sequence: one.sequence, message })
      else coldExpiry.note(message.expiration)
    }
    const last = found.at(-1)?.sequence ?? upTo
    if (last < upTo) coldExpiry.lookedUpTo(last)
    else coldExpiry.endPass()
    const entries = expired.map(({ sequence, message }) => this.#contents.takeCold(sequence, message))
    for (const entry of entries) expire(entry)
  }

  async #readBodies(list: WaitingList<E>, index: number): Promise<void> {
    const first = list.at(index)!
    let last = first
    let count = 0
    for (let i = index; count < destinationLimits.pageMessages; i++, count++) {
      const entry = list.at(i)
      if (!entry || entry.message || !entry.readable) break
      last = entry
    }
    const found = await this.#cursor.read(first.sequence - 1, last.sequence, count, this.#pageBytes)
    if (this.#closed) return
    for (const one of found) {
      const entry = this.#waiting(one.sequence)
      if (!entry || entry.message) continue
      const message = this.#scan(one)
      if (message) entry.restore(message)
    }
    // One that expired meanwhile is not here, and not missed.
    if (first.message || this.#waiting(first.sequence) !== first) return
    this.#reportMissing(1)
    for (const waiting of [this.#contents.pending, this.#contents.tail]) {
      const at = waiting.indexAfter(first.sequence - 1)
      if (waiting.at(at) === first) waiting.removeAt(at)
    }
  }

  #waiting(sequence: Sequence): E | undefined {
    for (const list of [this.#contents.pending, this.#contents.tail]) {
      const entry = list.at(list.indexAfter(sequence - 1))
      if (entry?.sequence === sequence) return entry
    }
    return undefined
  }

  get #pageBytes(): number {
    const { pageBytes, pageBytesUnderPressure } = destinationLimits
    return Math.max(Math.min(pageBytes, this.room), pageBytesUnderPressure)
  }

  #reportMissing(missing: number): void {
    if (missing !== 0)
      this.#context.logger.error('Stored messages of queue are missing', { queue: this.#queue, missing })
  }

  #scan(stored: FoundMessage): Message | undefined {
    try {
      return this.#context.scan(stored.bytes)
    } catch (error) {
      this.#context.logger.error('Cannot decode stored message', {
        queue: this.#queue,
        sequence: stored.sequence,
        reason: errorMessage(error),
      })
      return undefined
    }
  }
}

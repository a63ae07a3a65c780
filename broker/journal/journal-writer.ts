// Group commit: appending only queues. A write begins when somebody waits for it, or after `lazyWriteMs`. While one write
// and its sync are on their way, everything appended gathers and goes out with the next single write. Callbacks run in
// call order after the sync, if this member still owns the journal.
//
// Segments are not given their size in advance: growing files cost a fifth of the syncs with one record at a time and
// nothing with many (measured on ext4), and the end of a file that grew is where its records end.
//
// A write that finds no space waits for some and is done again at the same place: nobody relies on what it left there. Every
// other error ends everything, a failed sync whatever its reason: nobody knows what is on the disk after it.
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { errorCode, errorMessage, isError } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import {
  closedType,
  encodeSegmentHeader,
  preambleEndType,
  recordBytes,
  segmentFileName,
  type Predecessor,
} from './format.ts'
import { JournalError } from './journal-error.ts'
import { journalLimits } from './limits.ts'
import { SummaryBuilder } from './summary.ts'
import { ChunkPool, WriteBatch } from './write-batch.ts'

export interface JournalWriterOptions {
  readonly disk: Disk
  /** The directory of the term. */
  readonly directory: string
  readonly term: number
  readonly maxFileLength: number
  readonly firstNumber: number
  /** All segments that count besides those that this writer makes. */
  readonly predecessors: readonly Predecessor[]
  readonly makeSalt: () => number
  readonly clock: Clock
  /** Throws, or rejects where the proof has to wait, when this member no longer owns the journal. */
  readonly verifyOwnership: () => void | Promise<void>
  /** Appends what every segment starts with. */
  readonly writePreamble: () => void
  /** A write is about to begin: what the user has kept back can be appended to it. */
  readonly onWriting: () => void
  /** A segment was closed and is durable; its file is handed over. */
  readonly onSealed: (segment: Predecessor, file: DiskFile, summary: SummaryBuilder) => void
  /** A number of the user's that grows: noted when a batch takes no more records, and told back when it is durable. */
  readonly mark: () => number
  readonly onDurable: (mark: number) => void
  readonly onFailed: (error: JournalError) => void
  /** A write found no space: resolves when to try again. `first` of those that nothing but they themselves came between. */
  readonly whenSpace: (error: Error, first: boolean) => Promise<void>
}

interface OpenSegment {
  readonly number: number
  readonly salt: number
  readonly header: Buffer
  readonly summary: SummaryBuilder
  file: DiskFile | undefined
  /** Behind the last record of the preamble. */
  preambleEnd: number
  end: number
  closed: boolean
}

interface QueuedBatch {
  readonly segment: OpenSegment
  readonly batch: WriteBatch
  readonly createsFile: boolean
  mark: number | undefined
}

const noBytes: Buffer = Buffer.alloc(0)

export class JournalWriter {
  syncs = 0
  records = 0
  /** Bytes of records since the start: queued, and written (not necessarily synced). */
  appendedBytes = 0
  writtenBytes = 0
  /** A write waits for space. */
  isOutOfSpace = false
  readonly #options: JournalWriterOptions
  readonly #pool = new ChunkPool()
  readonly #predecessors = new Map<number, Predecessor>()
  readonly #queue: QueuedBatch[] = []
  #segment!: OpenSegment
  #running: QueuedBatch | undefined
  #isRunning = false
  #scheduled = false
  /** Somebody waits for what is queued. */
  #wanted = false
  #lazyTimer: Timer | undefined
  #idleCallbacks: (() => void)[] = []
  #durableSegment = 0
  #durableEnd = 0
  #failure: JournalError | undefined
  #inPreamble = false
  #whenSettled: (() => void)[] = []

  constructor(options: JournalWriterOptions) {
    this.#options = options
    for (const predecessor of options.predecessors) this.#predecessors.set(predecessor.number, predecessor)
  }

  /** Begins the first segment; the preamble is written from within. */
  start(): void {
    this.#beginSegment(this.#options.firstNumber)
  }

  /** Number of the segment that the last record went to. */
  get segment(): number {
    return this.#segment.number
  }

  get failure(): JournalError | undefined {
    return this.#failure
  }

  /** Bytes of all segments that count, as far as they are queued. */
  get bytes(): number {
    let total = this.#segment.end
    for (const { length } of this.#predecessors.values()) total += length
    return total
  }

  /**
   * Queues a record and returns its position in `segment`. `meta` and `head` are copied at once; `body` must not change
   * until the record is durable. Throws JournalError for a record beyond the limits; ignores everything after a failure.
   */
  append(
    type: number,
    meta: Buffer,
    metaLength: number,
    head: Buffer = noBytes,
    headLength = 0,
    body: Buffer | null = null,
  ): number {
    const bodyLength = headLength + (body?.length ?? 0)
    const length = recordBytes(metaLength + bodyLength)
    if (length > journalLimits.recordBytes || metaLength > journalLimits.metaBytes)
      throw new JournalError(
        'JOURNAL_LIMIT',
        `Cannot append record of ${length} bytes: largest record is ${journalLimits.recordBytes} bytes`,
        { fields: { length } },
      )
    if (this.#failure) return 0
    if (!this.#inPreamble && this.#isFull(length)) this.#roll()
    const segment = this.#segment
    const { batch } = this.#openBatch(segment)
    const position = batch.add(type, meta, metaLength, head, headLength, body)
    segment.end = batch.end
    segment.summary.add(type, position, bodyLength, meta, metaLength)
    this.records++
    this.appendedBytes += length
    return position
  }

  whenDurable(callback: () => void): void {
    if (this.#failure) return
    const last = this.#queue.at(-1)
    if (last) {
      last.batch.callbacks.push(callback)
      this.requestWrite()
    } else if (this.#running) this.#running.batch.callbacks.push(callback)
    else this.whenProven(callback)
  }

  /** Calls back at once, if this member still owns the journal: for what need not be durable. */
  whenProven(callback: () => void): void {
    if (this.#failure) return
    this.#idleCallbacks.push(callback)
    if (this.#idleCallbacks.length === 1) queueMicrotask(() => this.#runIdleCallbacks())
  }

  /** Begins to write once the event loop has handled all input that is there: the write takes it all along. */
  requestWrite(): void {
    this.#wanted = true
    if (this.#isRunning || this.#scheduled || this.#failure) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  isDurable(segment: number, position: number): boolean {
    return segment < this.#durableSegment || (segment === this.#durableSegment && position < this.#durableEnd)
  }

  /** Of a segment that this writer has made and not forgotten. */
  saltOf(number: number): number | undefined {
    return this.#segment.number === number ? this.#segment.salt : this.#predecessors.get(number)?.salt
  }

  predecessor(number: number): Predecessor | undefined {
    return this.#predecessors.get(number)
  }

  forget(number: number): void {
    this.#predecessors.delete(number)
  }

  /** Resolves once everything queued is durable, and proven to be so, or the writer has failed or waits for space. */
  async close(): Promise<void> {
    await this.#drain()
    if (!this.#failure && !this.isOutOfSpace) this.#proveLastBatch()
    await this.#drain()
    // Whoever waits for the opening would wait for ever.
    if (this.isOutOfSpace) this.fail(new JournalError('JOURNAL_CLOSED', 'Cannot write journal: the disk is full'))
    this.#endLazyTimer()
    this.#failure ??= new JournalError('JOURNAL_CLOSED', 'Cannot write journal: it was closed')
    while (this.isOutOfSpace && this.#running) await this.#settled()
    await this.#segment.file?.close()
  }

  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure =
      error instanceof JournalError
        ? error
        : new JournalError('JOURNAL_FAILED', `Cannot write journal: ${errorMessage(error)}`, {
            fields: { directory: this.#options.directory },
            cause: isError(error) ? error : undefined,
          })
    this.#queue.length = 0
    this.#endLazyTimer()
    this.#idleCallbacks = []
    this.#options.onFailed(this.#failure)
    this.#settle()
  }

  async #drain(): Promise<void> {
    while (!this.#failure && !this.isOutOfSpace && (this.#isRunning || this.#queue.length > 0)) {
      this.requestWrite()
      await this.#settled()
    }
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve))
  }

  /** Otherwise damage to the last batch would look like a torn tail, and what stands behind it would be cut. */
  #proveLastBatch(): void {
    const { batch } = this.#openBatch(this.#segment)
    batch.add(closedType, noBytes, 0, noBytes, 0, null)
    this.#segment.end = batch.end
  }

  #settle(): void {
    const settled = this.#whenSettled
    this.#whenSettled = []
    for (const resolve of settled) resolve()
  }

  /** A preamble leaves room for as much again, or segments would hold little else. A record always fits into a new one. */
  #isFull(length: number): boolean {
    const { preambleEnd, end } = this.#segment
    const { maxFileLength } = this.#options
    return end > preambleEnd && end + length > Math.max(maxFileLength, preambleEnd + maxFileLength / 2)
  }

  #beginSegment(number: number): void {
    const { term, makeSalt, clock } = this.#options
    const salt = makeSalt()
    const identity = { number, term, salt, createdMs: clock.nowMs() }
    const header = encodeSegmentHeader(identity, [...this.#predecessors.values()])
    const segment: OpenSegment = {
      number,
      salt,
      header,
      summary: new SummaryBuilder(),
      file: undefined,
      preambleEnd: 0,
      end: header.length,
      closed: false,
    }
    const batch = new WriteBatch(header.length, salt, this.#pool)
    this.#enqueue({ segment, batch, createsFile: true, mark: undefined })
    this.#segment = segment
    this.#inPreamble = true
    this.#options.writePreamble()
    this.append(preambleEndType, noBytes, 0)
    this.#inPreamble = false
    segment.preambleEnd = segment.end
  }

  #roll(): void {
    const segment = this.#segment
    const { number, salt, end } = segment
    segment.closed = true
    this.#predecessors.set(number, { number, term: this.#options.term, salt, length: end })
    if (this.#durableSegment === number && this.#durableEnd === end) this.#handOver(segment)
    this.#beginSegment(number + 1)
  }

  #openBatch(segment: OpenSegment): QueuedBatch {
    const last = this.#queue.at(-1)
    if (last?.segment === segment) return last
    const batch = new WriteBatch(segment.end, segment.salt, this.#pool)
    return this.#enqueue({ segment, batch, createsFile: false, mark: undefined })
  }

  #enqueue(opened: QueuedBatch): QueuedBatch {
    const last = this.#queue.at(-1)
    if (last) last.mark ??= this.#options.mark()
    this.#queue.push(opened)
    if (!this.#lazyTimer) this.#writeLazily(opened)
    return opened
  }

  /** What nobody waits for goes along with what is waited for, or alone when nothing of that kind comes. */
  #writeLazily(opened: QueuedBatch): void {
    this.#lazyTimer = this.#options.clock.after(journalLimits.lazyWriteMs, () => {
      this.#lazyTimer = undefined
      const first = this.#queue[0]
      if (first === opened) this.requestWrite()
      else if (first) this.#writeLazily(first)
    })
  }

  #endLazyTimer(): void {
    this.#lazyTimer?.cancel()
    this.#lazyTimer = undefined
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      while (this.#wanted && !this.#failure) {
        this.#options.onWriting()
        this.#wanted = false
        // What is appended to others than these meanwhile is not wanted yet, perhaps.
        for (let count = this.#queue.length; count > 0 && !this.#failure; count--)
          await this.#writeBatch(this.#queue.shift()!)
      }
    } catch (error) {
      this.fail(error)
    }
    this.#running = undefined
    this.#isRunning = false
    if (this.#queue.length === 0) this.#endLazyTimer()
    this.#settle()
  }

  async #writeBatch(next: QueuedBatch): Promise<void> {
    this.#running = next
    next.mark ??= this.#options.mark()
    await this.#write(next)
    // Ownership may have been lost while this member was stopped, in which case somebody else answers.
    // Where the proof takes time, what is appended meanwhile goes to the next batch.
    const proof = this.#failure ? undefined : this.#options.verifyOwnership()
    if (proof) await proof
    if (!this.#failure) this.#complete(next)
  }

  async #write({ segment, batch, createsFile }: QueuedBatch): Promise<void> {
    const { disk, directory } = this.#options
    const path = `${directory}/${segmentFileName(segment.number)}`
    if (createsFile) segment.file = await this.#whereThereIsSpace(() => disk.open(path, 'create'))
    const { file } = segment
    assert(file, 'A segment is made before it is written to')
    if (createsFile) {
      await this.#whereThereIsSpace(() => file.write([segment.header], 0))
      const named = disk.syncDirectory(directory)
      named.catch(() => {})
      await file.sync()
      await named
    }
    const buffers = batch.finish()
    await this.#whereThereIsSpace(() => file.write(buffers, batch.start))
    this.writtenBytes += batch.end - batch.start
    await file.sync()
    batch.release()
    this.syncs++
  }

  async #whereThereIsSpace<T>(change: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await change()
        this.isOutOfSpace = false
        return result
      } catch (error) {
        if (!isNoSpace(error) || this.#failure) throw error
        const first = !this.isOutOfSpace
        this.isOutOfSpace = true
        this.#settle()
        await this.#options.whenSpace(error, first)
        // Closed meanwhile: what is left is nobody's.
        if (this.#failure) throw error
      }
    }
  }

  #complete({ segment, batch, mark }: QueuedBatch): void {
    this.#durableSegment = segment.number
    this.#durableEnd = batch.end
    // Later callbacks go to the next batch, or find nothing to wait for.
    this.#running = undefined
    if (segment.closed && batch.end === segment.end) this.#handOver(segment)
    if (mark !== undefined) this.#options.onDurable(mark)
    for (const callback of batch.callbacks) callback()
  }

  #handOver(segment: OpenSegment): void {
    const predecessor = this.#predecessors.get(segment.number)
    assert(predecessor && segment.file, 'A closed segment is a predecessor and has a file')
    this.#options.onSealed(predecessor, segment.file, segment.summary)
  }

  #runIdleCallbacks(): void {
    const callbacks = this.#idleCallbacks
    this.#idleCallbacks = []
    if (this.#failure) return
    try {
      // What these wait for was durable and proven before; a proof that takes time is not waited for, or they would be
      // overtaken. If it fails the lock tells whoever has it.
      this.#options.verifyOwnership()?.catch(() => {})
      for (const callback of callbacks) callback()
    } catch (error) {
      this.fail(error)
    }
  }
}

/** The file system, or what this user may have of it, is full. */
const isNoSpace = (error: unknown): error is Error => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')

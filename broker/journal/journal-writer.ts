// Group commit: appending only queues. A write begins when somebody waits for it, or after `lazyWriteMs`. While one write
// and its sync are on their way, everything appended gathers and goes out with the next single write.
//
//   queued ──► written ──► confirmed ──► completed
//     here      batch-files.ts   batch-completion.ts: callbacks run, in call order
//
// A failure of any step ends everything: nothing is completed after it.
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { errorMessage, isError } from '../base/errors.ts'
import type { Disk } from '../disk/disk.ts'
import { BatchCompletion } from './batch-completion.ts'
import { BatchFiles } from './batch-files.ts'
import type { BatchConfirmation, JournalOwner } from './confirmation.ts'
import { closedType, preambleEndType, recordBytes, type Predecessor } from './format.ts'
import { JournalError } from './journal-error.ts'
import { journalLimits } from './limits.ts'
import { OpenSegments, type OpenSegment, type QueuedBatch } from './open-segment.ts'
import type { SummaryBuilder } from './summary.ts'
import type { JournalTap } from './tap.ts'
import { ChunkPool, WriteBatch } from './write-batch.ts'

export interface JournalWriterOptions {
  readonly disk: Disk
  /** The directory of the owner's term. */
  readonly directory: string
  readonly owner: JournalOwner
  readonly confirmation: BatchConfirmation
  readonly tap: JournalTap | undefined
  readonly maxFileLength: number
  readonly firstNumber: number
  /** All segments that count besides those that this writer makes. */
  readonly predecessors: readonly Predecessor[]
  readonly makeSalt: () => number
  readonly clock: Clock
  /** Appends what every segment starts with. */
  readonly writePreamble: () => void
  /** A write is about to begin: what the user has kept back can be appended to it. */
  readonly onWriting: () => void
  /** A segment was closed and is durable; closing its file is handed over. */
  readonly onSealed: (segment: Predecessor, closeFile: () => Promise<void>, summary: SummaryBuilder) => void
  /** A number of the user's that grows: noted when a batch takes no more records, and told back when it is completed. */
  readonly mark: () => number
  readonly onDurable: (mark: number) => void
  readonly onFailed: (error: JournalError) => void
  /** A write found no space: resolves when to try again. `first` of those that nothing but they themselves came between. */
  readonly whenSpace: (error: Error, first: boolean) => Promise<void>
}

const noBytes: Buffer = Buffer.alloc(0)

export class JournalWriter {
  records = 0
  /** Bytes of records since the start, as far as they are queued. */
  appendedBytes = 0
  readonly #options: JournalWriterOptions
  readonly #pool = new ChunkPool()
  readonly #segments: OpenSegments
  readonly #files: BatchFiles
  readonly #completion: BatchCompletion
  readonly #queue: QueuedBatch[] = []
  /** The batch that is being written. */
  #running: QueuedBatch | undefined
  #isRunning = false
  #scheduled = false
  /** Somebody waits for what is queued. */
  #wanted = false
  #lazyTimer: Timer | undefined
  #failure: JournalError | undefined
  #inPreamble = false
  #whenSettled: (() => void)[] = []

  constructor(options: JournalWriterOptions) {
    const { owner } = options
    this.#options = options
    this.#segments = new OpenSegments({ ...options, term: owner.term })
    this.#files = new BatchFiles({ ...options, term: owner.term, onOutOfSpace: () => this.#settle() })
    this.#completion = new BatchCompletion({
      ...options,
      onCompleted: (completed) => this.#completed(completed),
      onCaughtUp: () => this.#settle(),
      onFailed: (error) => this.#fail(error),
    })
  }

  /** Begins the first segment; the preamble is written from within. */
  start(): void {
    this.#beginSegment(this.#options.firstNumber)
  }

  /** Number of the segment that the last record went to. */
  get segment(): number {
    return this.#segments.current.number
  }

  get segmentBytes(): number {
    return this.#segments.current.end
  }

  /** Begins the next segment before this one is full. */
  closeSegment(): void {
    if (this.#failure) return
    this.#roll()
    this.requestWrite()
  }

  /** See OpenSegments.costOf. */
  costOf(length: number): number {
    return this.#segments.costOf(length)
  }

  costOfNext(length: number): number {
    return this.#segments.costOfNext(length)
  }

  get syncs(): number {
    return this.#files.syncs
  }

  /** Bytes of records since the start that are written (not necessarily synced). */
  get writtenBytes(): number {
    return this.#files.writtenBytes
  }

  /** A write waits for space. */
  get isOutOfSpace(): boolean {
    return this.#files.isOutOfSpace
  }

  /** Bytes of all segments that count, as far as they are queued. */
  get bytes(): number {
    return this.#segments.bytes
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
    if (!this.#inPreamble && this.#segments.isFull(length)) this.#roll()
    const segment = this.#segments.current
    const { batch } = this.#openBatch(segment)
    const position = batch.add(type, meta, metaLength, head, headLength, body)
    segment.end = batch.end
    segment.summary.add(type, position, bodyLength, meta, metaLength)
    this.records++
    this.appendedBytes += length
    return position
  }

  /** Calls back when everything appended so far is completed. */
  whenDurable(callback: () => void): void {
    if (this.#failure) return
    const last = this.#queue.at(-1)
    if (last) {
      last.batch.callbacks.push(callback)
      this.requestWrite()
    } else if (this.#running) this.#running.batch.callbacks.push(callback)
    else this.#completion.whenCompleted(callback)
  }

  /** Calls back at once, if this member still owns the journal: for what need not be durable. */
  whenProven(callback: () => void): void {
    if (!this.#failure) this.#completion.whenProven(callback)
  }

  /** Begins to write once the event loop has handled all input that is there: the write takes it all along. */
  requestWrite(): void {
    this.#wanted = true
    if (this.#completion.isWaitedFor) this.#completion.gathered(this.#queuedBytes)
    if (this.#isRunning || this.#scheduled || this.#failure) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  isDurable(segment: number, position: number): boolean {
    return this.#completion.isCompleted(segment, position)
  }

  /** Of a segment that this writer has made and not forgotten. */
  saltOf(number: number): number | undefined {
    return this.#segments.saltOf(number)
  }

  predecessor(number: number): Predecessor | undefined {
    return this.#segments.predecessor(number)
  }

  forget(number: number): void {
    this.#segments.forget(number)
  }

  /** Resolves once everything queued is completed, and proven to be so, or the writer has failed or waits for space. */
  async close(): Promise<void> {
    await this.#drain()
    if (!this.#failure && !this.isOutOfSpace) this.#proveLastBatch()
    await this.#drain()
    // Whoever waits for the opening would wait for ever.
    if (this.isOutOfSpace) this.#fail(new JournalError('JOURNAL_CLOSED', 'Cannot write journal: the disk is full'))
    this.#endLazyTimer()
    const failed = this.#failure !== undefined
    this.#failure ??= new JournalError('JOURNAL_CLOSED', 'Cannot write journal: it was closed')
    while (this.#isRunning) await this.#settled()
    const { file, space, end } = this.#segments.current
    await (failed ? file?.close() : space?.close(end))
  }

  #fail(error: unknown): void {
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
    this.#files.stop()
    this.#completion.fail()
    this.#options.onFailed(this.#failure)
    this.#settle()
  }

  async #drain(): Promise<void> {
    while (!this.#failure && this.#isBusy) {
      if (this.#queue.length > 0 && !this.isOutOfSpace) this.requestWrite()
      await this.#settled()
    }
  }

  /** Something is on its way that will come to an end by itself. */
  get #isBusy(): boolean {
    if (this.#completion.isBehind) return true
    return !this.isOutOfSpace && (this.#isRunning || this.#queue.length > 0)
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#whenSettled.push(resolve))
  }

  /** Otherwise damage to the last batch would look like a torn tail, and what stands behind it would be cut. */
  #proveLastBatch(): void {
    const segment = this.#segments.current
    const { batch } = this.#openBatch(segment)
    batch.add(closedType, noBytes, 0, noBytes, 0, null)
    segment.end = batch.end
  }

  #settle(): void {
    const settled = this.#whenSettled
    this.#whenSettled = []
    for (const resolve of settled) resolve()
  }

  #beginSegment(number: number): void {
    const segment = this.#segments.begin(number)
    const batch = new WriteBatch(segment.end, segment.salt, this.#pool)
    this.#enqueue({ segment, batch, createsFile: true, mark: undefined })
    this.#inPreamble = true
    this.#options.writePreamble()
    this.append(preambleEndType, noBytes, 0)
    this.#inPreamble = false
    segment.preambleEnd = segment.end
  }

  #roll(): void {
    const segment = this.#segments.current
    this.#segments.close()
    if (this.#completion.endsAt(segment.number, segment.end)) this.#handOver(segment)
    this.#beginSegment(segment.number + 1)
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
        // First: what the user keeps back may not have to be written at all by then.
        while (this.#completion.holdsBack(this.#queuedBytes)) await this.#whenWorthIt()
        if (this.#failure as JournalError | undefined) break
        this.#options.onWriting()
        this.#wanted = false
        // What is appended to others than these meanwhile is not wanted yet, perhaps.
        for (let count = this.#queue.length; count > 0 && !this.#failure; count--) {
          const next = this.#queue.shift()
          if (next) await this.#write(next)
        }
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#running = undefined
    this.#isRunning = false
    if (this.#queue.length === 0) this.#endLazyTimer()
    this.#settle()
  }

  get #queuedBytes(): number {
    let bytes = 0
    for (const { batch } of this.#queue) bytes += batch.end - batch.start
    return bytes
  }

  /** And all input that has come by then is handled. */
  async #whenWorthIt(): Promise<void> {
    await this.#completion.whenFewer()
    await new Promise(setImmediate)
  }

  async #write(next: QueuedBatch): Promise<void> {
    this.#running = next
    next.mark ??= this.#options.mark()
    await this.#files.write(next)
    // Later callbacks go to the next batch, or to the last one that is not completed.
    this.#running = undefined
    if (!this.#failure) this.#completion.written(next)
  }

  #completed({ segment, batch, mark }: QueuedBatch): void {
    if (segment.closed && batch.end === segment.end) this.#handOver(segment)
    if (mark !== undefined) this.#options.onDurable(mark)
  }

  #handOver(segment: OpenSegment): void {
    const predecessor = this.#segments.predecessor(segment.number)
    const { space, end, summary } = segment
    assert(predecessor && space, 'A closed segment is a predecessor and has a file')
    this.#options.onSealed(predecessor, () => space.close(end), summary)
  }
}

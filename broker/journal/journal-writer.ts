// Group commit: appending only queues. While one write and its sync are on their way, everything appended gathers and
// goes out with the next single write. Callbacks run in call order after the sync, if this member still owns the journal.
//
// Segments are not given their size in advance: growing files cost a fifth of the syncs with one record at a time and
// nothing with many (measured on ext4), and the end of a file that grew is where its records end.
//
// The first error ends everything: nothing is tried again, because after a failed sync nobody knows what is on the disk.
import { assert } from '../base/assert.ts'
import { errorMessage, isError } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import { encodeSegmentHeader, preambleEndType, recordBytes, segmentFileName, type Predecessor } from './format.ts'
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
  readonly nowMs: () => number
  /** Throws, or rejects where the proof has to wait, when this member no longer owns the journal. */
  readonly verifyOwnership: () => void | Promise<void>
  /** Appends what every segment starts with. */
  readonly writePreamble: () => void
  /** A segment was closed and is durable; its file is handed over. */
  readonly onSealed: (segment: Predecessor, file: DiskFile, summary: SummaryBuilder) => void
  /** A number of the user's that grows: noted when a batch takes no more records, and told back when it is durable. */
  readonly mark: () => number
  readonly onDurable: (mark: number) => void
  readonly onFailed: (error: JournalError) => void
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
  readonly #options: JournalWriterOptions
  readonly #pool = new ChunkPool()
  readonly #predecessors = new Map<number, Predecessor>()
  readonly #queue: QueuedBatch[] = []
  #segment!: OpenSegment
  #running: QueuedBatch | undefined
  #scheduled = false
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
    return position
  }

  whenDurable(callback: () => void): void {
    if (this.#failure) return
    const last = this.#queue.at(-1) ?? this.#running
    if (last) {
      last.batch.callbacks.push(callback)
      return
    }
    this.#idleCallbacks.push(callback)
    if (this.#idleCallbacks.length === 1) queueMicrotask(() => this.#runIdleCallbacks())
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

  /** Resolves once everything queued is durable, or the writer has failed. */
  async close(): Promise<void> {
    while (!this.#failure && (this.#running || this.#queue.length > 0))
      await new Promise<void>((resolve) => {
        this.#whenSettled.push(resolve)
      })
    this.#failure ??= new JournalError('JOURNAL_CLOSED', 'Cannot write journal: it was closed')
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
    this.#idleCallbacks = []
    this.#options.onFailed(this.#failure)
    this.#settle()
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
    const { term, makeSalt, nowMs } = this.#options
    const salt = makeSalt()
    const header = encodeSegmentHeader({ number, term, salt, createdMs: nowMs() }, [...this.#predecessors.values()])
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
    this.#schedule()
    return opened
  }

  /** Begins to write once the event loop has handled all input that is there: the first write takes it all along. */
  #schedule(): void {
    if (this.#running || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      void this.#run()
    })
  }

  async #run(): Promise<void> {
    if (this.#running) return
    try {
      for (let next = this.#queue.shift(); next && !this.#failure; next = this.#queue.shift()) {
        this.#running = next
        next.mark ??= this.#options.mark()
        await this.#write(next)
        // Ownership may have been lost while this member was stopped, in which case somebody else answers.
        // Where the proof takes time, what is appended meanwhile goes to the next batch.
        const proof = this.#failure ? undefined : this.#options.verifyOwnership()
        if (proof) await proof
        if (this.#failure) break
        this.#complete(next)
      }
    } catch (error) {
      this.fail(error)
    }
    this.#running = undefined
    this.#settle()
  }

  async #write({ segment, batch, createsFile }: QueuedBatch): Promise<void> {
    const { disk, directory } = this.#options
    const path = `${directory}/${segmentFileName(segment.number)}`
    if (createsFile) segment.file = await disk.open(path, 'create')
    const { file } = segment
    assert(file, 'A segment is made before it is written to')
    if (createsFile) {
      await file.write([segment.header], 0)
      const named = disk.syncDirectory(directory)
      named.catch(() => {})
      await file.sync()
      await named
    }
    await file.write(batch.finish(), batch.start)
    await file.sync()
    batch.release()
    this.syncs++
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

// The journal: durable records in opaque form. Its format is specified in format.ts.
//
//   follow()          standby: visit what somebody else writes
//   open(owner)       fence older writers, visit the rest, begin to write
//   append, whenDurable, read, removeSegments, close
//
// It knows nothing of what is in the records; its user decides which segments may be removed.
import { dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { errorCode, errorMessage, FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Random } from '../base/random.ts'
import type { Disk } from '../disk/disk.ts'
import { proofOfOwnership, type BatchConfirmation, type JournalOwner } from './confirmation.ts'
import {
  bodyAt,
  segmentFileName,
  segmentRemovedType,
  summaryFileName,
  termDirectoryName,
  type Predecessor,
} from './format.ts'
import { JournalError } from './journal-error.ts'
import { JournalFollower } from './journal-follower.ts'
import { JournalReader, writeSummary, type JournalVisitor, type RecoveredSegments } from './journal-reader.ts'
import { JournalWriter } from './journal-writer.ts'
import { journalLimits } from './limits.ts'
import { SegmentFiles } from './segment-files.ts'
import { newestTerm } from './segment-table.ts'
import type { JournalTap } from './tap.ts'

export interface JournalOptions {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly maxFileLength: number
  /** What a batch waits for besides its sync; default: the owner's proof. */
  readonly confirmation?: BatchConfirmation | undefined
  /** Is told of each write. */
  readonly tap?: JournalTap | undefined
  /** See JournalReaderOptions. */
  readonly followsOwnCopy?: boolean | undefined
  readonly visitor: JournalVisitor
  /** Appends what each segment starts with, so that older segments are not needed for it. */
  readonly writePreamble: () => void
  /** A write is about to begin: what the user has kept back can be appended to it. */
  readonly onWriting: () => void
  /** A segment was closed and is durable. */
  readonly onSealed: (segment: Predecessor) => void
  /** A number of the user's that grows with what it appends, and is told back when that is durable. */
  readonly mark: () => number
  readonly onDurable: (mark: number) => void
}

export class Journal {
  readonly failed: Promise<Error>
  readonly #options: JournalOptions
  readonly #reader: JournalReader
  readonly #follower: JournalFollower
  #writer: JournalWriter | undefined
  #files: SegmentFiles | undefined
  #directory = ''
  #resolveFailed: (error: Error) => void = () => {}
  #background: Promise<unknown> = Promise.resolve()
  /** Of the segments that are closed and durable. */
  readonly #salts = new Map<number, number>()

  constructor(options: JournalOptions) {
    const { maxFileLength } = options
    if (!(maxFileLength >= journalLimits.minFileLength && maxFileLength <= journalLimits.maxFileLengthAllowed))
      throw new JournalError(
        'JOURNAL_LIMIT',
        `Cannot use maxFileLength ${maxFileLength}: accepted are ${journalLimits.minFileLength} to ${journalLimits.maxFileLengthAllowed} bytes`,
        { fields: { maxFileLength } },
      )
    this.#options = options
    this.#reader = new JournalReader(options)
    this.#follower = new JournalFollower(this.#reader, options.clock, options.logger)
    this.failed = new Promise((resolve) => (this.#resolveFailed = resolve))
  }

  /** Visits what is there and, again and again, what is added, until `open` or `close`. */
  follow(): void {
    if (!this.#writer) this.#follower.start()
  }

  /** Bytes that there were to read at the last look of `follow` and are still unread; undefined when it does not follow. */
  get unreadBytes(): number | undefined {
    return this.#follower.unreadBytes
  }

  /**
   * Becomes the writer of the owner's term. `finish` is called when all that counts was visited, before anything is written.
   * Rejects with JournalError JOURNAL_FENCED if a larger term was here.
   */
  async open(owner: JournalOwner, finish: (recovered: RecoveredSegments) => void): Promise<void> {
    const { term } = owner
    await this.#follower.stop()
    this.#directory = await this.#fence(term)
    // The name of the term has to be durable before anybody is answered, and not before the rest is read.
    const named = this.#options.disk.syncDirectory(this.#options.directory)
    named.catch(() => {})
    const recovered = await this.#reader.recover(this.#directory)
    await named
    finish(recovered)
    this.#files = new SegmentFiles(this.#options.disk, this.#directory)
    for (const { number, salt } of recovered.segments) this.#salts.set(number, salt)
    this.#options.tap?.opened(recovered.segments)
    const writer = this.#createWriter(owner, recovered)
    this.#writer = writer
    writer.start()
    await new Promise<void>((resolve, reject) => {
      writer.whenDurable(resolve)
      void this.failed.then(reject)
    })
    this.#inBackground(async () => {
      for (const number of recovered.leftOver) await this.#removeFiles(number)
      await this.#giveBackSpace(recovered)
    })
  }

  /** Number of the segment that the last record went to. */
  get segment(): number {
    return this.#open.segment
  }

  /** Its bytes, as far as they are queued. */
  get segmentBytes(): number {
    return this.#open.segmentBytes
  }

  /** Begins the next segment, so that this one can be removed before it is full. */
  closeSegment(): void {
    this.#open.closeSegment()
  }

  /** See OpenSegments.costOf. */
  costOf(length: number): number {
    return this.#open.costOf(length)
  }

  /** See OpenSegments.costOfNext. */
  costOfNext(length: number): number {
    return this.#open.costOfNext(length)
  }

  get syncs(): number {
    return this.#writer?.syncs ?? 0
  }

  get records(): number {
    return this.#writer?.records ?? 0
  }

  get bytes(): number {
    return this.#writer?.bytes ?? 0
  }

  /** Bytes of records since the opening: queued, and written (not necessarily synced). */
  get appendedBytes(): number {
    return this.#writer?.appendedBytes ?? 0
  }

  get writtenBytes(): number {
    return this.#writer?.writtenBytes ?? 0
  }

  /** A write waits for space on the disk. */
  get isOutOfSpace(): boolean {
    return this.#writer?.isOutOfSpace ?? false
  }

  /** See JournalWriter.append. */
  append(type: number, meta: Buffer, metaLength: number, head?: Buffer, headLength?: number, body?: Buffer): number {
    return this.#open.append(type, meta, metaLength, head, headLength, body)
  }

  whenDurable(callback: () => void): void {
    this.#open.whenDurable(callback)
  }

  /** See JournalWriter.whenProven. */
  whenProven(callback: () => void): void {
    this.#open.whenProven(callback)
  }

  requestWrite(): void {
    this.#open.requestWrite()
  }

  isDurable(segment: number, position: number): boolean {
    return this.#writer?.isDurable(segment, position) ?? false
  }

  /** Length of a segment that is closed and durable; undefined for others. */
  closedLength(segment: number): number | undefined {
    return this.#salts.has(segment) ? this.#open.predecessor(segment)?.length : undefined
  }

  /** Bytes of one segment, shorter at its end. Rejects with ENOENT for a removed segment. */
  read(segment: number, position: number, length: number): Promise<Buffer> {
    if (!this.#files) throw closed()
    return this.#files.read(segment, position, length)
  }

  /**
   * The body of the record at `position`, as a view into `bytes`, which start at `bytesPosition`; undefined, and reported,
   * when it is not what was written. Throws as `read` does when the segment was removed after it was read: then there is
   * nothing to check it by.
   */
  body(segment: number, position: number, bytes: Buffer, bytesPosition: number): Buffer | undefined {
    // A segment that was just closed is not sealed yet: the writer still knows it.
    const salt = this.#salts.get(segment) ?? this.#open.saltOf(segment)
    if (salt === undefined) throw segmentRemoved(segment)
    const body = bodyAt(bytes, bytesPosition, position, salt)
    if (body) return body
    this.#options.logger.error('A record of the journal is damaged', {
      file: segmentFileName(segment),
      offset: position,
    })
    return undefined
  }

  /** Removes closed segments whose records nobody needs; resolves when their files are gone. */
  async removeSegments(numbers: readonly number[]): Promise<void> {
    const meta = Buffer.alloc(4)
    for (const number of numbers) {
      meta.writeUInt32BE(number)
      this.append(segmentRemovedType, meta, meta.length)
      this.#open.forget(number)
    }
    await new Promise<void>((resolve) => this.whenDurable(resolve))
    this.#options.tap?.removed(numbers)
    for (const number of numbers) await this.#removeFiles(number)
  }

  async close(): Promise<void> {
    await this.#follower.stop()
    await this.#writer?.close()
    await this.#background
    await this.#files?.close()
  }

  get #open(): JournalWriter {
    if (!this.#writer) throw closed()
    return this.#writer
  }

  /** Makes the directory one of `term`: from then on writers of smaller terms find nothing under their paths. */
  async #fence(term: number): Promise<string> {
    const { disk, directory } = this.#options
    await disk.makeDirectory(directory)
    const newest = await newestTerm(disk, directory)
    if (term < newest)
      throw new JournalError(
        'JOURNAL_FENCED',
        `Cannot open journal ${directory} for term ${term}: it was written in term ${newest}; another member took over, or the lock was made anew`,
        { fields: { directory, term, newest } },
      )
    const target = `${directory}/${termDirectoryName(term)}`
    if (newest > 0) {
      if (newest < term) await disk.rename(`${directory}/${termDirectoryName(newest)}`, target)
      return target
    }
    // Later terms find it durable: the first one writes nothing before.
    await disk.syncDirectory(dirname(directory))
    await disk.makeDirectory(target)
    return target
  }

  #createWriter(owner: JournalOwner, recovered: RecoveredSegments): JournalWriter {
    const { disk, maxFileLength, writePreamble, onWriting, mark, onDurable, random, clock, tap } = this.#options
    const directory = this.#directory
    return new JournalWriter({
      disk,
      directory,
      maxFileLength,
      firstNumber: recovered.largestNumber + 1,
      predecessors: recovered.segments,
      makeSalt: () => Math.floor(random.next() * 2 ** 32),
      clock,
      owner,
      confirmation: this.#options.confirmation ?? proofOfOwnership,
      tap,
      writePreamble,
      onWriting,
      mark,
      onDurable,
      onSealed: (segment, closeFile, summary) => {
        this.#salts.set(segment.number, segment.salt)
        this.#inBackground(async () => {
          await closeFile()
          if (this.closedLength(segment.number) !== undefined) await writeSummary(disk, directory, segment, summary)
        })
        this.#options.onSealed(segment)
      },
      whenSpace: (error, first) => {
        if (first) this.#options.logger.error('The disk is full: the journal waits for space', { error })
        return new Promise((resolve) => clock.after(journalLimits.spaceRetryMs, resolve))
      },
      onFailed: (error) => {
        this.#options.logger.error('The journal failed', { error })
        this.#resolveFailed(error)
      },
    })
  }

  /** What a member that was killed had set aside. */
  async #giveBackSpace({ segments, cutBytes }: RecoveredSegments): Promise<void> {
    const last = segments.at(-1)
    const path = `${this.#directory}/${segmentFileName(last?.number ?? 0)}`
    if (!last || !(await this.#options.disk.exists(path))) return
    const file = await this.#options.disk.open(path, 'existing')
    try {
      const usedTo = last.length + cutBytes
      if ((await file.size()) > usedTo) await file.truncate(usedTo)
    } finally {
      await file.close()
    }
  }

  async #removeFiles(number: number): Promise<void> {
    const { disk } = this.#options
    this.#files?.drop(number)
    this.#salts.delete(number)
    for (const name of [segmentFileName(number), summaryFileName(number)]) {
      try {
        await disk.remove(`${this.#directory}/${name}`)
      } catch (error) {
        // Gone already, or this member was replaced, which the next sync finds out.
        if (errorCode(error) !== 'ENOENT') throw error
      }
    }
  }

  /** Work that nobody waits for and whose failure loses nothing: one after the other. */
  #inBackground(work: () => Promise<void>): void {
    this.#background = this.#background
      .then(work)
      .catch((error: unknown) =>
        this.#options.logger.warn('Cannot tidy up the journal', { error: errorMessage(error) }),
      )
  }
}

const segmentRemoved = (segment: number): FlotillaError =>
  new FlotillaError('ENOENT', `Cannot use what was read of ${segmentFileName(segment)}: it was removed meanwhile`, {
    fields: { segment },
  })

const closed = (): JournalError => new JournalError('JOURNAL_CLOSED', 'Cannot use the journal: it is not open')

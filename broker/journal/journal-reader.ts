// Reads a journal in order and remembers how far it came: once with `recover` as the new writer, or again and again with
// `follow` as a standby, after which `recover` reads only what is left.
//
// What it visits is true history in order. Segments may be missing in between, because the active removed them after it
// had made sure that what remains tells the same.
import { errorCode, errorMessage } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Disk } from '../disk/disk.ts'
import {
  firstUserType,
  segmentFileName,
  segmentHeaderBytes,
  segmentRemovedType,
  summaryFileName,
  termDirectoryName,
  type Predecessor,
  type SegmentHeader,
} from './format.ts'
import { journalLimits } from './limits.ts'
import { scanSegment, type DamagedRange } from './segment-scan.ts'
import {
  lengthUnknown,
  loadFile,
  loadSegmentHeader,
  loadSegmentNumbers,
  loadSegmentTable,
  newestTerm,
  withFile,
  type SegmentTable,
} from './segment-table.ts'
import { isSummaryOf, SummaryBuilder, visitSummary, type SummaryRun } from './summary.ts'
import { findTail, hasPreamble } from './tail.ts'

/** They are not of one size: room for one has to do for the next, too. */
const roomShare = 9 / 8

export interface JournalVisitor {
  /** Forget everything: reading starts again. */
  reset(): void
  /** The records that follow are of this segment, written in `term`. */
  segment(number: number, term: number): void
  /**
   * A record of the journal's user. `meta` and `body` are views that must be copied to be kept; `body` is there only
   * when the segment itself was read.
   */
  record(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void
  /**
   * The same for many records in a row, without their bodies; the run may be kept until the next `segment`. False: the type
   * is not known here, `record` gets them.
   */
  run?(type: number, run: SummaryRun): boolean
}

export interface Damage extends DamagedRange {
  readonly file: string
}

export interface RecoveredSegments {
  /** All segments that count, ascending, with the tail closed. */
  readonly segments: readonly Predecessor[]
  /** Files in the directory that do not count. */
  readonly leftOver: readonly number[]
  /** Of all segment files, whether they count or not. */
  readonly largestNumber: number
  readonly damage: readonly Damage[]
  /** Bytes cut from the tail. */
  readonly cutBytes: number
}

export interface JournalReaderOptions {
  readonly disk: Disk
  /** The journal's directory, which holds the directories of the terms. */
  readonly directory: string
  readonly logger: Logger
  readonly visitor: JournalVisitor
  /** What `follow` reads is this member's copy, and nobody else's: it adds the summaries, so that the next start need not read everything. */
  readonly followsOwnCopy?: boolean | undefined
}

interface Progress {
  readonly number: number
  readonly salt: number
  /** Of what was visited; undefined when nobody wants it. */
  readonly summary: SummaryBuilder | undefined
  /** Everything in front of it was visited. */
  position: number
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  #progress: Progress | undefined
  readonly #removed = new Set<number>()
  #unreadBytes: number | undefined
  #damage: Damage[] = []

  constructor(options: JournalReaderOptions) {
    this.#options = options
  }

  /** Of what `follow` found at its last look, what it has not read yet; undefined before the first. */
  get unreadBytes(): number | undefined {
    return this.#unreadBytes
  }

  /**
   * Reads what was added since the last call. Finding the journal in motion is normal: the next call goes on or starts
   * again.
   */
  async follow(): Promise<void> {
    const { disk, directory, logger } = this.#options
    try {
      const term = await newestTerm(disk, directory)
      if (term > 0) await this.#followTerm(`${directory}/${termDirectoryName(term)}`)
      else this.#unreadBytes = 0
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      logger.debug('Journal changed while it was followed')
    }
  }

  /** Reads the rest as the only writer: cuts the tail, reports damage. `termDirectory` is already that of the new term. */
  async recover(termDirectory: string): Promise<RecoveredSegments> {
    const { disk, logger } = this.#options
    const table = await loadSegmentTable(disk, termDirectory)
    const tail = table.tail && (await findTail(disk, termDirectory, table.tail))
    if (tail && tail.cutBytes > 0)
      logger.warn('Cut the torn tail of the journal', { file: tail.file, offset: tail.length, bytes: tail.cutBytes })
    const segments = tail && table.tail ? [...table.closed, { ...table.tail, length: tail.length }] : table.closed
    if (!this.#continues(segments)) this.#reset()
    const bodiesFrom = await this.#findBodiesFrom(termDirectory, table, tail?.hasPreamble ?? false)
    const counted: Predecessor[] = []
    const present = new Set(table.present)
    const from = this.#progress?.number ?? -1
    const unread = segments.map(({ number }) => number).filter((number) => number > from && number < bodiesFrom)
    const summaries = new SummaryFiles(disk, termDirectory, unread)
    for (const { number, term, salt, length } of segments) {
      const segment = { number, term, salt, length }
      if (!present.has(number)) continue
      if (this.#progress && number < this.#progress.number) counted.push(segment)
      else counted.push(await this.#readClosed(termDirectory, segment, number < bodiesFrom, true, summaries))
    }
    const valid = counted.filter(({ number }) => !this.#removed.has(number))
    this.#reportMissing(segments, table)
    const counts = new Set([...valid.map(({ number }) => number), ...table.unreadable])
    return {
      segments: valid,
      leftOver: table.present.filter((number) => !counts.has(number)),
      largestNumber: Math.max(0, table.present.at(-1) ?? 0, ...segments.slice(-1).map(({ number }) => number)),
      damage: this.#damage,
      cutBytes: tail?.cutBytes ?? 0,
    }
  }

  #reset(): void {
    this.#progress = undefined
    this.#removed.clear()
    this.#damage = []
    this.#options.visitor.reset()
  }

  /** Whether what was visited so far is the beginning of these segments. */
  #continues(segments: readonly Predecessor[]): boolean {
    const progress = this.#progress
    const current = segments.find(({ number }) => number === progress?.number)
    if (!progress || !current || segments.some(({ length }) => length === lengthUnknown)) return false
    return current.salt === progress.salt && current.length >= progress.position
  }

  async #followTerm(termDirectory: string): Promise<void> {
    const { disk } = this.#options
    const numbers = await loadSegmentNumbers(disk, termDirectory)
    const from = this.#progress?.number
    if (from === undefined || !numbers.includes(from)) return this.#startFollowing(termDirectory)
    const newer = numbers.filter((number) => number > from)
    if (newer.length > 0) this.#unreadBytes = (await sizeOf(disk, termDirectory, [from, ...newer])) - this.#position
    for (const number of newer) {
      const header = await loadSegmentHeader(disk, termDirectory, number)
      // Being made at this moment, or left over by a crash.
      if (!header?.predecessors) continue
      const last = header.predecessors.at(-1)
      if (!last || last.number !== this.#progress?.number || !this.#continues([last]))
        return this.#startFollowing(termDirectory)
      await this.#readClosed(termDirectory, last, false, false)
      this.#enter(header, header.length)
      this.#hasRead(header.length)
    }
    await this.#readTail(termDirectory)
  }

  async #startFollowing(termDirectory: string): Promise<void> {
    this.#reset()
    const { disk } = this.#options
    const table = await loadSegmentTable(disk, termDirectory)
    const { tail } = table
    if (!tail) return
    // The list of the newest segment may name others that were removed since it was begun.
    const present = new Set(table.present)
    const closed = table.closed.filter(({ number }) => present.has(number))
    const bodiesFrom = await this.#findBodiesFrom(termDirectory, table, await hasPreamble(disk, termDirectory, tail))
    const unread = closed.map(({ number }) => number).filter((number) => number < bodiesFrom)
    const summaries = new SummaryFiles(disk, termDirectory, unread)
    this.#unreadBytes = await sizeOf(disk, termDirectory, [tail.number])
    for (const { length } of closed) this.#unreadBytes += length === lengthUnknown ? 0 : length
    try {
      for (const segment of closed)
        await this.#readClosed(termDirectory, segment, segment.number < bodiesFrom, false, summaries)
      this.#enter(tail, tail.length)
      this.#hasRead(tail.length)
      await this.#readTail(termDirectory)
    } catch (error) {
      this.#reset()
      throw error
    }
  }

  get #position(): number {
    return this.#progress?.position ?? 0
  }

  #hasRead(bytes: number): void {
    this.#unreadBytes = Math.max(0, (this.#unreadBytes ?? 0) - bytes)
  }

  #enter(
    { number, salt, term }: Pick<SegmentHeader, 'number' | 'salt' | 'term'>,
    position: number,
    wantsSummary = this.#options.followsOwnCopy,
  ): Progress {
    this.#progress = { number, salt, summary: wantsSummary ? new SummaryBuilder() : undefined, position }
    this.#options.visitor.segment(number, term)
    return this.#progress
  }

  /** What is not readable yet may be on its way. */
  async #readTail(termDirectory: string): Promise<void> {
    const progress = this.#progress
    if (!progress) return
    await withFile(this.#options.disk, `${termDirectory}/${segmentFileName(progress.number)}`, async (file) => {
      const to = await file.size()
      this.#unreadBytes = Math.max(0, to - progress.position)
      if (to <= progress.position) return
      const { salt, position } = progress
      const options = { file, salt, from: position, to, stopAtDamage: true, toEndOfFile: true }
      const { end, usedTo } = await scanSegment(options, this.#visitScanned)
      progress.position = end
      this.#unreadBytes = usedTo - end
    })
  }

  /** The newest segment with a complete preamble (format.ts, rule 4). */
  async #findBodiesFrom(
    termDirectory: string,
    { closed, tail, present }: SegmentTable,
    inTail: boolean,
  ): Promise<number> {
    if (tail && inTail) return tail.number
    const { disk } = this.#options
    for (const { number } of closed.toReversed()) {
      const header = present.includes(number) ? await loadSegmentHeader(disk, termDirectory, number) : undefined
      if (header && (await hasPreamble(disk, termDirectory, header))) return number
    }
    return 0
  }

  /** Visits the rest of a segment that is no longer written to. */
  async #readClosed(
    termDirectory: string,
    segment: Predecessor,
    summaryIsEnough: boolean,
    asWriter: boolean,
    summaries = new SummaryFiles(this.#options.disk, termDirectory, []),
  ): Promise<Predecessor> {
    const begun = this.#progress?.number === segment.number
    if (!begun && summaryIsEnough && this.#visitSummary(await summaries.load(segment.number), segment)) return segment
    const { disk, followsOwnCopy } = this.#options
    const name = segmentFileName(segment.number)
    return withFile(disk, `${termDirectory}/${name}`, async (file) => {
      const progress =
        begun && this.#progress
          ? this.#progress
          : this.#enter(segment, await recordsStart(disk, termDirectory, segment), asWriter || followsOwnCopy)
      const toEndOfFile = segment.length === lengthUnknown
      const to = toEndOfFile ? await file.size() : segment.length
      const from = progress.position
      const options = { file, salt: segment.salt, from, to, stopAtDamage: false, toEndOfFile }
      const result = await scanSegment(options, this.#visitScanned)
      for (const range of result.damage) this.#report(name, range)
      const counted = { ...segment, length: toEndOfFile ? result.end : segment.length }
      progress.position = counted.length
      this.#hasRead(counted.length - (begun ? from : 0))
      if (progress.summary && result.damage.length === 0) await this.#shorten(termDirectory, counted, progress.summary)
      return counted
    })
  }

  /** For the next recovery; this one does without if there is no room for it. */
  async #shorten(termDirectory: string, segment: Predecessor, summary: SummaryBuilder): Promise<void> {
    const { disk, logger } = this.#options
    const file = summaryFileName(segment.number)
    try {
      await writeSummary(disk, termDirectory, segment, summary)
      // Whoever removes a segment removes its summary after it, which may have been before this one was there.
      if (!(await disk.exists(`${termDirectory}/${segmentFileName(segment.number)}`)))
        await disk.remove(`${termDirectory}/${file}`)
    } catch (error) {
      // A member that promises a newer term gives the directory its name meanwhile.
      if (errorCode(error) === 'ENOENT') logger.debug('The journal changed while a summary was written', { file })
      else logger.warn('Cannot write a summary of the journal', { file, error: errorMessage(error) })
    }
  }

  #visitSummary(bytes: Buffer | undefined, segment: Predecessor): boolean {
    if (!bytes || !isSummaryOf(bytes, segment)) return false
    this.#enter(segment, segment.length, false)
    this.#hasRead(segment.length)
    const { visitor } = this.#options
    visitSummary(
      bytes,
      (type, position, meta, length) => this.#visit(type, position, meta, length, undefined),
      (type, run) => type >= firstUserType && (visitor.run?.(type, run) ?? false),
    )
    return true
  }

  readonly #visitScanned = (
    { type, position }: { type: number; position: number },
    meta: Buffer,
    body: Buffer,
  ): void => {
    this.#visit(type, position, meta, body.length, body)
    this.#progress?.summary?.add(type, position, body.length, meta, meta.length)
  }

  #visit(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    if (type === segmentRemovedType) this.#removed.add(meta.readUInt32BE(0))
    else if (type >= firstUserType) this.#options.visitor.record(type, position, meta, bodyLength, body)
  }

  #report(file: string, { from, to }: DamagedRange): void {
    this.#damage.push({ file, from, to })
    this.#options.logger.error('Skipped damaged bytes of the journal', { file, from, to })
  }

  #reportMissing(segments: readonly Predecessor[], table: SegmentTable): void {
    for (const { number, length } of segments) {
      if (table.present.includes(number) || this.#removed.has(number)) continue
      this.#damage.push({ file: segmentFileName(number), from: 0, to: length })
      this.#options.logger.error('A segment of the journal is missing', { file: segmentFileName(number) })
    }
  }
}

/**
 * Loads summaries, some of them before they are asked for: the disk works while the processor does. Each is there until the
 * next but one is asked for; then its memory is used again, because getting new memory for all costs as much as reading them.
 */
class SummaryFiles {
  readonly #disk: Disk
  readonly #directory: string
  /** In the order in which they will be asked for. */
  readonly #expected: readonly number[]
  #started = 0
  readonly #loading = new Map<number, Promise<Buffer | undefined>>()
  readonly #rooms = new Map<number, Buffer>()
  readonly #spareRooms: Buffer[] = []
  #handedOut: readonly number[] = []

  constructor(disk: Disk, directory: string, expected: readonly number[]) {
    this.#disk = disk
    this.#directory = directory
    this.#expected = expected
  }

  load(number: number): Promise<Buffer | undefined> {
    this.#handOut(number)
    this.#loadAhead(this.#expected.indexOf(number) + journalLimits.summariesAhead)
    const loading = this.#loading.get(number)
    this.#loading.delete(number)
    return loading ?? this.#load(number)
  }

  #loadAhead(end: number): void {
    for (const number of this.#expected.slice(this.#started, end)) {
      const loading = this.#load(number)
      this.#loading.set(number, loading)
      // Whoever asks for it is told; nobody may.
      loading.catch(() => {})
    }
    this.#started = Math.max(this.#started, end)
  }

  #handOut(number: number): void {
    const [last, ...older] = this.#handedOut
    for (const old of older) {
      const room = this.#rooms.get(old)
      if (room) this.#spareRooms.push(room)
      this.#rooms.delete(old)
    }
    this.#handedOut = last === undefined ? [number] : [number, last]
  }

  #load(number: number): Promise<Buffer | undefined> {
    const path = `${this.#directory}/${summaryFileName(number)}`
    return loadFile(this.#disk, path, (size) => {
      const spare = this.#spareRooms.pop()
      const room = spare && spare.length >= size ? spare : Buffer.allocUnsafeSlow(Math.ceil(size * roomShare))
      this.#rooms.set(number, room)
      return room
    })
  }
}

/** Bytes of these segments together. */
async function sizeOf(disk: Disk, termDirectory: string, numbers: readonly number[]): Promise<number> {
  let bytes = 0
  for (const number of numbers)
    bytes += await withFile(disk, `${termDirectory}/${segmentFileName(number)}`, (file) => file.size())
  return bytes
}

/** Behind the header; a damaged header is skipped like any damage. */
async function recordsStart(disk: Disk, termDirectory: string, { number, salt }: Predecessor): Promise<number> {
  const header = await loadSegmentHeader(disk, termDirectory, number)
  return header?.salt === salt ? header.length : segmentHeaderBytes(0)
}

/** Not synced: a torn summary is recognized and the segment read instead. */
export async function writeSummary(
  disk: Disk,
  termDirectory: string,
  segment: Predecessor,
  summary: SummaryBuilder,
): Promise<void> {
  const path = `${termDirectory}/${summaryFileName(segment.number)}`
  if (await disk.exists(path)) await disk.remove(path)
  const file = await disk.open(path, 'create')
  try {
    await file.write([summary.build(segment)], 0)
  } finally {
    await file.close()
  }
}

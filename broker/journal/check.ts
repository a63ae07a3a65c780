// Looks a journal over without changing anything: for people and tools, not for recovery. The journal may be in use; then
// its newest records may look torn, and what is removed meanwhile is looked for again.
//
// Every byte that matters is read, also those that recovery has no need of: second copies of headers, old tables of
// contents, summaries.
import { errorCode } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import {
  decodePrefixCopies,
  prefixBytes,
  prefixesBytes,
  segmentFileName,
  segmentHeaderBytes,
  segmentRemovedType,
  summaryFileName,
  termDirectoryName,
  type Predecessor,
  type RecordHeader,
  type SegmentHeader,
} from './format.ts'
import type { Damage } from './journal-reader.ts'
import { journalLimits } from './limits.ts'
import { scanSegment, type RecordVisitor } from './segment-scan.ts'
import {
  lengthUnknown,
  loadFile,
  loadSegmentHeader,
  loadSegmentNumbers,
  loadSegmentTable,
  newestTerm,
  withFile,
} from './segment-table.ts'
import { isSummaryOf } from './summary.ts'
import { tailLength } from './tail.ts'

export interface CheckedSegment {
  readonly file: string
  readonly number: number
  readonly term: number
  readonly salt: number
  /** Bytes that count, and bytes of the file. */
  readonly length: number
  readonly fileBytes: number
  readonly records: number
  readonly isTail: boolean
}

export interface CheckedDamage extends Damage {
  readonly what: 'records' | 'header' | 'copy of the header' | 'table of contents' | 'missing file'
}

export interface JournalCheck {
  /** 0: there is no journal. */
  readonly term: number
  readonly termDirectory: string
  readonly segments: readonly CheckedSegment[]
  readonly damage: readonly CheckedDamage[]
  /** Bytes written at the end of the tail that do not count; they were never acknowledged. */
  readonly tornBytes: number
  /** Bytes behind all that is written in the tail: set aside for the next records. */
  readonly unusedBytes: number
  /** Files that do not count: removed, or cut off while they were made. */
  readonly leftOver: readonly string[]
  /** Summaries that are torn or damaged: the segments themselves are read instead. */
  readonly unusableSummaries: readonly string[]
}

/** Records that count, in order. `meta` and `body` are views that must be copied to be kept. */
export interface CheckVisitor {
  /** Forget everything: the journal has changed, reading starts again. */
  reset(): void
  segment(number: number, term: number): void
  record(header: RecordHeader, meta: Buffer, body: Buffer): void
}

/** Rejects with JournalError when nothing can be read, and with the disk's error when there is no such directory. */
export async function checkJournal(disk: Disk, directory: string, visitor: CheckVisitor): Promise<JournalCheck> {
  for (let attempt = 1; ; attempt++) {
    visitor.reset()
    try {
      const check = await checkOnce(disk, directory, visitor)
      if (attempt === journalLimits.checkAttempts || !(await hasMovedOn(disk, directory, check))) return check
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || attempt === journalLimits.checkAttempts) throw error
    }
  }
}

async function checkOnce(disk: Disk, directory: string, visitor: CheckVisitor): Promise<JournalCheck> {
  const term = await newestTerm(disk, directory)
  const termDirectory = `${directory}/${termDirectoryName(term)}`
  const nothing = { segments: [], damage: [], tornBytes: 0, unusedBytes: 0, leftOver: [], unusableSummaries: [] }
  const empty = { term, termDirectory, ...nothing }
  if (term === 0) return empty
  const { closed, tail, present, unreadable } = await loadSegmentTable(disk, termDirectory)
  const listed: Predecessor[] = [...closed]
  if (tail) listed.push({ ...tail, length: lengthUnknown })
  const checker = new Checker(disk, termDirectory, visitor)
  for (const segment of listed)
    if (present.includes(segment.number)) await checker.check(segment, segment.number === tail?.number)
  for (const number of unreadable) await checker.reportUnreadable(number)
  const { segments, removed } = checker
  for (const { number, length } of listed)
    if (!present.includes(number) && !removed.has(number))
      checker.damage.push({ file: segmentFileName(number), what: 'missing file', from: 0, to: Math.max(0, length) })
  const counted = segments.filter(({ number }) => !removed.has(number))
  const known = new Set([...counted.map(({ number }) => number), ...unreadable])
  return {
    ...empty,
    segments: counted,
    damage: checker.damage,
    tornBytes: checker.tornBytes,
    unusedBytes: checker.unusedBytes,
    leftOver: present.filter((number) => !known.has(number)).map(segmentFileName),
    unusableSummaries: await findUnusableSummaries(disk, termDirectory, counted),
  }
}

/** Whether what looks missing may have been removed by a record that was written since. */
async function hasMovedOn(disk: Disk, directory: string, { term, damage, segments }: JournalCheck): Promise<boolean> {
  if (!damage.some(({ what }) => what === 'missing file')) return false
  if ((await newestTerm(disk, directory)) !== term) return true
  const numbers = await loadSegmentNumbers(disk, `${directory}/${termDirectoryName(term)}`)
  return (numbers.at(-1) ?? 0) > (segments.at(-1)?.number ?? 0)
}

class Checker {
  readonly segments: CheckedSegment[] = []
  readonly damage: CheckedDamage[] = []
  /** Removed by a record, whether their files are gone or not. */
  readonly removed = new Set<number>()
  tornBytes = 0
  unusedBytes = 0
  readonly #disk: Disk
  readonly #directory: string
  readonly #visitor: CheckVisitor

  constructor(disk: Disk, directory: string, visitor: CheckVisitor) {
    this.#disk = disk
    this.#directory = directory
    this.#visitor = visitor
  }

  async check(segment: Predecessor, isTail: boolean): Promise<void> {
    const file = segmentFileName(segment.number)
    const header = await loadSegmentHeader(this.#disk, this.#directory, segment.number)
    await withFile(this.#disk, `${this.#directory}/${file}`, async (open) => {
      const fileBytes = await open.size()
      const from = await this.#checkHeader(open, file, segment, header)
      const { length, records, usedTo } = await this.#checkRecords(open, file, segment, isTail, from, fileBytes)
      const { number, term, salt } = segment
      this.segments.push({ file, number, term, salt, length, fileBytes, records, isTail })
      if (!isTail) return
      this.tornBytes = Math.max(0, usedTo - length)
      this.unusedBytes = fileBytes - Math.max(usedTo, length)
    })
  }

  async reportUnreadable(number: number): Promise<void> {
    const file = segmentFileName(number)
    const to = await withFile(this.#disk, `${this.#directory}/${file}`, (open) => open.size())
    this.damage.push({ file, what: 'header', from: 0, to })
  }

  /** Where records begin. */
  async #checkHeader(
    open: DiskFile,
    file: string,
    segment: Predecessor,
    header: SegmentHeader | undefined,
  ): Promise<number> {
    if (header?.salt !== segment.salt) {
      this.damage.push({ file, what: 'header', from: 0, to: prefixesBytes })
      return segmentHeaderBytes(0)
    }
    for (const [copy, prefix] of decodePrefixCopies(await open.read(0, prefixesBytes), file).entries())
      if (!prefix)
        this.damage.push({ file, what: 'copy of the header', from: copy * prefixBytes, to: (copy + 1) * prefixBytes })
    if (!header.predecessors)
      this.damage.push({ file, what: 'table of contents', from: prefixesBytes, to: header.length })
    return header.length
  }

  async #checkRecords(
    open: DiskFile,
    file: string,
    { number, term, salt, length }: Predecessor,
    isTail: boolean,
    from: number,
    fileBytes: number,
  ): Promise<{ length: number; records: number; usedTo: number }> {
    const scan = (to: number, toEndOfFile: boolean, visit: RecordVisitor) =>
      scanSegment({ file: open, salt, from, to, stopAtDamage: false, toEndOfFile }, visit)
    let records = 0
    this.#visitor.segment(number, term)
    const visit: RecordVisitor = (header, meta, body) => {
      records++
      if (header.type === segmentRemovedType) this.removed.add(meta.readUInt32BE(0))
      this.#visitor.record(header, meta, body)
    }
    // How much of the tail counts is known only when all of it was read.
    const tail = isTail ? await scan(fileBytes, true, () => {}) : undefined
    const toEndOfFile = !tail && length === lengthUnknown
    const to = tail ? tailLength(tail) : toEndOfFile ? fileBytes : length
    const { end, damage } = await scan(to, toEndOfFile, visit)
    const counted = toEndOfFile ? end : to
    for (const range of damage) if (range.from < counted) this.damage.push({ file, what: 'records', ...range })
    return { length: counted, records, usedTo: tail?.usedTo ?? counted }
  }
}

async function findUnusableSummaries(
  disk: Disk,
  termDirectory: string,
  segments: readonly CheckedSegment[],
): Promise<string[]> {
  const unusable: string[] = []
  const names = new Set(await disk.list(termDirectory))
  for (const segment of segments) {
    const name = summaryFileName(segment.number)
    if (!names.has(name)) continue
    const bytes = await loadFile(disk, `${termDirectory}/${name}`)
    if (bytes && !isSummaryOf(bytes, segment)) unusable.push(name)
  }
  return unusable
}

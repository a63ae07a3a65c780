// Looks a journal over without changing anything: for people, not for recovery. The journal may be in use; then the newest
// records may look torn.
import type { Disk } from '../disk/disk.ts'
import { segmentFileName, termDirectoryName, type Predecessor, type RecordHeader } from './format.ts'
import type { Damage } from './journal-reader.ts'
import { scanSegment } from './segment-scan.ts'
import { lengthUnknown, loadSegmentHeader, loadSegmentTable, newestTerm, withFile } from './segment-table.ts'
import { tailLength } from './tail.ts'

export interface CheckedSegment {
  readonly file: string
  readonly number: number
  readonly term: number
  /** Bytes that count, and bytes of the file. */
  readonly length: number
  readonly fileBytes: number
  readonly records: number
  readonly isTail: boolean
}

export interface JournalCheck {
  /** 0: there is no journal. */
  readonly term: number
  readonly segments: readonly CheckedSegment[]
  readonly damage: readonly Damage[]
  /** Bytes at the end of the tail that do not count; they were never acknowledged. */
  readonly tornBytes: number
  /** Files that do not count, and files that should be there. */
  readonly leftOver: readonly string[]
  readonly missing: readonly string[]
}

/** `meta` and `body` are views that must be copied to be kept. */
export type DumpVisitor = (file: string, header: RecordHeader, meta: Buffer, body: Buffer) => void

/** Reads every byte that counts; `dump` gets every readable record. Rejects with JournalError when nothing can be read. */
export async function checkJournal(disk: Disk, directory: string, dump: DumpVisitor = () => {}): Promise<JournalCheck> {
  const term = await newestTerm(disk, directory)
  const damage: Damage[] = []
  const segments: CheckedSegment[] = []
  if (term === 0) return { term, segments, damage, tornBytes: 0, leftOver: [], missing: [] }
  const termDirectory = `${directory}/${termDirectoryName(term)}`
  const { closed, tail, present } = await loadSegmentTable(disk, termDirectory)
  const listed: Predecessor[] = [...closed]
  if (tail) listed.push({ ...tail, length: lengthUnknown })
  let tornBytes = 0
  for (const segment of listed) {
    if (!present.includes(segment.number)) continue
    const isTail = segment.number === tail?.number
    const checked = await checkSegment(disk, termDirectory, segment, isTail, dump)
    damage.push(...checked.damage)
    segments.push(checked.segment)
    if (isTail) tornBytes = checked.segment.fileBytes - checked.segment.length
  }
  const numbers = new Set(listed.map(({ number }) => number))
  return {
    term,
    segments,
    damage,
    tornBytes,
    leftOver: present.filter((number) => !numbers.has(number)).map(segmentFileName),
    missing: [...numbers].filter((number) => !present.includes(number)).map(segmentFileName),
  }
}

async function checkSegment(
  disk: Disk,
  termDirectory: string,
  { number, term, salt, length }: Predecessor,
  isTail: boolean,
  dump: DumpVisitor,
): Promise<{ segment: CheckedSegment; damage: Damage[] }> {
  const file = segmentFileName(number)
  const header = await loadSegmentHeader(disk, termDirectory, number)
  return withFile(disk, `${termDirectory}/${file}`, async (open) => {
    const fileBytes = await open.size()
    const from = header?.salt === salt ? header.length : 0
    const options = { file: open, salt, from, to: length === lengthUnknown ? fileBytes : length, stopAtDamage: false }
    let records = 0
    const result = await scanSegment(options, (record, meta, body) => {
      records++
      dump(file, record, meta, body)
    })
    const counted = isTail ? tailLength(result) : length === lengthUnknown ? result.end : length
    const damage = result.damage.filter(({ from }) => from < counted).map((range) => ({ file, ...range }))
    return { segment: { file, number, term, length: counted, fileBytes, records, isTail }, damage }
  })
}

// Which segments count, and how far: read from the headers of the newest ones (format.ts, rules 1 and 3).
import { errorCode } from '../base/errors.ts'
import type { Disk, DiskFile } from '../disk/disk.ts'
import {
  decodeSegmentHeader,
  decodeSegmentPrefix,
  parseSegmentFileName,
  parseTermDirectoryName,
  prefixesBytes,
  segmentFileName,
  segmentHeaderBytes,
  type Predecessor,
  type SegmentHeader,
} from './format.ts'
import { JournalError } from './journal-error.ts'
import { scanSegment } from './segment-scan.ts'

export interface SegmentTable {
  /** Closed segments, ascending. */
  readonly closed: readonly Predecessor[]
  /** The newest segment: how far it counts is found by reading it. undefined: the journal is empty. */
  readonly tail: SegmentHeader | undefined
  /** All segment files in the directory, ascending, whether they count or not. */
  readonly present: readonly number[]
  /** Segments whose headers are damaged. Those whose making was cut off by a crash are not among them. */
  readonly unreadable: readonly number[]
}

/** The newest term that has a directory in `directory`; 0 when there is none. Older directories do not count. */
export async function newestTerm(disk: Disk, directory: string): Promise<number> {
  let newest = 0
  if (!(await disk.exists(directory))) return newest
  for (const name of await disk.list(directory)) newest = Math.max(newest, parseTermDirectoryName(name) ?? 0)
  return newest
}

export async function loadSegmentNumbers(disk: Disk, termDirectory: string): Promise<number[]> {
  const numbers: number[] = []
  for (const name of await disk.list(termDirectory)) {
    const number = parseSegmentFileName(name)
    if (number !== undefined) numbers.push(number)
  }
  return numbers.sort((a, b) => a - b)
}

/**
 * Where no table of contents can be read, all that is readable counts. Throws JournalError when there are segments but not
 * one of them can be read.
 */
export async function loadSegmentTable(disk: Disk, termDirectory: string): Promise<SegmentTable> {
  const present = await loadSegmentNumbers(disk, termDirectory)
  const unreadable: number[] = []
  /** Newest first: segments whose list of predecessors is damaged but which were in use. */
  const withoutList: SegmentHeader[] = []
  for (const number of present.toReversed()) {
    const header = await loadSegmentHeader(disk, termDirectory, number)
    if (header?.predecessors) return { ...chain(header, header.predecessors, withoutList), present, unreadable }
    if (header && (await hasRecords(disk, termDirectory, header))) withoutList.push(header)
    else if (!(await isCutOff(disk, termDirectory, number, present.length))) unreadable.push(number)
  }
  const oldest = withoutList.pop()
  if (oldest) return { ...chain(oldest, [], withoutList), present, unreadable }
  if (unreadable.length > 0) throw unreadableJournal(termDirectory, present)
  return { closed: [], tail: undefined, present, unreadable }
}

/** undefined: neither prefix is readable. `predecessors` undefined: the list is damaged. */
export async function loadSegmentHeader(
  disk: Disk,
  termDirectory: string,
  number: number,
): Promise<SegmentHeader | undefined> {
  const name = segmentFileName(number)
  return withFile(disk, `${termDirectory}/${name}`, async (file) => {
    const prefix = decodeSegmentPrefix(await file.read(0, prefixesBytes), name)
    if (prefix?.number !== number) return undefined
    return decodeSegmentHeader(await file.read(0, segmentHeaderBytes(prefix.predecessorCount)), prefix)
  })
}

export async function withFile<T>(disk: Disk, path: string, use: (file: DiskFile) => Promise<T>): Promise<T> {
  const file = await disk.open(path, 'read')
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** The whole content of a file, or undefined when there is none. `roomFor` may say where it is put. */
export async function loadFile(
  disk: Disk,
  path: string,
  roomFor?: (size: number) => Buffer,
): Promise<Buffer | undefined> {
  try {
    return await withFile(disk, path, async (file) => {
      const size = await file.size()
      return file.read(0, size, roomFor?.(size))
    })
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Segments without a list follow the one that has it; each but the last was closed by its successor. */
function chain(
  listed: SegmentHeader,
  predecessors: readonly Predecessor[],
  withoutList: readonly SegmentHeader[],
): Pick<SegmentTable, 'closed' | 'tail'> {
  const closed = [...predecessors]
  let tail = listed
  for (const next of withoutList.toReversed()) {
    closed.push({ number: tail.number, term: tail.term, salt: tail.salt, length: lengthUnknown })
    tail = next
  }
  return { closed: closed.sort((a, b) => a.number - b.number), tail }
}

/** Length of a closed segment whose successor's list is damaged: all that is readable counts. */
export const lengthUnknown = -1

/** A record proves that the header in front of it was synced. */
async function hasRecords(
  disk: Disk,
  termDirectory: string,
  { number, salt, length }: SegmentHeader,
): Promise<boolean> {
  return withFile(disk, `${termDirectory}/${segmentFileName(number)}`, async (file) => {
    const options = { file, salt, from: length, to: await file.size(), stopAtDamage: false, toEndOfFile: true }
    const { end } = await scanSegment(options, () => {})
    return end > length
  })
}

/** Headers are synced before records are written, so a file that is no longer than a header never had any. */
async function isCutOff(disk: Disk, termDirectory: string, number: number, predecessors: number): Promise<boolean> {
  return withFile(
    disk,
    `${termDirectory}/${segmentFileName(number)}`,
    async (file) => (await file.size()) <= segmentHeaderBytes(predecessors),
  )
}

const unreadableJournal = (directory: string, present: readonly number[]): JournalError =>
  new JournalError(
    'JOURNAL_CORRUPT',
    `Cannot open journal ${directory}: none of its ${present.length} segments has a readable header`,
    { fields: { directory, segments: present.length } },
  )

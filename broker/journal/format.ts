// The journal on disk. This comment is its specification.
//
//   <journal>/term-0000000004/            exactly one directory counts: the one with the largest term
//     0000000007.segment                  append-only records; numbers grow and are never used twice
//     0000000007.summary                  optional: the metas of a closed segment (summary.ts)
//
// All integers are unsigned and big-endian. `padding` is zeros up to the next multiple of 8 of the file.
//
//   segment := prefix prefix predecessors padding record* unused
//   prefix  := magic:8 "FLOTJRNL"  version:4 = 1  number:4  term:4  salt:4  predecessorCount:4  createdMs:8  zeros:24  crc:4
//              (64 bytes; written twice, because without its salt a segment cannot be read)
//   predecessors := { number:4  term:4  salt:4  length/8:4 }*predecessorCount  crc:4
//   unused  := zeros: space that is set aside before it is written to (segment-space.ts); given back when the segment is closed
//   record  := payloadLength:4  type:1  zero:1  metaLength:2  position/8:4  batch/8:4  crc:4  payload padding
//   payload := meta body                  meta stands in summaries too; the body is read only for its own sake
//
// position  Where the record starts in its file. Together with the salt it makes sure that bytes which only look like a
//           record (in a body, left over, copied) are none: crc covers the record from payloadLength to batch and the
//           payload, seeded with the salt, which is random and known to nobody outside.
// batch     Where the write began that this record was part of. The next write begins only after the sync of the one
//           before, so a valid record proves that everything in front of its batch was synced. A record of type 3 is
//           written for that proof alone, when the journal is closed.
// predecessors  All older segments that count, and how far: the newest segment is the table of contents. Headers are synced
//           before the first record is written. What an older segment holds beyond its length was never acknowledged.
//
// Rules
//   1. Torn tail: in the newest segment, everything from the first unreadable place on that lies behind the last batch
//      proven to be synced is cut. Unreadable places in front of it, and in older segments, are damage: reported with file
//      and offset and skipped; what follows stays readable. Zeros behind the last byte that is none are unused, neither torn
//      nor damaged.
//   2. Fencing: a new writer renames the directory to its own term before it reads. From then on no older writer can make,
//      open or remove a segment; what it appends to the file that it still has open lies behind the length that
//      the new writer notes down in the predecessors of its first segment.
//   3. Removing: a record of type 1 names the removed segment and is durable before its file goes.
//      Segments that are neither in the predecessors of the newest nor the newest itself do not count.
//   4. Each segment starts with a preamble: what its user knows without reading older bodies. A record of type 2 ends it.
//      Summaries are good enough for the segments in front of the newest complete preamble; from there on bodies are read.
//   5. A new writer always begins a new segment; nothing but unused space is ever written to.
import { crc32 } from '../base/crc32.ts'
import { JournalError } from './journal-error.ts'
import { journalLimits } from './limits.ts'

const formatVersion = 1
export const recordHeaderBytes = 20
const magic = Buffer.from('FLOTJRNL')
/** One of the two copies at the start of a segment. */
export const prefixBytes = 64
export const predecessorBytes = 16
/** Bytes of a record that the checksum covers besides the payload. */
export const checkedHeaderBytes = 16

/** Types below 16 are the journal's own; the others are its user's. */
export const segmentRemovedType = 1
export const preambleEndType = 2
export const closedType = 3
export const firstUserType = 16

export interface Predecessor {
  readonly number: number
  readonly term: number
  readonly salt: number
  /** How many bytes of it count. */
  readonly length: number
}

export interface SegmentPrefix {
  readonly number: number
  readonly term: number
  readonly salt: number
  readonly createdMs: number
  readonly predecessorCount: number
}

export interface SegmentHeader extends SegmentPrefix {
  /** undefined: damaged. */
  readonly predecessors: readonly Predecessor[] | undefined
  /** Where records begin. */
  readonly length: number
}

export interface RecordHeader {
  readonly payloadLength: number
  readonly type: number
  readonly metaLength: number
  readonly position: number
  readonly batch: number
  readonly crc: number
}

const padded = (length: number): number => (length + 7) & ~7
export const recordBytes = (payloadLength: number): number => padded(recordHeaderBytes + payloadLength)
/** A record that names a removed segment. */
export const segmentRemovedBytes = recordBytes(4)

const tenDigits = (number: number): string => String(number).padStart(10, '0')
export const termDirectoryName = (term: number): string => `term-${tenDigits(term)}`
export const segmentFileName = (number: number): string => `${tenDigits(number)}.segment`
export const summaryFileName = (number: number): string => `${tenDigits(number)}.summary`

const parseNumber = (name: string, pattern: RegExp): number | undefined => {
  const digits = pattern.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
export const parseTermDirectoryName = (name: string): number | undefined => parseNumber(name, /^term-(\d{10})$/)
export const parseSegmentFileName = (name: string): number | undefined => parseNumber(name, /^(\d{10})\.segment$/)

export const segmentHeaderBytes = (predecessorCount: number): number =>
  padded(2 * prefixBytes + predecessorCount * predecessorBytes + 4)

export function encodeSegmentHeader(
  prefix: Omit<SegmentPrefix, 'predecessorCount'>,
  predecessors: readonly Predecessor[],
): Buffer {
  const buffer = Buffer.alloc(segmentHeaderBytes(predecessors.length))
  magic.copy(buffer)
  buffer.writeUInt32BE(formatVersion, 8)
  buffer.writeUInt32BE(prefix.number, 12)
  buffer.writeUInt32BE(prefix.term, 16)
  buffer.writeUInt32BE(prefix.salt, 20)
  buffer.writeUInt32BE(predecessors.length, 24)
  buffer.writeDoubleBE(prefix.createdMs, 28)
  buffer.writeUInt32BE(crc32(buffer.subarray(0, prefixBytes - 4)), prefixBytes - 4)
  buffer.copy(buffer, prefixBytes, 0, prefixBytes)
  let at = 2 * prefixBytes
  for (const { number, term, salt, length } of predecessors) {
    buffer.writeUInt32BE(number, at)
    buffer.writeUInt32BE(term, at + 4)
    buffer.writeUInt32BE(salt, at + 8)
    buffer.writeUInt32BE(length / 8, at + 12)
    at += predecessorBytes
  }
  buffer.writeUInt32BE(crc32(buffer.subarray(2 * prefixBytes, at), prefix.salt), at)
  return buffer
}

/** How many bytes `decodeSegmentHeader` needs at least; more if there are many predecessors. */
export const prefixesBytes = 2 * prefixBytes

/** The better of the two prefixes; undefined when neither can be read. Throws JournalError for a newer format. */
export function decodeSegmentPrefix(buffer: Buffer, file: string): SegmentPrefix | undefined {
  return decodeOnePrefix(buffer, 0, file) ?? decodeOnePrefix(buffer, prefixBytes, file)
}

/** Both copies, each undefined when it is damaged. */
export const decodePrefixCopies = (buffer: Buffer, file: string): readonly (SegmentPrefix | undefined)[] => [
  decodeOnePrefix(buffer, 0, file),
  decodeOnePrefix(buffer, prefixBytes, file),
]

function decodeOnePrefix(buffer: Buffer, start: number, file: string): SegmentPrefix | undefined {
  if (buffer.length < start + prefixBytes) return undefined
  const bytes = buffer.subarray(start, start + prefixBytes)
  if (!bytes.subarray(0, 8).equals(magic)) return undefined
  if (crc32(bytes.subarray(0, prefixBytes - 4)) !== bytes.readUInt32BE(prefixBytes - 4)) return undefined
  const version = bytes.readUInt32BE(8)
  if (version !== formatVersion)
    throw new JournalError(
      'JOURNAL_VERSION',
      `Cannot read ${file}: it has format version ${version}, this release reads version ${formatVersion}`,
      { fields: { file, version } },
    )
  const predecessorCount = bytes.readUInt32BE(24)
  if (predecessorCount > journalLimits.segments) return undefined
  return {
    number: bytes.readUInt32BE(12),
    term: bytes.readUInt32BE(16),
    salt: bytes.readUInt32BE(20),
    createdMs: bytes.readDoubleBE(28),
    predecessorCount,
  }
}

/** `buffer` starts with the file and holds segmentHeaderBytes(prefix.predecessorCount), or less if the file is short. */
export function decodeSegmentHeader(buffer: Buffer, prefix: SegmentPrefix): SegmentHeader {
  const length = segmentHeaderBytes(prefix.predecessorCount)
  return { ...prefix, length, predecessors: decodePredecessors(buffer, prefix) }
}

function decodePredecessors(buffer: Buffer, prefix: SegmentPrefix): Predecessor[] | undefined {
  const start = 2 * prefixBytes
  const end = start + prefix.predecessorCount * predecessorBytes
  if (prefix.predecessorCount === 0) return []
  if (buffer.length < end + 4) return undefined
  if (crc32(buffer.subarray(start, end), prefix.salt) !== buffer.readUInt32BE(end)) return undefined
  const predecessors: Predecessor[] = []
  for (let at = start; at < end; at += predecessorBytes) {
    predecessors.push({
      number: buffer.readUInt32BE(at),
      term: buffer.readUInt32BE(at + 4),
      salt: buffer.readUInt32BE(at + 8),
      length: buffer.readUInt32BE(at + 12) * 8,
    })
  }
  return predecessors
}

/** Writes all of a record's header but the checksum, which goes to `at + checkedHeaderBytes`. */
export function encodeRecordHeader(buffer: Buffer, at: number, header: Omit<RecordHeader, 'crc'>): void {
  buffer.writeUInt32BE(header.payloadLength, at)
  buffer[at + 4] = header.type
  buffer[at + 5] = 0
  buffer.writeUInt16BE(header.metaLength, at + 6)
  buffer.writeUInt32BE(header.position / 8, at + 8)
  buffer.writeUInt32BE(header.batch / 8, at + 12)
}

/**
 * The header at `at` if it can be one of a record at `position` of a segment whose counted part ends at `end`.
 * Plausible only: the checksum decides.
 */
export function decodeRecordHeader(
  buffer: Buffer,
  at: number,
  position: number,
  end: number,
): RecordHeader | undefined {
  if (at + recordHeaderBytes > buffer.length || buffer.readUInt32BE(at + 8) !== position / 8) return undefined
  const payloadLength = buffer.readUInt32BE(at)
  const type = buffer[at + 4]!
  const metaLength = buffer.readUInt16BE(at + 6)
  const batch = buffer.readUInt32BE(at + 12) * 8
  if (type === 0 || buffer[at + 5] !== 0 || metaLength > payloadLength || batch > position) return undefined
  if (payloadLength > journalLimits.recordBytes || position + recordBytes(payloadLength) > end) return undefined
  return { payloadLength, type, metaLength, position, batch, crc: buffer.readUInt32BE(at + checkedHeaderBytes) }
}

/**
 * The body of the record at `position` of a segment, as a view into `bytes`, which start at `bytesPosition`; undefined when
 * it is not what was written.
 */
export function bodyAt(bytes: Buffer, bytesPosition: number, position: number, salt: number): Buffer | undefined {
  const at = position - bytesPosition
  const header = decodeRecordHeader(bytes, at, position, bytesPosition + bytes.length)
  if (!header || !isIntact(bytes, at, header, salt)) return undefined
  const start = at + recordHeaderBytes
  return bytes.subarray(start + header.metaLength, start + header.payloadLength)
}

/** Whether the record at `at`, all of which is in `buffer`, is what was written. */
export function isIntact(buffer: Buffer, at: number, header: RecordHeader, salt: number): boolean {
  const start = at + recordHeaderBytes
  const checked = crc32(buffer.subarray(at, at + checkedHeaderBytes), salt)
  return crc32(buffer.subarray(start, start + header.payloadLength), checked) === header.crc
}

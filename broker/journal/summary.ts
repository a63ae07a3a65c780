// The summary of a closed segment: its records without their bodies, so that recovery reads a few percent of the bytes.
// Only a shortcut: when it is missing, torn or of another segment, the segment itself is read.
//
//   summary := magic:8 "FLOTSUMM"  version:4 = 1  number:4  salt:4  countedLength/8:4  entry*  crc:4
//   entry   := position/8:4  bodyLength:4  type:1  metaLength:2  meta
import { crc32 } from '../base/crc32.ts'

const magic = Buffer.from('FLOTSUMM')
const version = 1
const headerBytes = 24
const entryBytes = 11
const initialBytes = 4096
/** Metas of messages, removals and commits are shorter; those of lists are not. */
const copiedMetaBytes = 32
/** Entries in a row that are worth offering as such. */
const longRun = 2

export interface SummaryKey {
  readonly number: number
  readonly salt: number
  /** Length of the segment that counts. */
  readonly length: number
}

export type SummaryVisitor = (type: number, position: number, meta: Buffer, bodyLength: number) => void

/** Neighbouring entries with one type and metas of one length: at `start`, `start + stride`, … below `end`. */
export interface SummaryRun {
  /** Of the whole summary: a view reads numbers several times as fast as a buffer. */
  readonly view: DataView
  readonly start: number
  readonly end: number
  readonly stride: number
}

/** Where the parts of an entry are; the position is in units of 8 bytes. */
export const entryParts = { position: 0, bodyLength: 4, meta: entryBytes } as const

/** Gathers what goes into the summary while a segment is written or read. */
export class SummaryBuilder {
  #buffer = Buffer.allocUnsafe(initialBytes)
  #length = headerBytes

  add(type: number, position: number, bodyLength: number, meta: Buffer, metaLength: number): void {
    const at = this.#reserve(entryBytes + metaLength)
    this.#buffer.writeUInt32BE(position / 8, at)
    this.#buffer.writeUInt32BE(bodyLength, at + 4)
    this.#buffer[at + 8] = type
    this.#buffer.writeUInt16BE(metaLength, at + 9)
    meta.copy(this.#buffer, at + entryBytes, 0, metaLength)
  }

  build(key: SummaryKey): Buffer {
    const end = this.#reserve(4)
    magic.copy(this.#buffer)
    this.#buffer.writeUInt32BE(version, 8)
    this.#buffer.writeUInt32BE(key.number, 12)
    this.#buffer.writeUInt32BE(key.salt, 16)
    this.#buffer.writeUInt32BE(key.length / 8, 20)
    this.#buffer.writeUInt32BE(crc32(this.#buffer.subarray(0, end)), end)
    return this.#buffer.subarray(0, end + 4)
  }

  #reserve(length: number): number {
    const start = this.#length
    this.#length += length
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length))
      this.#buffer.copy(larger, 0, 0, start)
      this.#buffer = larger
    }
    return start
  }
}

/** Whether `bytes` is the intact summary of that segment. */
export function isSummaryOf(bytes: Buffer, key: SummaryKey): boolean {
  const end = bytes.length - 4
  if (end < headerBytes || !bytes.subarray(0, 8).equals(magic) || bytes.readUInt32BE(8) !== version) return false
  if (bytes.readUInt32BE(12) !== key.number || bytes.readUInt32BE(16) !== key.salt) return false
  return bytes.readUInt32BE(20) * 8 === key.length && crc32(bytes.subarray(0, end)) === bytes.readUInt32BE(end)
}

/**
 * Visits all entries of an intact summary. `meta` is a view that is used again for the next entry. Long runs are offered to
 * `visitRun` first, which answers false for a type that it does not know.
 */
export function visitSummary(
  bytes: Buffer,
  visit: SummaryVisitor,
  visitRun: (type: number, run: SummaryRun) => boolean,
): void {
  // Millions of views cost recovery more than all else: metas of messages are copied into one of their length instead.
  const metas = Array.from({ length: copiedMetaBytes + 1 }, (_, length) => Buffer.alloc(length))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = headerBytes; at < bytes.length - 4;) {
    const run = runAt(bytes, view, at)
    at = run.end
    if (run.end - run.start >= longRun * run.stride && visitRun(bytes[run.start + 8]!, run)) continue
    for (let entry = run.start; entry < run.end; entry += run.stride) {
      const metaStart = entry + entryBytes
      let meta: Buffer | undefined = metas[run.stride - entryBytes]
      // For so few bytes a loop beats the call into the runtime.
      if (meta) for (let i = 0; i < meta.length; i++) meta[i] = bytes[metaStart + i]!
      else meta = bytes.subarray(metaStart, entry + run.stride)
      const position = view.getUint32(entry + entryParts.position) * 8
      visit(bytes[entry + 8]!, position, meta, view.getUint32(entry + entryParts.bodyLength))
    }
  }
}

function runAt(bytes: Buffer, view: DataView, start: number): SummaryRun {
  const [type, high, low] = [bytes[start + 8]!, bytes[start + 9]!, bytes[start + 10]!]
  const stride = entryBytes + ((high << 8) | low)
  let end = start + stride
  const last = bytes.length - 4
  while (end < last && bytes[end + 8] === type && bytes[end + 9] === high && bytes[end + 10] === low) end += stride
  return { view, start, end, stride }
}

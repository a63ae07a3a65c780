// The summary of a closed segment: its records without their bodies, so that recovery reads a few percent of the bytes.
// Only a shortcut: when it is missing, torn or of another segment, the segment itself is read.
//
//   summary := magic:8 "FLOTSUMM"  version:4 = 1  number:4  salt:4  countedLength/8:4  entry*  crc:4
//   entry   := position/8:4  bodyLength:4  type:1  metaLength:2  meta
import { readUint32 } from '../base/read-uint32.ts'
import { crc32 } from '../base/crc32.ts'

const magic = Buffer.from('FLOTSUMM')
const version = 1
const headerBytes = 24
const entryBytes = 11
const initialBytes = 4096
/** Metas of messages, removals and commits are shorter; those of lists are not. */
const copiedMetaBytes = 32

export interface SummaryKey {
  readonly number: number
  readonly salt: number
  /** Length of the segment that counts. */
  readonly length: number
}

export type SummaryVisitor = (type: number, position: number, meta: Buffer, bodyLength: number) => void

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

/** Visits all entries of an intact summary. `meta` is a view that is used again for the next entry. */
export function visitSummary(bytes: Buffer, visit: SummaryVisitor): void {
  // Millions of views cost recovery more than all else: metas of messages are copied into one of their length instead.
  const metas = Array.from({ length: copiedMetaBytes + 1 }, (_, length) => Buffer.alloc(length))
  for (let at = headerBytes; at < bytes.length - 4;) {
    const metaLength = (bytes[at + 9]! << 8) | bytes[at + 10]!
    const metaStart = at + entryBytes
    let meta: Buffer | undefined = metas[metaLength]
    if (meta) for (let i = 0; i < metaLength; i++) meta[i] = bytes[metaStart + i]!
    else meta = bytes.subarray(metaStart, metaStart + metaLength)
    visit(bytes[at + 8]!, readUint32(bytes, at) * 8, meta, readUint32(bytes, at + 4))
    at = metaStart + metaLength
  }
}

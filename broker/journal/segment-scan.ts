// Reads a segment from front to back and tells records from damage. Decides nothing: what damage means (torn tail or
// corruption) is up to the caller, who knows whether the segment is the newest.
import type { DiskFile } from '../disk/disk.ts'
import { decodeRecordHeader, isIntact, recordBytes, recordHeaderBytes, type RecordHeader } from './format.ts'
import { journalLimits } from './limits.ts'
import { usedLength, zeroRun } from './zeros.ts'

export interface ScanOptions {
  readonly file: DiskFile
  readonly salt: number
  /** Where to begin: the start of a record. */
  readonly from: number
  /** Where the counted part ends. */
  readonly to: number
  /** Stop at the first place that is no record instead of looking behind it. */
  readonly stopAtDamage: boolean
  /** `to` is the end of the file, not of what was written: zeros in front of it are unused space. */
  readonly toEndOfFile: boolean
}

export interface DamagedRange {
  readonly from: number
  readonly to: number
}

export interface ScanResult {
  /** Behind the last readable record. */
  readonly end: number
  /** Everything in front of it was synced, as later records prove. */
  readonly syncedTo: number
  readonly damage: readonly DamagedRange[]
  /** Behind the last byte that was written, as far as was looked. */
  readonly usedTo: number
}

export type RecordVisitor = (header: RecordHeader, meta: Buffer, body: Buffer) => void

/** `visit` gets views into a buffer that is not used again. */
export async function scanSegment(options: ScanOptions, visit: RecordVisitor): Promise<ScanResult> {
  const { salt, from, to } = options
  const window = new Window(
    options.file,
    to,
    options.stopAtDamage ? journalLimits.firstScanBytes : journalLimits.scanBytes,
  )
  const damage: DamagedRange[] = []
  let position = from
  let end = from
  let usedTo = from
  let syncedTo = 0
  while (position + recordHeaderBytes <= to) {
    if (!window.holds(position, recordHeaderBytes)) await window.load(position)
    const header = decodeRecordHeader(window.bytes, position - window.start, position, to)
    if (header) {
      const length = recordBytes(header.payloadLength)
      if (!window.holds(position, length)) await window.load(position, length)
      const at = position - window.start
      if (window.holds(position, length) && isIntact(window.bytes, at, header, salt)) {
        if (position > end) damage.push({ from: end, to: position })
        const metaStart = at + recordHeaderBytes
        const bodyStart = metaStart + header.metaLength
        const bodyEnd = metaStart + header.payloadLength
        visit(header, window.bytes.subarray(metaStart, bodyStart), window.bytes.subarray(bodyStart, bodyEnd))
        position += length
        end = position
        usedTo = position
        syncedTo = Math.max(syncedTo, header.batch)
        continue
      }
    }
    if (options.stopAtDamage || window.shortAt(position)) break
    const unused = zeroRun(window.bytes, position - window.start)
    position += unused || 8
    if (unused === 0) usedTo = position
  }
  if (options.stopAtDamage) return { end, syncedTo, damage, usedTo: window.usedFrom(end) }
  if (!options.toEndOfFile) usedTo = to
  else if (position < to) {
    await window.load(position)
    const used = usedLength(window.bytes)
    if (used > 0) usedTo = position + used
  }
  if (end < usedTo) damage.push({ from: end, to: usedTo })
  return { end, syncedTo, damage, usedTo }
}

/** The part of the file that is in memory. */
class Window {
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  readonly #file: DiskFile
  readonly #end: number
  #endOfFile = Number.POSITIVE_INFINITY
  #nextBytes: number

  /** `firstBytes` are read at first, and what recovery reads at once from then on. */
  constructor(file: DiskFile, end: number, firstBytes: number) {
    this.#file = file
    this.#end = end
    this.#nextBytes = firstBytes
  }

  holds(position: number, length: number): boolean {
    return position >= this.start && position + length <= this.start + this.bytes.length
  }

  /** True when the file ends before a record can begin at `position`. */
  shortAt(position: number): boolean {
    return position + recordHeaderBytes > this.#endOfFile
  }

  /** Behind the last byte from `position` on that is not zero; the end of all if there may be others behind the window. */
  usedFrom(position: number): number {
    if (position < this.start || position >= this.#end) return position
    const rest = this.bytes.subarray(position - this.start)
    const used = usedLength(rest)
    return used === rest.length && used > 0 ? this.#end : position + used
  }

  async load(position: number, atLeast = 0): Promise<void> {
    const length = Math.min(Math.max(this.#nextBytes, atLeast), this.#end - position)
    this.#nextBytes = journalLimits.scanBytes
    this.bytes = await this.#file.read(position, length)
    this.start = position
    if (this.bytes.length < length) this.#endOfFile = position + this.bytes.length
  }
}

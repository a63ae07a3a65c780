// Reads the building blocks of both encodings from one frame (ActiveMQ: BaseDataStreamMarshaller). Every read is checked
// against the bytes that are there: whatever a peer sends ends in a value or a WireError.
import { FormatError } from '../../base/format-error.ts'
import { ByteMemo } from '../../marshal/byte-memo.ts'
import { decodeModifiedUtf8 } from '../../marshal/modified-utf8.ts'
import type { DataStructure, Long, StackTraceElement, Throwable } from './commands.ts'
import { typeCodes } from './commands.ts'
import { maxDepth, maxStructuresPerFrame } from './limits.ts'
import type { DecodeCache } from './marshalling-cache.ts'
import { WireError } from './wire-error.ts'

/** Structures that one command after the other repeats. They have nothing that could be changed inside. */
const repeated = new Uint8Array(256)
for (const kind of ['ActiveMQQueue', 'ActiveMQTopic', 'ConnectionId', 'ConsumerId', 'ProducerId'] as const)
  repeated[typeCodes[kind]] = 1

/** In the tight encoding a structure is some bytes and some bits, which stand elsewhere. */
class StructureMemo extends ByteMemo<DataStructure> {
  bits = 0
  bitCount = 0
}

const highestSafeWord = 0x1f_ffff

export class FrameReader {
  readonly cache: DecodeCache | null
  readonly #stackTraceEnabled: boolean
  #bytes: Buffer = Buffer.alloc(0)
  #position = 0
  #end = 0
  /** Tight only: where the boolean stream begins, the next bit, and the number of bits. */
  #bitsStart = 0
  #bit = 0
  #bitCount = 0
  #depth = 0
  #structures = 0
  /** The last of each type in `repeated`, by type code. */
  readonly #memos: (StructureMemo | undefined)[] = Array.from({ length: 256 }, () => undefined)

  constructor(stackTraceEnabled: boolean, cache: DecodeCache | null) {
    this.#stackTraceEnabled = stackTraceEnabled
    this.cache = cache
  }

  /** Starts on a frame without size prefix. */
  open(frame: Buffer): void {
    this.#bytes = frame
    this.#position = 0
    this.#end = frame.length
    this.#depth = 0
    this.#structures = 0
    this.#bit = 0
    this.#bitCount = 0
  }

  /** Lets go of the frame; throws when something of it was not read. */
  close(): void {
    const left = this.#end - this.#position
    this.#bytes = Buffer.alloc(0)
    if (left > 0) throw new WireError(`Cannot read frame: ${left} bytes follow the command`)
  }

  /** Tight: the boolean stream, which lies before all data. */
  openBits(): void {
    const first = this.uint8()
    let length = first
    if (first === 0xc0) length = this.uint8()
    else if (first === 0x80) length = this.uint16()
    else if (first >= 64) throw new WireError(`Cannot read boolean stream: length byte ${first}`)
    this.#bitsStart = this.#advance(length)
    this.#bitCount = length * 8
  }

  get position(): number {
    return this.#position
  }

  /** The next bit of the boolean stream. */
  get bitPosition(): number {
    return this.#bit
  }

  /** Reads a structure that is the same as the last of its type; null when it is another. */
  recall(code: number): DataStructure | null {
    const memo = this.#memos[code]
    if (memo === undefined) return null
    const value = memo.recall(this.#bytes, this.#position)
    if (value === null || this.#bitsAt(this.#bit, memo.bitCount) !== memo.bits) return null
    this.#advance(memo.length)
    this.#bit += memo.bitCount
    this.count(1)
    return value
  }

  /** `value` was read from `start` to here, and from the bits from `firstBit` to here. */
  remember(code: number, start: number, firstBit: number, value: DataStructure): void {
    if (repeated[code] === 0) return
    const memo = (this.#memos[code] ??= new StructureMemo())
    // The bits belong to the bytes: those of an id that was not kept would make another one of the one that was.
    if (!memo.remember(this.#bytes, start, this.#position, value)) return
    memo.bitCount = this.#bit - firstBit
    memo.bits = this.#bitsAt(firstBit, memo.bitCount)
  }

  /** At most 16 bits as a number; -1 when the stream ends before. */
  #bitsAt(first: number, count: number): number {
    if (count === 0) return 0
    if (first + count > this.#bitCount) return -1
    const at = this.#bitsStart + (first >> 3)
    const bytes = this.#bytes
    const three = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
    return (three >> (first & 7)) & ((1 << count) - 1)
  }

  bit(): boolean {
    const bit = this.#bit++
    if (bit >= this.#bitCount) throw new WireError(`Cannot read frame: its boolean stream ends after ${bit} bits`)
    return (this.#bytes[this.#bitsStart + (bit >> 3)]! & (1 << (bit & 7))) !== 0
  }

  bool(): boolean {
    return this.#bytes[this.#advance(1)] !== 0
  }

  uint8(): number {
    return this.#bytes[this.#advance(1)]!
  }

  byte(): number {
    return (this.#bytes[this.#advance(1)]! << 24) >> 24
  }

  uint16(): number {
    const at = this.#advance(2)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  short(): number {
    return (this.uint16() << 16) >> 16
  }

  int(): number {
    const at = this.#advance(4)
    const bytes = this.#bytes
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }

  long(): Long {
    const high = this.int()
    const low = this.int() >>> 0
    if (high <= highestSafeWord && (high > -highestSafeWord - 1 || (high === -highestSafeWord - 1 && low > 0)))
      return high * 0x1_0000_0000 + low
    return (BigInt(high) << 32n) | BigInt(low)
  }

  tightLong(): Long {
    const wide = this.bit()
    if (this.bit()) return wide ? this.long() : this.uint16()
    return wide ? this.int() >>> 0 : 0
  }

  string(): string | null {
    return this.bool() ? this.#text() : null
  }

  tightString(): string | null {
    if (!this.bit()) return null
    if (!this.bit()) return this.#text()
    const length = this.uint16()
    const start = this.#advance(length)
    return this.#bytes.toString('latin1', start, start + length)
  }

  /** A view of the frame. */
  bytes(): Buffer | null {
    return this.bool() ? this.#view() : null
  }

  tightBytes(): Buffer | null {
    return this.bit() ? this.#view() : null
  }

  /** Of its own, for small fields of values that outlive the frame. */
  bytesCopy(): Buffer | null {
    return this.bool() ? Buffer.from(this.#view()) : null
  }

  tightBytesCopy(): Buffer | null {
    return this.bit() ? Buffer.from(this.#view()) : null
  }

  const8(): Buffer {
    const start = this.#advance(8)
    return Buffer.from(this.#bytes.subarray(start, start + 8))
  }

  throwable(): Throwable | null {
    return this.bool() ? this.#throwable(false) : null
  }

  tightThrowable(): Throwable | null {
    return this.bit() ? this.#throwable(true) : null
  }

  /** Of structures and array elements, which there may be so many of in one frame. */
  count(structures: number): void {
    this.#structures += structures
    if (this.#structures > maxStructuresPerFrame)
      throw new WireError(`Cannot read frame: it has more than ${maxStructuresPerFrame} structures`, {
        fields: { limit: 'maxStructuresPerFrame' },
      })
  }

  /** Around everything that can contain its own kind. */
  enter(): void {
    this.count(1)
    if (++this.#depth > maxDepth)
      throw new WireError(`Cannot read frame: it is nested deeper than ${maxDepth}`, { fields: { limit: 'maxDepth' } })
  }

  leave(): void {
    this.#depth--
  }

  #throwable(tight: boolean): Throwable {
    this.enter()
    const className = tight ? this.tightString() : this.string()
    const message = tight ? this.tightString() : this.string()
    const stackTrace: StackTraceElement[] = []
    let cause: Throwable | null = null
    if (this.#stackTraceEnabled) {
      const count = this.short()
      // Each element has a line number of four bytes.
      if (count < 0 || count * 4 > this.#end - this.#position)
        throw new WireError(`Cannot read stack trace: ${count} elements in ${this.#end - this.#position} bytes`)
      for (let index = 0; index < count; index++)
        stackTrace.push({
          className: tight ? this.tightString() : this.string(),
          methodName: tight ? this.tightString() : this.string(),
          fileName: tight ? this.tightString() : this.string(),
          lineNumber: this.int(),
        })
      cause = tight ? this.tightThrowable() : this.throwable()
    }
    this.leave()
    return { className, message, stackTrace, cause }
  }

  #text(): string {
    const length = this.uint16()
    const start = this.#advance(length)
    try {
      return decodeModifiedUtf8(this.#bytes, start, start + length)
    } catch (error) {
      throw error instanceof FormatError ? new WireError(error.message, { cause: error }) : error
    }
  }

  #view(): Buffer {
    const length = this.int()
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  #advance(length: number): number {
    const start = this.#position
    if (length < 0 || length > this.#end - start)
      throw new WireError(`Cannot read frame: ${length} bytes wanted, ${this.#end - start} left`)
    this.#position = start + length
    return start
  }
}

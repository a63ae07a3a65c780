// Writes the building blocks of both encodings (ActiveMQ: BaseDataStreamMarshaller). Frames are laid one behind the other
// into slabs that are never reused, so a finished frame is handed out as a view without copying it.
//
// The tight encoding puts all bits of a frame before its data. Both are collected side by side while the fields are
// walked once, and joined when the frame is finished.
import { encodeModifiedUtf8Into, modifiedUtf8Length } from '../../marshal/modified-utf8.ts'
import type { Long, Throwable } from './commands.ts'
import { maxDepth, maxLooseStringBytes, maxTightStringBytes, slabBytes } from './limits.ts'
import type { EncodeCache } from './marshalling-cache.ts'
import { WireError } from './wire-error.ts'

const sizePrefixBytes = 4

export class FrameWriter {
  readonly cache: EncodeCache | null
  readonly #stackTraceEnabled: boolean
  #bytes = Buffer.allocUnsafeSlow(slabBytes)
  #start = 0
  #position = 0
  #bits = new Uint8Array(64)
  #bitCount = 0

  constructor(stackTraceEnabled: boolean, cache: EncodeCache | null) {
    this.#stackTraceEnabled = stackTraceEnabled
    this.cache = cache
  }

  /** Where the next byte goes, counted from the start of the frame: stays true when the frame moves to another slab. */
  frameOffset(): number {
    return this.#position - this.#start
  }

  /** Starts a frame: room for the size, and the type code. */
  openFrame(code: number): void {
    this.#position = this.#start
    this.#reserve(sizePrefixBytes)
    this.byte(code)
  }

  closeFrame(): Buffer {
    const start = this.#start
    this.#setInt(start, this.#position - start - sizePrefixBytes)
    this.#start = this.#position
    return this.#bytes.subarray(start, this.#position)
  }

  /** Tight: starts the data of a frame. */
  openTightFrame(): void {
    this.#position = this.#start
    this.#bits.fill(0, 0, (this.#bitCount + 7) >> 3)
    this.#bitCount = 0
  }

  /** Tight: puts size, type code and bits before the data. The data's place is then free again. */
  closeTightFrame(code: number): Buffer {
    const dataLength = this.#position - this.#start
    const bitBytes = (this.#bitCount + 7) >> 3
    const headerLength = bitBytes < 64 ? 1 : bitBytes < 256 ? 2 : 3
    const start = this.#reserve(sizePrefixBytes + 1 + headerLength + bitBytes)
    const bytes = this.#bytes
    // The data moves up behind the header that now comes first.
    const frameStart = this.#start
    const dataStart = frameStart + this.#position - start
    bytes.copyWithin(dataStart, frameStart, frameStart + dataLength)
    let at = frameStart
    this.#setInt(at, this.#position - frameStart - sizePrefixBytes)
    at += sizePrefixBytes
    bytes[at++] = code
    if (headerLength === 2) bytes[at++] = 0xc0
    if (headerLength === 3) {
      bytes[at++] = 0x80
      bytes[at++] = bitBytes >> 8
    }
    bytes[at++] = bitBytes
    for (let index = 0; index < bitBytes; index++) bytes[at++] = this.#bits[index]!
    this.#start = this.#position
    return bytes.subarray(frameStart, this.#position)
  }

  bit(value: boolean): void {
    const index = this.#bitCount++
    if (index >> 3 >= this.#bits.length) {
      const larger = new Uint8Array(this.#bits.length * 2)
      larger.set(this.#bits)
      this.#bits = larger
    }
    if (value) this.#bits[index >> 3]! |= 1 << (index & 7)
  }

  bool(value: boolean): void {
    const at = this.#reserve(1)
    this.#bytes[at] = value ? 1 : 0
  }

  byte(value: number): void {
    const at = this.#reserve(1)
    this.#bytes[at] = value
  }

  short(value: number): void {
    const at = this.#reserve(2)
    this.#bytes[at] = value >> 8
    this.#bytes[at + 1] = value
  }

  int(value: number): void {
    const at = this.#reserve(4)
    this.#setInt(at, value)
  }

  long(value: Long): void {
    const at = this.#reserve(8)
    if (typeof value === 'bigint') this.#bytes.writeBigInt64BE(BigInt.asIntN(64, value), at)
    else {
      this.#setInt(at, Math.floor(value / 0x1_0000_0000))
      this.#setInt(at + 4, value)
    }
  }

  tightLong(value: Long): void {
    const size = value < 0 || value > 0xffff_ffff ? 8 : value > 0xffff ? 4 : Number(value) === 0 ? 0 : 2
    this.bit(size >= 4)
    this.bit(size === 2 || size === 8)
    if (size === 8) this.long(value)
    else if (size === 4) this.int(Number(value))
    else if (size === 2) this.short(Number(value))
  }

  string(value: string | null): void {
    this.bool(value !== null)
    if (value === null) return
    this.#text(value, modifiedUtf8Length(value), maxLooseStringBytes)
  }

  tightString(value: string | null): void {
    this.bit(value !== null)
    if (value === null) return
    const length = modifiedUtf8Length(value)
    this.bit(length === value.length)
    this.#text(value, length, maxTightStringBytes)
  }

  bytes(value: Buffer | null): void {
    this.bool(value !== null)
    if (value !== null) this.#data(value)
  }

  tightBytes(value: Buffer | null): void {
    this.bit(value !== null)
    if (value !== null) this.#data(value)
  }

  const8(value: Buffer): void {
    const at = this.#reserve(8)
    value.copy(this.#bytes, at, 0, 8)
  }

  throwable(value: Throwable | null): void {
    this.#throwable(value, false, 0)
  }

  tightThrowable(value: Throwable | null): void {
    this.#throwable(value, true, 0)
  }

  /** Fills in a `short` written earlier at `frameOffset`. */
  setShort(frameOffset: number, value: number): void {
    const at = this.#start + frameOffset
    this.#bytes[at] = value >> 8
    this.#bytes[at + 1] = value
  }

  #setInt(at: number, value: number): void {
    const bytes = this.#bytes
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }

  #throwable(value: Throwable | null, tight: boolean, depth: number): void {
    const present = value !== null && depth < maxDepth
    const string = (text: string | null): void => (tight ? this.tightString(text) : this.string(text))
    if (tight) this.bit(present)
    else this.bool(present)
    if (!present) return
    string(value.className)
    string(value.message)
    if (!this.#stackTraceEnabled) return
    this.short(value.stackTrace.length)
    for (const element of value.stackTrace) {
      string(element.className)
      string(element.methodName)
      string(element.fileName)
      this.int(element.lineNumber)
    }
    this.#throwable(value.cause, tight, depth + 1)
  }

  #text(value: string, length: number, maxLength: number): void {
    if (length > maxLength)
      throw new WireError(`Cannot write string of ${length} bytes: the encoding carries at most ${maxLength}`)
    this.short(length)
    const at = this.#reserve(length)
    encodeModifiedUtf8Into(this.#bytes, at, value, length)
  }

  #data(value: Buffer): void {
    this.int(value.length)
    const at = this.#reserve(value.length)
    value.copy(this.#bytes, at)
  }

  /** May replace `#bytes`: call it before looking at them. */
  #reserve(length: number): number {
    const at = this.#position
    if (at + length <= this.#bytes.length) {
      this.#position = at + length
      return at
    }
    const used = at - this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(slabBytes, 2 * (used + length)))
    this.#bytes.copy(larger, 0, this.#start, at)
    this.#bytes = larger
    this.#start = 0
    this.#position = used + length
    return used
  }
}

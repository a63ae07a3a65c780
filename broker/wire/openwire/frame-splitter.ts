// Cuts a byte stream into OpenWire frames: size:int32, then `size` bytes (spec openwire.md section 1).
// Frames come out without the size prefix. A frame that lies within one chunk is a view of that chunk; one that spans
// several is collected and copied once. A size that is not allowed is refused before anything is allocated for it.
import { WireError } from './wire-error.ts'

const prefixBytes = 4
const smallPartBytes = 8 * 1024
const tailBytes = 64 * 1024

export class FrameSplitter {
  /** Largest frame without its size prefix; may be changed after negotiation. */
  maxFrameSize: number
  readonly #prefix = Buffer.alloc(prefixBytes)
  #prefixLength = 0
  /** Bytes of the frame being collected that are still missing; -1 while its size is not known. */
  #missing = -1
  #parts: Buffer[] = []
  /** Small parts are gathered here, so that a peer that sends byte by byte costs no object per byte. */
  #tail = Buffer.alloc(0)
  #tailLength = 0
  #bufferedBytes = 0

  constructor(maxFrameSize: number) {
    this.maxFrameSize = maxFrameSize
  }

  /** Bytes held of a frame that is not complete. */
  get bufferedBytes(): number {
    return this.#bufferedBytes + this.#prefixLength
  }

  /** The frames that `chunk` completes, in order. Throws WireError; the stream is lost then. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let position = 0
    while (position < chunk.length) {
      if (this.#missing < 0) position = this.#readSize(chunk, position)
      if (this.#missing < 0) break
      const end = Math.min(position + this.#missing, chunk.length)
      const frame = this.#take(chunk.subarray(position, end))
      position = end
      if (frame) frames.push(frame)
    }
    return frames
  }

  #readSize(chunk: Buffer, from: number): number {
    let size: number
    let position = from
    if (this.#prefixLength === 0 && chunk.length - from >= prefixBytes) {
      size = chunk.readInt32BE(from)
      position += prefixBytes
    } else {
      while (this.#prefixLength < prefixBytes && position < chunk.length)
        this.#prefix[this.#prefixLength++] = chunk[position++]!
      if (this.#prefixLength < prefixBytes) return position
      size = this.#prefix.readInt32BE(0)
      this.#prefixLength = 0
    }
    if (size <= 0 || size > this.maxFrameSize)
      throw new WireError(`Cannot read frame of ${size} bytes: frames have 1 to ${this.maxFrameSize} bytes`, {
        fields: { size, maxFrameSize: this.maxFrameSize, limit: size > 0 ? 'maxFrameSize' : undefined },
      })
    this.#missing = size
    return position
  }

  /** Takes a part of the frame in progress; the whole frame when this was its last part. */
  #take(part: Buffer): Buffer | null {
    this.#missing -= part.length
    if (this.#missing > 0) {
      this.#bufferedBytes += part.length
      if (part.length >= smallPartBytes) this.#parts.push(...this.#endTail(), part)
      else this.#gather(part)
      return null
    }
    this.#missing = -1
    if (this.#bufferedBytes === 0) return part
    const frame = Buffer.concat([...this.#parts, ...this.#endTail(), part])
    this.#parts = []
    this.#bufferedBytes = 0
    return frame
  }

  #gather(part: Buffer): void {
    if (this.#tailLength + part.length > this.#tail.length) {
      this.#parts.push(...this.#endTail())
      this.#tail = Buffer.allocUnsafeSlow(tailBytes)
    }
    part.copy(this.#tail, this.#tailLength)
    this.#tailLength += part.length
  }

  #endTail(): Buffer[] {
    if (this.#tailLength === 0) return []
    const tail = this.#tail.subarray(0, this.#tailLength)
    this.#tail = Buffer.alloc(0)
    this.#tailLength = 0
    return [tail]
  }
}

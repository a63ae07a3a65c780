// Cuts a byte stream into OpenWire frames: size:int32, then `size` bytes.
// Frames come out without the size prefix. A frame that lies within one chunk is a view of that chunk, which its reader may
// use again; one that spans several is copied once, into memory of its own. A size that is not allowed is refused before
// anything is allocated for it, and memory is taken for what has arrived, not for what was announced.
import { WireError } from './wire-error.ts'

const prefixBytes = 4
/** The first memory for a frame that spans chunks: a peer that sends byte by byte costs no object per byte. */
const smallestFrameBuffer = 4096
/** Memory for this many times what has arrived: most frames fit at once, and what is copied again stays a third. */
const growth = 4

/**
 * Before and behind a frame that has memory of its own this much is free, so that a message can be brought into another form
 * without moving its body.
 */
export const frameRoomBytes = 512

/** Whether nothing else is in the memory of a frame: then it need not be copied to be kept. */
export const ownsItsMemory = ({ byteOffset, length, buffer }: Buffer): boolean =>
  byteOffset === frameRoomBytes && buffer.byteLength === length + 2 * frameRoomBytes

export class FrameSplitter {
  /** Largest frame without its size prefix; may be changed after negotiation. */
  maxFrameSize: number
  readonly #prefix = Buffer.alloc(prefixBytes)
  #prefixLength = 0
  /** Size of the frame in progress; -1 while it is not known. */
  #size = -1
  /** The frame in progress, as far as it came in earlier chunks. */
  #frame: Buffer = Buffer.alloc(0)
  #collected = 0

  constructor(maxFrameSize: number) {
    this.maxFrameSize = maxFrameSize
  }

  /** Bytes held of a frame that is not complete. */
  get bufferedBytes(): number {
    return this.#collected + this.#prefixLength
  }

  /** The frames that `chunk` completes, in order. Throws WireError; the stream is lost then. */
  push(chunk: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let position = 0
    while (position < chunk.length) {
      if (this.#size < 0) position = this.#readSize(chunk, position)
      if (this.#size < 0) break
      const end = Math.min(position + this.#size - this.#collected, chunk.length)
      const frame = this.#take(chunk, position, end)
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
    this.#size = size
    return position
  }

  /** Takes a part of the frame in progress; the whole frame when this was its last part. */
  #take(chunk: Buffer, start: number, end: number): Buffer | null {
    const length = end - start
    const isWhole = this.#collected + length === this.#size
    if (isWhole && this.#collected === 0) {
      this.#size = -1
      const frame = chunk.subarray(start, end)
      // A view of all of a chunk but its ends would look like memory of its own.
      return ownsItsMemory(frame) ? Buffer.from(frame) : frame
    }
    this.#makeRoom(length)
    chunk.copy(this.#frame, this.#collected, start, end)
    this.#collected += length
    if (!isWhole) return null
    const frame = this.#frame
    this.#size = -1
    this.#frame = Buffer.alloc(0)
    this.#collected = 0
    return frame
  }

  #makeRoom(length: number): void {
    const needed = this.#collected + length
    if (needed <= this.#frame.length) return
    const size = Math.min(this.#size, Math.max(smallestFrameBuffer, growth * needed))
    const larger = Buffer.allocUnsafeSlow(size + 2 * frameRoomBytes).subarray(frameRoomBytes, frameRoomBytes + size)
    this.#frame.copy(larger, 0, 0, this.#collected)
    this.#frame = larger
  }
}

// The records that go out in one write, and the callbacks that wait for its sync. Small records are gathered in chunks;
// large bodies are written from where they are.
import { crc32 } from '../base/crc32.ts'
import { checkedHeaderBytes, encodeRecordHeader, recordBytes, recordHeaderBytes } from './format.ts'
import { journalLimits } from './limits.ts'

const zeros = Buffer.alloc(8)

/** Chunks for reuse: fresh memory costs more than what is written into it. */
export class ChunkPool {
  readonly #spare: Buffer[] = []

  take(atLeast: number): Buffer {
    if (atLeast > journalLimits.chunkBytes) return Buffer.allocUnsafeSlow(atLeast)
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(journalLimits.chunkBytes)
  }

  giveBack(chunk: Buffer): void {
    if (chunk.length === journalLimits.chunkBytes && this.#spare.length < journalLimits.spareChunks)
      this.#spare.push(chunk)
  }
}

export class WriteBatch {
  /** Where in the file it begins, and where it ends so far. */
  readonly start: number
  end: number
  readonly callbacks: (() => void)[] = []
  readonly #salt: number
  readonly #pool: ChunkPool
  readonly #buffers: Buffer[] = []
  readonly #chunks: Buffer[] = []
  #chunk: Buffer | undefined
  /** Written bytes of the chunk, and how many of them stand in `buffers` already. */
  #used = 0
  #taken = 0

  constructor(start: number, salt: number, pool: ChunkPool) {
    this.start = start
    this.end = start
    this.#salt = salt
    this.#pool = pool
  }

  /** Returns the position of the record. The payload is meta[0, metaLength) + head[0, headLength) + body. */
  add(type: number, meta: Buffer, metaLength: number, head: Buffer, headLength: number, body: Buffer | null): number {
    const position = this.end
    const bodyLength = body?.length ?? 0
    const payloadLength = metaLength + headLength + bodyLength
    const length = recordBytes(payloadLength)
    const inPlace = bodyLength >= journalLimits.copiedBodyBytes
    const small = recordHeaderBytes + metaLength + headLength
    const chunk = this.#reserve(inPlace ? small : length)
    const at = this.#used
    encodeRecordHeader(chunk, at, { payloadLength, type, metaLength, position, batch: this.start })
    meta.copy(chunk, at + recordHeaderBytes, 0, metaLength)
    if (headLength > 0) head.copy(chunk, at + recordHeaderBytes + metaLength, 0, headLength)
    if (!inPlace && body) body.copy(chunk, at + small)
    const copied = inPlace ? small : recordHeaderBytes + payloadLength
    let checksum = crc32(chunk.subarray(at, at + checkedHeaderBytes), this.#salt)
    checksum = crc32(chunk.subarray(at + recordHeaderBytes, at + copied), checksum)
    if (inPlace) checksum = crc32(body!, checksum)
    chunk.writeUInt32BE(checksum, at + checkedHeaderBytes)
    if (inPlace) this.#addInPlace(at + small, body!, length - recordHeaderBytes - payloadLength)
    else {
      chunk.fill(0, at + copied, at + length)
      this.#used = at + length
    }
    this.end += length
    return position
  }

  /** The vectors of the write. Nothing can be added afterwards. */
  finish(): readonly Buffer[] {
    this.#flushChunk()
    return this.#buffers
  }

  /** After the write: its memory may be used again. */
  release(): void {
    for (const chunk of this.#chunks) this.#pool.giveBack(chunk)
    this.#chunks.length = 0
    this.#buffers.length = 0
  }

  #addInPlace(used: number, body: Buffer, padding: number): void {
    this.#used = used
    this.#flushChunk()
    this.#buffers.push(body)
    if (padding > 0) this.#buffers.push(zeros.subarray(0, padding))
  }

  #reserve(length: number): Buffer {
    if (this.#chunk && this.#used + length <= this.#chunk.length) return this.#chunk
    this.#flushChunk()
    const chunk = this.#pool.take(length)
    this.#chunks.push(chunk)
    this.#chunk = chunk
    this.#used = 0
    this.#taken = 0
    return chunk
  }

  #flushChunk(): void {
    if (this.#chunk && this.#used > this.#taken) this.#buffers.push(this.#chunk.subarray(this.#taken, this.#used))
    this.#taken = this.#used
  }
}

// The encoding of ZooKeeper's requests and answers (jute): big-endian integers; buffers and strings with their length in front, -1 for none;
// vectors with their count.
import { FlotillaError } from '../../../base/errors.ts'

export class JuteWriter {
  readonly #parts: Buffer[] = []

  int(value: number): this {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    return this.#add(bytes)
  }

  long(value: bigint): this {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(value)
    return this.#add(bytes)
  }

  bool(value: boolean): this {
    return this.#add(Buffer.from([value ? 1 : 0]))
  }

  buffer(value: Buffer): this {
    return this.int(value.length).#add(value)
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value))
  }

  strings(values: Iterable<string>): this {
    const all = [...values]
    this.int(all.length)
    for (const value of all) this.string(value)
    return this
  }

  /** With the length in front, as it is sent. */
  frame(): Buffer {
    const body = Buffer.concat(this.#parts)
    const size = Buffer.allocUnsafe(4)
    size.writeInt32BE(body.length)
    return Buffer.concat([size, body])
  }

  #add(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }
}

/** Throws FlotillaError ZOOKEEPER_FRAME when there is less than what is read. */
export class JuteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int(): number {
    return this.#take(4).readInt32BE()
  }

  long(): bigint {
    return this.#take(8).readBigInt64BE()
  }

  bool(): boolean {
    return this.#take(1)[0] !== 0
  }

  /** Empty for none. */
  buffer(): Buffer {
    const length = this.int()
    return length < 0 ? Buffer.alloc(0) : this.#take(length)
  }

  string(): string {
    return this.buffer().toString()
  }

  strings(): string[] {
    const count = this.int()
    const values: string[] = []
    for (let index = 0; index < count; index++) values.push(this.string())
    return values
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length)
      throw new FlotillaError(
        'ZOOKEEPER_FRAME',
        `Cannot read an answer of ZooKeeper: it ends at ${this.#bytes.length} of ${end} bytes`,
      )
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}

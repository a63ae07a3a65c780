// Remembers what some bytes were decoded to, for things that mostly come again as they were: the ids in the commands of one
// connection. To compare sixty bytes costs a fraction of making the strings of an id again, and the same object as before
// lets the next layer skip its own work, too.
import { dataViewOf } from './data-view.ts'

/** Longer ones are not worth it: ids and names of destinations are shorter. */
const maxBytes = 160

export class ByteMemo<T> {
  #bytes: Buffer | null = null
  /** The same, four bytes each. */
  readonly #words = new Int32Array(maxBytes / 4)
  #length = 0
  #value: T | null = null

  /** What was remembered, if its bytes are those at `position`; else null. */
  recall(buffer: Buffer, position: number): T | null {
    const bytes = this.#bytes
    const words = this.#words
    const length = this.#length
    if (bytes === null || buffer.length - position < length) return null
    // Ids of one kind differ at their end, if at all.
    let index = length - 1
    for (; (index & 3) !== 3; index--) if (bytes[index] !== buffer[position + index]) return null
    if (index < 0) return this.#value
    const view = dataViewOf(buffer)
    const at = buffer.byteOffset + position
    for (index -= 3; index >= 0; index -= 4) if (words[index >> 2] !== view.getInt32(at + index)) return null
    return this.#value
  }

  /** How many bytes the remembered ones are. */
  get length(): number {
    return this.#length
  }

  /** `value` was decoded from `buffer[start..end)`, and from nothing else. False: it is not kept, what was before is. */
  remember(buffer: Buffer, start: number, end: number, value: T): boolean {
    if (end - start > maxBytes || end === start) return false
    this.#bytes ??= Buffer.allocUnsafe(maxBytes)
    buffer.copy(this.#bytes, 0, start, end)
    for (let index = 0; index < this.#words.length; index++) this.#words[index] = this.#bytes.readInt32BE(4 * index)
    this.#length = end - start
    this.#value = value
    return true
  }
}

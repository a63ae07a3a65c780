// The messages of one holder, ascending by sequence. Removed ones leave a hole until half of the array is holes.
import type { FoundMessage, Sequence } from '../held-message.ts'
import { memoryStoreLimits } from './limits.ts'

export class MemoryQueue {
  messages = 0
  bytes = 0
  #entries: { readonly sequence: Sequence; bytes: Buffer | undefined }[] = []

  /** What they take of the store's limit. */
  get takenBytes(): number {
    return this.bytes + this.messages * memoryStoreLimits.messageOverheadBytes
  }

  add(sequence: Sequence, bytes: Buffer): void {
    this.#entries.push({ sequence, bytes })
    this.messages++
    this.bytes += bytes.length
  }

  /** Returns how many bytes it had; undefined when there is no such message. */
  remove(sequence: Sequence): number | undefined {
    const entry = this.#entries[this.#firstAfter(sequence - 1)]
    if (entry?.sequence !== sequence || !entry.bytes) return undefined
    const { length } = entry.bytes
    this.messages--
    this.bytes -= length
    entry.bytes = undefined
    if (this.#entries.length > 64 && this.messages < this.#entries.length / 2)
      this.#entries = this.#entries.filter((kept) => kept.bytes)
    return length
  }

  read(after: Sequence, upTo: Sequence, maxMessages: number, maxBytes: number): FoundMessage[] {
    const found: FoundMessage[] = []
    let total = 0
    for (let index = this.#firstAfter(after); index < this.#entries.length; index++) {
      const { sequence, bytes } = this.#entries[index]!
      if (sequence > upTo || found.length >= maxMessages) break
      if (!bytes) continue
      if (found.length > 0 && total + bytes.length > maxBytes) break
      found.push({ sequence, bytes })
      total += bytes.length
    }
    return found
  }

  #firstAfter(sequence: Sequence): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.sequence <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}

// The messages of one queue or topic, ascending by sequence, each with how many want it. Removed ones leave a hole until half of the array is holes.
import type { FoundMessage, Sequence } from '../held-message.ts'
import { memoryStoreLimits } from './limits.ts'

export class MemoryQueue {
  messages = 0
  bytes = 0
  #entries: { readonly sequence: Sequence; bytes: Buffer | undefined; wantedBy: number }[] = []

  /** What they take of the store's limit. */
  get takenBytes(): number {
    return this.bytes + this.messages * memoryStoreLimits.messageOverheadBytes
  }

  add(sequence: Sequence, bytes: Buffer, wantedBy = 1): void {
    this.#entries.push({ sequence, bytes, wantedBy })
    this.messages++
    this.bytes += bytes.length
  }

  /** Returns how many bytes it had before; undefined when there is no such message. */
  update(sequence: Sequence, bytes: Buffer): number | undefined {
    const entry = this.#find(sequence)
    if (!entry?.bytes) return undefined
    const { length } = entry.bytes
    entry.bytes = bytes
    this.bytes += bytes.length - length
    return length
  }

  /** Returns how many bytes it had; undefined when there is no such message. */
  remove(sequence: Sequence): number | undefined {
    const entry = this.#find(sequence)
    if (!entry?.bytes) return undefined
    const { length } = entry.bytes
    this.messages--
    this.bytes -= length
    entry.bytes = undefined
    if (this.#entries.length > 64 && this.messages < this.#entries.length / 2)
      this.#entries = this.#entries.filter((kept) => kept.bytes)
    return length
  }

  bytesOf(sequence: Sequence): number | undefined {
    return this.#find(sequence)?.bytes?.length
  }

  /** The last message before this sequence; 0 when there is none. */
  lastBefore(sequence: Sequence): Sequence {
    for (let index = this.#firstAfter(sequence - 1) - 1; index >= 0; index--)
      if (this.#entries[index]!.bytes) return this.#entries[index]!.sequence
    return 0
  }

  sequencesAfter(after: Sequence): Sequence[] {
    return this.#entries.slice(this.#firstAfter(after)).flatMap(({ sequence, bytes }) => (bytes ? [sequence] : []))
  }

  /** One wants it less; returns how many still do. */
  wantedLess(sequence: Sequence): number {
    const entry = this.#find(sequence)
    return entry ? --entry.wantedBy : 0
  }

  /** `isLeftOut`: as if it had been removed. */
  read(
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
    isLeftOut: (sequence: Sequence) => boolean = () => false,
  ): FoundMessage[] {
    const found: FoundMessage[] = []
    let total = 0
    for (let index = this.#firstAfter(after); index < this.#entries.length; index++) {
      const { sequence, bytes } = this.#entries[index]!
      if (sequence > upTo || found.length >= maxMessages) break
      if (!bytes || isLeftOut(sequence)) continue
      if (found.length > 0 && total + bytes.length > maxBytes) break
      found.push({ sequence, bytes })
      total += bytes.length
    }
    return found
  }

  #find(sequence: Sequence): { bytes: Buffer | undefined; wantedBy: number } | undefined {
    const entry = this.#entries[this.#firstAfter(sequence - 1)]
    return entry?.sequence === sequence ? entry : undefined
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

// The messages of one queue or topic that the database has: 8 bytes for each, its sequence and its size, ascending by sequence, in
// chunks of typed arrays. For those of a topic four more count how many subscriptions still want it, where that is not one.
//
// Messages are added at the end. Removed ones keep their place, marked, until most of their chunk is gone.
import { assert } from '../../base/assert.ts'
import type { Sequence } from '../held-message.ts'
import { sqlStoreLimits } from './limits.ts'

const chunkEntries = 1024
const smallestChunk = 16
/** Instead of a size. */
const removedSize = 0xffff_ffff

export class SizeIndex {
  /** Messages that were not removed, and the sum of their bytes. */
  messages = 0
  bytes = 0
  #chunks: Chunk[] = []

  /** What they take of the store's limit. */
  get takenBytes(): number {
    return this.bytes + this.messages * sqlStoreLimits.messageOverheadBytes
  }

  /** Larger sequences than before only. */
  add(sequence: Sequence, bytes: number, wantedBy = 1): void {
    let chunk = this.#chunks.at(-1)
    if (!chunk?.takes(sequence)) {
      // A queue that filled its last one will fill the next.
      chunk = new Chunk(sequence, chunk?.isFull ? chunkEntries : smallestChunk)
      this.#chunks.push(chunk)
    }
    chunk.add(sequence, bytes, wantedBy)
    this.messages++
    this.bytes += bytes
  }

  /** Returns how many bytes it had before; undefined when there is no such message. */
  update(sequence: Sequence, bytes: number): number | undefined {
    const chunk = this.#chunks[this.#chunkOf(sequence)]
    const place = chunk?.find(sequence)
    if (place === undefined) return undefined
    const before = chunk!.bytesAt(place)
    chunk!.setBytes(place, bytes)
    this.bytes += bytes - before
    return before
  }

  /** Returns how many bytes it had; undefined when there is no such message. */
  remove(sequence: Sequence): number | undefined {
    const index = this.#chunkOf(sequence)
    const chunk = this.#chunks[index]
    const place = chunk?.find(sequence)
    if (place === undefined) return undefined
    const bytes = chunk!.bytesAt(place)
    chunk!.markRemoved(place)
    this.messages--
    this.bytes -= bytes
    if (chunk!.live === 0) this.#chunks.splice(index, 1)
    else if (chunk!.length > 4 * smallestChunk && chunk!.live < chunk!.length / 4) chunk!.compact()
    return bytes
  }

  bytesOf(sequence: Sequence): number | undefined {
    const chunk = this.#chunks[this.#chunkOf(sequence)]
    const place = chunk?.find(sequence)
    return place === undefined ? undefined : chunk!.bytesAt(place)
  }

  /** The last message before this sequence; 0 when there is none. */
  lastBefore(sequence: Sequence): Sequence {
    for (let index = this.#chunkOf(sequence - 1); index >= 0; index--) {
      const chunk = this.#chunks[index]!
      for (let place = chunk.placeOf(sequence) - 1; place >= 0; place--)
        if (!chunk.isRemoved(place)) return chunk.sequenceAt(place)
    }
    return 0
  }

  sequencesAfter(after: Sequence): Sequence[] {
    const sequences: Sequence[] = []
    this.#scan(after, (sequence) => sequences.push(sequence) > 0)
    return sequences
  }

  /** One wants it less; returns how many still do. */
  wantedLess(sequence: Sequence): number {
    const chunk = this.#chunks[this.#chunkOf(sequence)]
    const place = chunk?.find(sequence)
    return place === undefined ? 0 : chunk!.wantedLess(place)
  }

  /**
   * Up to `maxMessages` and about `maxBytes` (at least one message) with sequences in (after, upTo], ascending. `isLeftOut`: as if it
   * had been removed.
   */
  page(
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
    isLeftOut: (sequence: Sequence) => boolean = () => false,
  ): Sequence[] {
    const found: Sequence[] = []
    let total = 0
    this.#scan(after, (sequence, bytes) => {
      if (sequence > upTo || found.length >= maxMessages) return false
      if (isLeftOut(sequence)) return true
      if (found.length > 0 && total + bytes > maxBytes) return false
      total += bytes
      found.push(sequence)
      return true
    })
    return found
  }

  /** Until `visit` returns false. */
  #scan(after: Sequence, visit: (sequence: Sequence, bytes: number) => boolean): void {
    for (let index = Math.max(0, this.#chunkOf(after)); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      const first = chunk.base > after ? 0 : chunk.placeOf(after + 1)
      for (let place = first; place < chunk.length; place++)
        if (!chunk.isRemoved(place) && !visit(chunk.sequenceAt(place), chunk.bytesAt(place))) return
    }
  }

  /** The last chunk that begins at or before `sequence`; -1 when there is none. */
  #chunkOf(sequence: Sequence): number {
    let low = 0
    let high = this.#chunks.length
    if (high > 0 && this.#chunks[high - 1]!.base <= sequence) return high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.base <= sequence) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** Up to 1024 neighbouring messages. */
class Chunk {
  readonly base: Sequence
  length = 0
  live = 0
  /** Sequence - base, and bytes, for each. */
  #numbers: Uint32Array
  /** null: one wants each. */
  #wanted: Uint32Array | null = null

  constructor(base: Sequence, entries: number) {
    this.base = base
    this.#numbers = new Uint32Array(2 * entries)
  }

  get isFull(): boolean {
    return this.length === chunkEntries
  }

  takes(sequence: Sequence): boolean {
    return !this.isFull && sequence - this.base <= 0xffff_ffff
  }

  add(sequence: Sequence, bytes: number, wantedBy: number): void {
    const place = this.length
    assert(place === 0 || sequence > this.sequenceAt(place - 1), 'Sequences grow with every message')
    if (2 * place === this.#numbers.length) this.#grow()
    this.#numbers[2 * place] = sequence - this.base
    this.#numbers[2 * place + 1] = bytes
    this.length++
    this.live++
    if (wantedBy !== 1 || this.#wanted) this.#setWanted(place, wantedBy)
  }

  sequenceAt(place: number): Sequence {
    return this.base + this.#numbers[2 * place]!
  }

  bytesAt(place: number): number {
    return this.#numbers[2 * place + 1]!
  }

  setBytes(place: number, bytes: number): void {
    this.#numbers[2 * place + 1] = bytes
  }

  isRemoved(place: number): boolean {
    return this.bytesAt(place) === removedSize
  }

  markRemoved(place: number): void {
    this.setBytes(place, removedSize)
    this.live--
  }

  wantedLess(place: number): number {
    const wanted = (this.#wanted?.[place] ?? 1) - 1
    this.#setWanted(place, wanted)
    return wanted
  }

  /** The first place whose sequence is not smaller. */
  placeOf(sequence: Sequence): number {
    const wanted = sequence - this.base
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#numbers[2 * middle]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The place of one that was not removed. */
  find(sequence: Sequence): number | undefined {
    const place = this.placeOf(sequence)
    return place < this.length && this.sequenceAt(place) === sequence && !this.isRemoved(place) ? place : undefined
  }

  /** Forgets removed entries and the room they took. */
  compact(): void {
    const kept = new Chunk(this.base, smallestChunk)
    for (let place = 0; place < this.length; place++)
      if (!this.isRemoved(place)) kept.add(this.sequenceAt(place), this.bytesAt(place), this.#wanted?.[place] ?? 1)
    this.length = kept.length
    this.#numbers = kept.#numbers
    this.#wanted = kept.#wanted
  }

  #setWanted(place: number, count: number): void {
    this.#wanted ??= new Uint32Array(this.#numbers.length / 2).fill(1)
    this.#wanted[place] = count
  }

  #grow(): void {
    const numbers = new Uint32Array(2 * this.#numbers.length)
    numbers.set(this.#numbers)
    this.#numbers = numbers
    if (!this.#wanted) return
    const wanted = new Uint32Array(2 * this.#wanted.length)
    wanted.set(this.#wanted)
    this.#wanted = wanted
  }
}

// Where the messages of one queue or topic are: 18 bytes for each, ascending by sequence, in chunks of typed arrays. For those of
// a topic four more count how many subscriptions still want it, from the first time that this is said.
//
// Messages are added at the end, save for recovery, where moved ones turn up late. Removed ones keep their place, marked,
// until most of their chunk is gone.
import { assert } from '../../base/assert.ts'
import { entryParts } from '../../journal/summary.ts'
import type { MessageLocation } from './message-location.ts'
import { sequenceAt, type MessageRun } from './message-run.ts'
import type { Sequence } from '../held-message.ts'

/** What was taken of a run, and where it goes on. */
interface AppendedRun {
  end: number
  bodyBytes: number
  headBytes: number
}

const chunkEntries = 1024
const smallestChunk = 16

export class MessageIndex {
  /** Messages that were not removed, and the sum of their bytes. */
  messages = 0
  bytes = 0
  #chunks: Chunk[] = []

  /** Adds a message, or gives a known one another place; returns the old place then, when it was not removed. */
  set(location: Readonly<MessageLocation>): MessageLocation | undefined {
    const { sequence } = location
    let index = this.#chunkOf(sequence)
    if (index < 0) {
      this.#chunks.unshift(new Chunk(sequence))
      index = 0
    }
    let chunk = this.#chunks[index]!
    const place = chunk.placeOf(sequence)
    if (place < chunk.length && chunk.sequenceAt(place) === sequence) return this.#replace(chunk, place, location)
    if (chunk.length === chunkEntries || sequence - chunk.base > 0xffff_ffff) {
      if (place < chunk.length) {
        this.#chunks.splice(index + 1, 0, chunk.split())
        return this.set(location)
      }
      // A queue that filled its last one will fill the next.
      const fills = chunk.length === chunkEntries && index === this.#chunks.length - 1
      chunk = new Chunk(sequence, fills ? chunkEntries : smallestChunk)
      this.#chunks.splice(index + 1, 0, chunk)
      chunk.insert(0, location)
    } else chunk.insert(place, location)
    this.messages++
    this.bytes += location.bodyLength - location.headLength
    return undefined
  }

  /** As `set`, for a message behind all others; false, and nothing is done, when it is not, or when there is no room ready. */
  append(sequence: Sequence, segment: number, position: number, bodyLength: number, headLength: number): boolean {
    const chunk = this.#chunks[this.#chunks.length - 1]
    if (!chunk || !chunk.append(sequence, segment, position, bodyLength, headLength)) return false
    this.messages++
    this.bytes += bodyLength - headLength
    return true
  }

  /** Adds messages of a run from `start` on, as long as each stands behind all others. */
  appendRun(run: MessageRun, start: number): Readonly<AppendedRun> {
    const appended = { end: start, bodyBytes: 0, headBytes: 0 }
    for (let takes = true; takes && appended.end < run.end;)
      takes = this.#lastWithRoom(sequenceAt(run, appended.end))?.appendRun(run, appended) ?? false
    this.messages += (appended.end - start) / run.stride
    this.bytes += appended.bodyBytes - appended.headBytes
    return appended
  }

  /** The place of a message that is known and not removed. */
  get(sequence: Sequence): MessageLocation | undefined {
    const chunk = this.#chunks[this.#chunkOf(sequence)]
    if (!chunk) return undefined
    const place = chunk.placeOf(sequence)
    return chunk.hasAt(place, sequence) ? chunk.read(place, emptyLocation()) : undefined
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

  /** How many want it; 0 for an unknown one. */
  wantedBy(sequence: Sequence): number {
    const chunk = this.#chunks[this.#chunkOf(sequence)]
    const place = chunk?.placeOf(sequence) ?? 0
    return chunk?.hasAt(place, sequence) ? chunk.wantedAt(place) : 0
  }

  setWanted(sequence: Sequence, count: number): void {
    const chunk = this.#chunks[this.#chunkOf(sequence)]!
    chunk.setWanted(chunk.placeOf(sequence), count)
  }

  /**
   * Counts anew how many want each message behind `after`, up to `upTo`: `count` is called with what was counted before.
   * Returns those that nobody wants.
   */
  recount(
    after: Sequence,
    upTo: Sequence,
    count: (sequence: Sequence, bytes: number, wantedBy: number) => number,
  ): Sequence[] {
    const unwanted: Sequence[] = []
    for (let index = Math.max(0, this.#chunkOf(after)); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      const first = chunk.base > after ? 0 : chunk.placeOf(after + 1)
      for (let place = first; place < chunk.length; place++) {
        if (chunk.isRemoved(place)) continue
        const sequence = chunk.sequenceAt(place)
        if (sequence > upTo) return unwanted
        const wantedBy = count(sequence, chunk.bytesAt(place), chunk.wantedAt(place))
        chunk.setWanted(place, wantedBy)
        if (wantedBy === 0) unwanted.push(sequence)
      }
    }
    return unwanted
  }

  /** Returns where the message was; undefined when it is not known or was removed before. */
  remove(sequence: Sequence): MessageLocation | undefined {
    const index = this.#chunkOf(sequence)
    const chunk = this.#chunks[index]
    if (!chunk) return undefined
    const place = chunk.placeOf(sequence)
    if (!chunk.hasAt(place, sequence)) return undefined
    const location = chunk.read(place, emptyLocation())
    chunk.markRemoved(place)
    this.messages--
    this.bytes -= location.bodyLength - location.headLength
    if (chunk.live === 0) this.#chunks.splice(index, 1)
    else if (chunk.length > 4 * smallestChunk && chunk.live < chunk.length / 4) chunk.compact()
    return location
  }

  /**
   * Visits messages that were not removed with sequences above `after`, ascending, until `visit` returns false. The
   * location is reused; nothing may be added or removed meanwhile.
   */
  scan(after: Sequence, visit: (location: Readonly<MessageLocation>) => boolean): void {
    const location = emptyLocation()
    for (let index = Math.max(0, this.#chunkOf(after)); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      const first = chunk.base > after ? 0 : chunk.placeOf(after + 1)
      for (let place = first; place < chunk.length; place++) {
        if (!chunk.isRemoved(place) && !visit(chunk.read(place, location))) return
      }
    }
  }

  #replace(chunk: Chunk, place: number, location: Readonly<MessageLocation>): MessageLocation | undefined {
    const old = chunk.isRemoved(place) ? undefined : chunk.read(place, emptyLocation())
    chunk.write(place, location)
    this.bytes += location.bodyLength - location.headLength
    if (old) this.bytes -= old.bodyLength - old.headLength
    else {
      this.messages++
      chunk.restore(place)
    }
    return old
  }

  /** The last chunk, with room for one more; undefined when `sequence` does not stand behind all others. */
  #lastWithRoom(sequence: Sequence): Chunk | undefined {
    const last = this.#chunks[this.#chunks.length - 1]
    if (last && sequence <= last.lastSequence) return undefined
    if (last?.makeRoom()) return last
    // A queue that filled its last one will fill the next.
    const next = new Chunk(sequence, last ? chunkEntries : smallestChunk)
    this.#chunks.push(next)
    return next
  }

  /** The last chunk that begins at or before `sequence`; -1 when there is none. */
  #chunkOf(sequence: Sequence): number {
    const last = this.#chunks.length - 1
    if (last < 0 || this.#chunks[last]!.base <= sequence) return last
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.base <= sequence) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

const emptyLocation = (): MessageLocation => ({ sequence: 0, segment: 0, position: 0, bodyLength: 0, headLength: 0 })

/** Sequence - base, segment, position/8, bodyLength: four numbers for each entry; and the headLength. */
interface Columns {
  readonly numbers: Uint32Array<ArrayBuffer>
  readonly heads: Uint16Array<ArrayBuffer>
}

/** Not cleared, which would cost more than all else: nothing is read of it before it was written. */
function columnsFor(entries: number): Columns {
  const { buffer } = Buffer.allocUnsafeSlow(entries * 18)
  return { numbers: new Uint32Array(buffer, 0, entries * 4), heads: new Uint16Array(buffer, entries * 16, entries) }
}

/** One bit for each entry, shared by the chunks that have none set: never written to. */
const nothingRemoved = new Uint32Array(chunkEntries / 32)

/** Up to 1024 neighbouring messages. */
class Chunk {
  readonly base: Sequence
  length = 0
  live = 0
  #numbers: Uint32Array<ArrayBuffer>
  #heads: Uint16Array<ArrayBuffer>
  #removed = nothingRemoved
  /** null until somebody counts. What was not counted is 0. */
  #wanted: Uint32Array<ArrayBuffer> | null = null

  constructor(base: Sequence, entries = smallestChunk) {
    this.base = base
    const { numbers, heads } = columnsFor(entries)
    this.#numbers = numbers
    this.#heads = heads
  }

  sequenceAt(place: number): Sequence {
    return this.base + this.#numbers[place * 4]!
  }

  get lastSequence(): Sequence {
    return this.sequenceAt(this.length - 1)
  }

  /** The first place whose sequence is not smaller. */
  placeOf(sequence: Sequence): number {
    const wanted = sequence - this.base
    const last = this.length - 1
    if (last >= 0 && this.#numbers[last * 4]! < wanted) return this.length
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#numbers[middle * 4]! < wanted) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Whether the message of this sequence stands there and was not removed. */
  hasAt(place: number, sequence: Sequence): boolean {
    return place < this.length && this.sequenceAt(place) === sequence && !this.isRemoved(place)
  }

  bytesAt(place: number): number {
    return this.#numbers[place * 4 + 3]! - this.#heads[place]!
  }

  wantedAt(place: number): number {
    return this.#wanted === null ? 0 : this.#wanted[place]!
  }

  setWanted(place: number, count: number): void {
    this.#wanted ??= new Uint32Array(this.#heads.length)
    this.#wanted[place] = count
  }

  isRemoved(place: number): boolean {
    return (this.#removed[place >>> 5]! & (1 << (place & 31))) !== 0
  }

  markRemoved(place: number): void {
    if (this.#removed === nothingRemoved) this.#removed = new Uint32Array(nothingRemoved.length)
    this.#removed[place >>> 5]! |= 1 << (place & 31)
    this.live--
  }

  restore(place: number): void {
    this.#removed[place >>> 5]! &= ~(1 << (place & 31))
    this.live++
  }

  read(place: number, into: MessageLocation): MessageLocation {
    const at = place * 4
    into.sequence = this.base + this.#numbers[at]!
    into.segment = this.#numbers[at + 1]!
    into.position = this.#numbers[at + 2]! * 8
    into.bodyLength = this.#numbers[at + 3]!
    into.headLength = this.#heads[place]!
    return into
  }

  write(place: number, location: Readonly<MessageLocation>): void {
    const at = place * 4
    this.#numbers[at] = location.sequence - this.base
    this.#numbers[at + 1] = location.segment
    this.#numbers[at + 2] = location.position / 8
    this.#numbers[at + 3] = location.bodyLength
    this.#heads[place] = location.headLength
  }

  append(sequence: Sequence, segment: number, position: number, bodyLength: number, headLength: number): boolean {
    const place = this.length
    const offset = sequence - this.base
    const numbers = this.#numbers
    if (place === this.#heads.length || offset > 0xffff_ffff) return false
    if (place === 0 || numbers[(place - 1) * 4]! >= offset) return false
    const at = place * 4
    numbers[at] = offset
    numbers[at + 1] = segment
    numbers[at + 2] = position / 8
    numbers[at + 3] = bodyLength
    this.#heads[place] = headLength
    if (this.#wanted !== null) this.#wanted[place] = 0
    this.length++
    this.live++
    return true
  }

  /** Messages of the run from `appended.end` on, as long as they ascend and there is room; false: there was none. */
  appendRun({ view, end, stride, segment, firstSequence, parts }: MessageRun, appended: AppendedRun): boolean {
    const { length } = this
    const [numbers, heads] = [this.#numbers, this.#heads]
    const first = firstSequence - this.base
    let last = length === 0 ? -1 : numbers[(length - 1) * 4]!
    let [place, at, bodyBytes, headBytes] = [length, appended.end, 0, 0]
    for (; at < end && place < heads.length; at += stride) {
      const offset = first + view.getUint32(at + parts.ordinal)
      if (offset <= last || offset > 0xffff_ffff) break
      last = offset
      const bodyLength = view.getUint32(at + entryParts.bodyLength)
      const headLength = view.getUint16(at + parts.headLength)
      numbers[place * 4] = offset
      numbers[place * 4 + 1] = segment
      numbers[place * 4 + 2] = view.getUint32(at + entryParts.position)
      numbers[place * 4 + 3] = bodyLength
      heads[place] = headLength
      bodyBytes += bodyLength
      headBytes += headLength
      place++
    }
    this.#wanted?.fill(0, length, place)
    this.length = place
    this.live += place - length
    appended.end = at
    appended.bodyBytes += bodyBytes
    appended.headBytes += headBytes
    return place > length
  }

  /** Whether there is room for one more. */
  makeRoom(): boolean {
    if (this.length < this.#heads.length) return true
    if (this.length === chunkEntries) return false
    this.#resize(this.length * 2)
    return true
  }

  insert(place: number, location: Readonly<MessageLocation>): void {
    const hasRoom = this.makeRoom()
    assert(hasRoom, 'A full chunk takes no more entries')
    if (place < this.length) this.#shift(place)
    this.length++
    this.live++
    this.write(place, location)
    if (this.#wanted !== null) this.#wanted[place] = 0
  }

  /** Takes the upper half out into a chunk of its own. */
  split(): Chunk {
    const middle = this.length >>> 1
    const upper = new Chunk(this.sequenceAt(middle))
    const location = emptyLocation()
    for (let place = middle; place < this.length; place++) {
      if (this.isRemoved(place)) this.#removed[place >>> 5]! &= ~(1 << (place & 31))
      else {
        upper.insert(upper.length, this.read(place, location))
        if (this.#wanted !== null) upper.setWanted(upper.length - 1, this.#wanted[place]!)
        this.live--
      }
    }
    this.length = middle
    return upper
  }

  /** Forgets removed entries and the room they took. */
  compact(): void {
    const kept = new Chunk(this.base)
    const location = emptyLocation()
    for (let place = 0; place < this.length; place++) {
      if (this.isRemoved(place)) continue
      kept.insert(kept.length, this.read(place, location))
      if (this.#wanted !== null) kept.setWanted(kept.length - 1, this.#wanted[place]!)
    }
    this.length = kept.length
    this.live = kept.live
    this.#numbers = kept.#numbers
    this.#heads = kept.#heads
    this.#removed = kept.#removed
    this.#wanted = kept.#wanted
  }

  #shift(place: number): void {
    this.#numbers.copyWithin((place + 1) * 4, place * 4, this.length * 4)
    this.#heads.copyWithin(place + 1, place, this.length)
    this.#wanted?.copyWithin(place + 1, place, this.length)
    if (this.#removed === nothingRemoved) return
    for (let above = this.length; above > place; above--) {
      const bit = 1 << (above & 31)
      if (this.isRemoved(above - 1)) this.#removed[above >>> 5]! |= bit
      else this.#removed[above >>> 5]! &= ~bit
    }
    this.#removed[place >>> 5]! &= ~(1 << (place & 31))
  }

  #resize(entries: number): void {
    const { numbers, heads } = columnsFor(entries)
    numbers.set(this.#numbers)
    heads.set(this.#heads)
    this.#numbers = numbers
    this.#heads = heads
    if (this.#wanted === null) return
    const wanted = new Uint32Array(entries)
    wanted.set(this.#wanted)
    this.#wanted = wanted
  }
}

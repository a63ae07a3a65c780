// The segments of a writer: the one that records go to, and all that came before and still count.
import type { Clock } from '../base/clock.ts'
import type { DiskFile } from '../disk/disk.ts'
import { encodeSegmentHeader, predecessorBytes, type Predecessor } from './format.ts'
import type { SegmentSpace } from './segment-space.ts'
import { SummaryBuilder } from './summary.ts'
import type { WriteBatch } from './write-batch.ts'

export interface OpenSegment {
  readonly number: number
  readonly salt: number
  readonly header: Buffer
  readonly summary: SummaryBuilder
  file: DiskFile | undefined
  space: SegmentSpace | undefined
  /** Behind the last record of the preamble. */
  preambleEnd: number
  end: number
  closed: boolean
}

/** Records for one segment that go out in one write. */
export interface QueuedBatch {
  readonly segment: OpenSegment
  readonly batch: WriteBatch
  /** It is the first of its segment. */
  readonly createsFile: boolean
  /** The user's number when it took its last record. */
  mark: number | undefined
}

export interface OpenSegmentsOptions {
  readonly term: number
  readonly maxFileLength: number
  /** All segments that count besides those that this writer makes. */
  readonly predecessors: readonly Predecessor[]
  readonly makeSalt: () => number
  readonly clock: Pick<Clock, 'nowMs'>
}

export class OpenSegments {
  current!: OpenSegment
  readonly #options: OpenSegmentsOptions
  readonly #predecessors = new Map<number, Predecessor>()

  constructor(options: OpenSegmentsOptions) {
    this.#options = options
    for (const predecessor of options.predecessors) this.#predecessors.set(predecessor.number, predecessor)
  }

  /** Bytes of all segments that count, as far as they are queued. */
  get bytes(): number {
    let total = this.current.end
    for (const { length } of this.#predecessors.values()) total += length
    return total
  }

  /** Of a segment that is there and not forgotten. */
  saltOf(number: number): number | undefined {
    return this.current.number === number ? this.current.salt : this.#predecessors.get(number)?.salt
  }

  predecessor(number: number): Predecessor | undefined {
    return this.#predecessors.get(number)
  }

  forget(number: number): void {
    this.#predecessors.delete(number)
  }

  begin(number: number): OpenSegment {
    const { term, makeSalt, clock } = this.#options
    const salt = makeSalt()
    const identity = { number, term, salt, createdMs: clock.nowMs() }
    const header = encodeSegmentHeader(identity, [...this.#predecessors.values()])
    this.current = {
      number,
      salt,
      header,
      summary: new SummaryBuilder(),
      file: undefined,
      space: undefined,
      preambleEnd: 0,
      end: header.length,
      closed: false,
    }
    return this.current
  }

  /** The current segment takes no more records. */
  close(): void {
    const segment = this.current
    const { number, salt, end } = segment
    segment.closed = true
    this.#predecessors.set(number, { number, term: this.#options.term, salt, length: end })
  }

  /** A record always fits into a new one. */
  isFull(length: number): boolean {
    const { preambleEnd, end } = this.current
    return end > preambleEnd && end + length > this.#fullLength(preambleEnd)
  }

  /**
   * What records of this length, all together, add to the journal: they and the preambles of the segments that are begun for
   * them. Not more than that, unless preambles become longer than the one before, or others append meanwhile.
   */
  costOf(length: number): number {
    const { preambleEnd, end } = this.current
    return end + length <= this.#fullLength(preambleEnd) ? length : this.costOfNext(length)
  }

  /** The same of records that begin the next segment. */
  costOfNext(length: number): number {
    const preamble = this.current.preambleEnd + predecessorBytes
    const room = this.#fullLength(preamble) - preamble
    // The first record of each did not fit into the one before: two neighbours hold more than there is room for in one.
    const segments = length <= room ? 1 : Math.ceil((2 * length) / room)
    return length + segments * (preamble + (predecessorBytes * (segments - 1)) / 2)
  }

  /** A preamble leaves room for half a segment at least, or segments would hold little else. */
  #fullLength(preambleEnd: number): number {
    const { maxFileLength } = this.#options
    return Math.max(maxFileLength, preambleEnd + maxFileLength / 2)
  }
}

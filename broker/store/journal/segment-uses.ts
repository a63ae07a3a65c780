// What each segment of the journal is still needed for. A segment may go when none of its records is needed, and when what
// it tells about other segments has been told again elsewhere.
import type { Sequence } from '../held-message.ts'

export interface SegmentUse {
  /** Messages whose only copy is here, and what their records take at most, but for `longerBytes`. */
  live: number
  liveBytes: number
  /** What the records of all its messages, also of those that are gone, have besides that (`except` of topics). */
  longerBytes: number
  /** Records of open transactions. */
  pins: number
  /** Older segments with messages of which this one says that they are gone (removed or moved). */
  readonly tellsOf: Set<number>
  /** Transactions that were committed here, with messages that are in older segments. */
  readonly commits: CommittedElsewhere[]
}

export interface CommittedElsewhere {
  readonly queues: ReadonlySet<number>
  readonly firstSequence: Sequence
  readonly count: number
}

/** What a record takes besides its body, at most. */
const recordOverhead = 40

export class SegmentUses {
  readonly #uses = new Map<number, SegmentUse>()
  /** Called with a segment that lost a live message or a pin. */
  readonly #onShrunk: (segment: number, use: SegmentUse) => void
  /** The one asked for last: nearly always the next, too. */
  #lastSegment = -1
  #lastUse: SegmentUse | undefined

  constructor(onShrunk: (segment: number, use: SegmentUse) => void) {
    this.#onShrunk = onShrunk
  }

  of(segment: number): SegmentUse {
    if (segment === this.#lastSegment) return this.#lastUse!
    let use = this.#uses.get(segment)
    if (!use) {
      use = { live: 0, liveBytes: 0, longerBytes: 0, pins: 0, tellsOf: new Set(), commits: [] }
      this.#uses.set(segment, use)
    }
    this.#lastSegment = segment
    this.#lastUse = use
    return use
  }

  has(segment: number): boolean {
    return this.#uses.has(segment)
  }

  entries(): Iterable<readonly [number, SegmentUse]> {
    return this.#uses
  }

  /** Several messages, or one, and the sum of their bodies. */
  addLive(segment: number, bodyBytes: number, messages = 1): void {
    const use = this.of(segment)
    use.live += messages
    use.liveBytes += bodyBytes + messages * recordOverhead
  }

  /** The record of a message is so much longer than others. */
  lengthen(segment: number, bytes: number): void {
    this.of(segment).longerBytes += bytes
  }

  dropLive(segment: number, bodyLength: number): void {
    const use = this.of(segment)
    use.live--
    use.liveBytes -= bodyLength + recordOverhead
    this.#onShrunk(segment, use)
  }

  pin(segment: number, count = 1): void {
    this.of(segment).pins += count
  }

  unpin(segment: number, count = 1): void {
    const use = this.of(segment)
    use.pins -= count
    this.#onShrunk(segment, use)
  }

  /** `teller` says that a message in `segment` is gone. */
  tells(teller: number, segment: number): void {
    if (teller !== segment) this.of(teller).tellsOf.add(segment)
  }

  /** What segments before `tellers` told of `segments` is no longer needed. */
  forgetTold(segments: ReadonlySet<number>, tellers: number): void {
    for (const [teller, use] of this.#uses)
      if (teller < tellers) for (const segment of segments) use.tellsOf.delete(segment)
  }

  /** Forgets a removed segment and what others tell of it. */
  delete(segment: number): void {
    this.#forgetLast()
    this.#uses.delete(segment)
    for (const use of this.#uses.values()) use.tellsOf.delete(segment)
  }

  clear(): void {
    this.#forgetLast()
    this.#uses.clear()
  }

  #forgetLast(): void {
    this.#lastSegment = -1
    this.#lastUse = undefined
  }
}

// What a member does for the active whose writes it takes: its segments, and the operations that change them. Each message is checked against
// what is there; what does not go on exactly where the last one ended is refused, and nothing of it is done.
import type { Remove, Trim, Write } from './message.ts'
import type { Outbox } from './outbox.ts'
import { lastPosition, type LogPosition, type SegmentRef } from './position.ts'

export class FollowerLog {
  /** With what was accepted, whether it is on the disk by now or not. Ascending. */
  #segments: SegmentRef[]
  readonly #outbox: Outbox
  readonly #mostPendingBytes: number
  /** Accepted, and not on the disk yet. */
  #pendingBytes = 0

  /** `mostPendingBytes`: more than an active sends without an acknowledgement. */
  constructor(segments: readonly SegmentRef[], outbox: Outbox, mostPendingBytes: number) {
    this.#segments = [...segments]
    this.#outbox = outbox
    this.#mostPendingBytes = mostPendingBytes
  }

  get segments(): readonly SegmentRef[] {
    return this.#segments
  }

  get position(): LogPosition {
    return lastPosition(this.#segments)
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  /** What is wrong with it; undefined when it is accepted. */
  trim({ cut, drop }: Trim): string | undefined {
    for (const { number, length } of cut) {
      const segment = this.#find(number)
      if (!segment || !(length > 0 && length <= segment.length))
        return `it would cut segment ${number} to ${length} bytes, which has ${segment?.length ?? 0}`
    }
    const dropped = new Set(drop)
    const lengths = new Map(cut.map(({ number, length }) => [number, length]))
    this.#segments = this.#segments
      .filter(({ number }) => !dropped.has(number))
      .map((segment) => ({ ...segment, length: lengths.get(segment.number) ?? segment.length }))
    this.#outbox.operate({ kind: 'trim', cut, drop }, () => {})
    return undefined
  }

  /** The same; calls back when it is done. */
  write({ term, segment, offset, bytes, sync }: Write, whenDone: () => void): string | undefined {
    const { number, length } = segment
    if (segment.term > term) return `segment ${number} is of term ${segment.term}, which is to come`
    if (this.#pendingBytes + bytes.length > this.#mostPendingBytes)
      return `more than ${this.#mostPendingBytes} bytes came before those before were acknowledged`
    if (bytes.length === 0 || length !== offset + bytes.length)
      return `a write of ${bytes.length} bytes at ${offset} of segment ${number} would make it ${length} bytes long`
    const at = this.#segments.findLastIndex((other) => other.number <= number)
    const there = this.#segments[at]
    const current = there?.number === number ? there : undefined
    if (offset === 0 && current) return `segment ${number} is there already`
    if (offset > 0 && !(current && current.term === segment.term && current.salt === segment.salt))
      return `segment ${number} of term ${segment.term} is not there`
    if (current && current.length !== offset)
      return `a write at ${offset} of segment ${number} does not go on at its end, ${current.length}`
    if (current) this.#segments[at] = segment
    else this.#segments.splice(at + 1, 0, segment)
    this.#pendingBytes += bytes.length
    this.#outbox.operate({ kind: 'write', segment, offset, bytes, sync }, () => {
      this.#pendingBytes -= bytes.length
      whenDone()
    })
    return undefined
  }

  remove({ segments }: Remove): void {
    const gone = new Set(segments)
    // The last one says how far this member is.
    const last = this.#segments.at(-1)?.number
    const removed = this.#segments.filter(({ number }) => gone.has(number) && number !== last)
    if (removed.length === 0) return
    this.#segments = this.#segments.filter((segment) => !removed.includes(segment))
    this.#outbox.operate({ kind: 'remove', segments: removed.map(({ number }) => number) }, () => {})
  }

  #find(number: number): SegmentRef | undefined {
    return this.#segments.find((segment) => segment.number === number)
  }
}

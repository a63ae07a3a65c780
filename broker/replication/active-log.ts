// The journal of an active, as far as its members have to be told of it: which segments it has, how much of each, and how much of that can be
// read from its files.
import { lastPosition, type LogPosition, type SegmentRef } from './position.ts'

/** A place in the journal of one active: its segments' numbers grow. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

export const comparePlaces = (a: Place, b: Place): number => a.segment - b.segment || a.offset - b.offset

export class ActiveLog {
  /** Ascending. */
  #segments: SegmentRef[]
  readonly #written = new Map<number, number>()
  /** The write that began last: it may not be in the file yet. */
  #latest: (Place & { readonly bytes: Buffer }) | undefined
  /** The first number that this active may use itself. */
  readonly firstOwn: number

  constructor(segments: readonly SegmentRef[]) {
    this.#segments = [...segments]
    for (const { number, length } of segments) this.#written.set(number, length)
    this.firstOwn = (segments.at(-1)?.number ?? 0) + 1
  }

  get segments(): readonly SegmentRef[] {
    return this.#segments
  }

  get position(): LogPosition {
    return lastPosition(this.#segments)
  }

  get end(): Place {
    const { segment, offset } = this.position
    return { segment, offset }
  }

  /** undefined: there is none, or not any more. */
  find(number: number): SegmentRef | undefined {
    const at = this.#indexFrom(number)
    const found = this.#segments[at]
    return found?.number === number ? found : undefined
  }

  /** The next one behind that number. */
  after(number: number): SegmentRef | undefined {
    return this.#segments[this.#indexFrom(number + 1)]
  }

  writtenOf(number: number): number {
    return this.#written.get(number) ?? 0
  }

  /** Bytes of everything behind this place. */
  bytesAfter({ segment, offset }: Place): number {
    let bytes = 0
    for (let at = this.#segments.length - 1; at >= 0; at--) {
      const { number, length } = this.#segments[at]!
      if (number < segment) break
      bytes += number === segment ? Math.max(0, length - offset) : length
    }
    return bytes
  }

  /** What the latest write has from this place on; undefined: the place is not in it, and can be read from the file by now. */
  latestFrom({ segment, offset }: Place): Buffer | undefined {
    const latest = this.#latest
    if (latest?.segment !== segment) return undefined
    const from = offset - latest.offset
    return from >= 0 && from < latest.bytes.length ? latest.bytes.subarray(from) : undefined
  }

  appended(segment: SegmentRef, offset: number, bytes: Buffer): void {
    this.#latest = { segment: segment.number, offset, bytes }
    const last = this.#segments.length - 1
    if (this.#segments[last]?.number === segment.number) this.#segments[last] = segment
    else this.#segments.push(segment)
  }

  written(number: number, offset: number): void {
    this.#written.set(number, offset)
  }

  removed(numbers: readonly number[]): void {
    const gone = new Set(numbers)
    this.#segments = this.#segments.filter(({ number }) => !gone.has(number))
    for (const number of numbers) this.#written.delete(number)
  }

  /** Of the first segment whose number is not smaller. */
  #indexFrom(number: number): number {
    let [low, high] = [0, this.#segments.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle]!.number < number) low = middle + 1
      else high = middle
    }
    return low
  }
}

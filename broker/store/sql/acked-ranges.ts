// The ranges that a subscription has acknowledged out of order, as a column has them: in ascending order, each as the distance from the
// end of the one before and its length, both as numbers of 7 bits a byte with the lowest first (LEB128).
import { FormatError } from '../../base/format-error.ts'
import type { Sequence } from '../held-message.ts'

/** All that are behind `after`, up to `upTo`. */
export interface AckedRange {
  readonly after: Sequence
  readonly upTo: Sequence
}

/** Ascending, none of them empty; neighbours may touch. null when there are none. */
export function encodeAckedRanges(ranges: readonly AckedRange[]): Buffer | null {
  if (ranges.length === 0) return null
  const bytes: number[] = []
  let end = 0
  for (const { after, upTo } of ranges) {
    writeNumber(bytes, after - end)
    writeNumber(bytes, upTo - after)
    end = upTo
  }
  return Buffer.from(bytes)
}

/** Throws AckedRangesError. */
export function decodeAckedRanges(bytes: Buffer | null): readonly AckedRange[] {
  const ranges: AckedRange[] = []
  if (bytes === null) return ranges
  const reader = new NumberReader(bytes)
  for (let end = 0; !reader.atEnd;) {
    const after = end + reader.next()
    end = after + reader.next()
    if (end === after) throw new AckedRangesError(`a range behind ${after} is empty`)
    if (!Number.isSafeInteger(end)) throw new AckedRangesError('a sequence is larger than any')
    ranges.push({ after, upTo: end })
  }
  return ranges
}

export class AckedRangesError extends FormatError {
  constructor(state: string) {
    super('ACKED_RANGES', `Cannot read what a subscription has acknowledged: ${state}`)
  }
}

function writeNumber(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
}

class NumberReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  next(): number {
    let value = 0
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new AckedRangesError('it ends in the middle of a number')
      value += (byte & 0x7f) * factor
      if (!Number.isSafeInteger(value)) throw new AckedRangesError('a number is larger than any sequence')
      if (byte < 0x80) return value
    }
  }
}

// The messages that open transactions add. Ten million of them pass by in the recovery of a common backlog, and somebody
// waits for it: they are in columns instead of objects; and those that a summary tells of stay there until the commit, which
// mostly comes before the next segment.
import { entryParts, type SummaryRun } from '../../journal/summary.ts'
import { journalStoreLimits } from './limits.ts'
import { addInTxParts } from './message-run.ts'

/** Queue, ordinal, segment, position/8, bodyLength, headLength. */
const columns = 6
const smallestRoom = 16

/** Entries (store-records.ts: addInTx) in one segment's summary, all for one queue. */
export interface SummarizedAdds extends SummaryRun {
  readonly queue: number
  readonly segment: number
}

export class TransactionAdds {
  /** Not counting those in `summarized`. */
  length = 0
  /** All there is so far, or nothing. */
  readonly summarized: SummarizedAdds[] = []
  #numbers = new Uint32Array(columns * smallestRoom)

  /** How many there are. */
  get count(): number {
    return this.summarized.reduce((sum, { start, end, stride }) => sum + (end - start) / stride, this.length)
  }

  addSummarized(run: SummarizedAdds): void {
    this.summarized.push(run)
    if (this.length > 0) this.unfold()
  }

  /** Lets go of the summaries. */
  unfold(): void {
    if (this.summarized.length === 0) return
    for (const { queue, segment, view, start, end, stride } of this.summarized.splice(0))
      for (let at = start; at < end; at += stride)
        this.#put(
          queue,
          view.getUint32(at + addInTxParts.ordinal),
          segment,
          view.getUint32(at + entryParts.position) * 8,
          view.getUint32(at + entryParts.bodyLength),
          view.getUint16(at + addInTxParts.headLength),
        )
  }

  add(queue: number, ordinal: number, segment: number, position: number, bodyLength: number, headLength: number): void {
    this.unfold()
    this.#put(queue, ordinal, segment, position, bodyLength, headLength)
  }

  #put(
    queue: number,
    ordinal: number,
    segment: number,
    position: number,
    bodyLength: number,
    headLength: number,
  ): void {
    const at = this.length * columns
    if (at === this.#numbers.length) this.#grow()
    const numbers = this.#numbers
    numbers[at] = queue
    numbers[at + 1] = ordinal
    numbers[at + 2] = segment
    numbers[at + 3] = position / 8
    numbers[at + 4] = bodyLength
    numbers[at + 5] = headLength
    this.length++
  }

  queue(index: number): number {
    return this.#numbers[index * columns]!
  }

  ordinal(index: number): number {
    return this.#numbers[index * columns + 1]!
  }

  segment(index: number): number {
    return this.#numbers[index * columns + 2]!
  }

  position(index: number): number {
    return this.#numbers[index * columns + 3]! * 8
  }

  bodyLength(index: number): number {
    return this.#numbers[index * columns + 4]!
  }

  headLength(index: number): number {
    return this.#numbers[index * columns + 5]!
  }

  includesQueue(queue: number): boolean {
    for (let index = 0; index < this.length; index++) if (this.queue(index) === queue) return true
    return false
  }

  /** Whether it is worth keeping for another transaction. */
  get isReusable(): boolean {
    return this.#numbers.length <= columns * journalStoreLimits.spareTransactionAdds
  }

  clear(): void {
    this.length = 0
    this.summarized.length = 0
  }

  #grow(): void {
    const larger = new Uint32Array(this.#numbers.length * 2)
    larger.set(this.#numbers)
    this.#numbers = larger
  }
}

// How far a durable subscription has come: everything up to its mark is settled, and some above it. What it says is for ever:
// what was settled once is never wanted again.
import type { Sequence } from './held-message.ts'
import { storeLimits } from './limits.ts'
import { SequenceSet } from './sequence-set.ts'

export class SubscriptionProgress {
  /** Nothing up to here is wanted. */
  mark: Sequence
  /** Settled above the mark; may still have some below it. */
  readonly above = new SequenceSet()

  constructor(mark: Sequence) {
    this.mark = mark
  }

  has(sequence: Sequence): boolean {
    return sequence <= this.mark || this.above.has(sequence)
  }

  /** All that are behind `after`, up to `upTo`, are settled. */
  settle(after: Sequence, upTo: Sequence): void {
    if (upTo <= this.mark) return
    if (after > this.mark) return this.above.add(after, upTo)
    this.mark = upTo
    if (this.above.isEmpty) return
    if (this.above.has(this.mark + 1)) this.mark = this.above.endOf(this.mark + 1)
    this.above.forgetUpTo(this.mark)
  }

  /** For one that is settled: all behind this one, up to it, are. */
  settledAfter(sequence: Sequence): Sequence {
    return sequence <= this.mark ? this.mark : Math.max(this.mark, this.above.startOf(sequence) - 1)
  }

  /** Visits what is settled above the mark, ascending. */
  visitAbove(visit: (after: Sequence, upTo: Sequence) => void): void {
    this.above.visit((after, upTo) => {
      if (upTo > this.mark) visit(Math.max(after, this.mark), upTo)
    })
  }
}

/** Where a range up to `sequence` begins when there is nothing behind `after`: a set that skipped more would become large by it. */
export const notTooFar = (after: Sequence, sequence: Sequence): Sequence =>
  Math.max(after, sequence - storeLimits.skippedSequences)

// Applies what summaries tell of messages in a row to the state that is being recovered, by loops that do nothing else.
import { assert } from '../../base/assert.ts'
import type { SummaryRun } from '../../journal/summary.ts'
import type { Sequence } from '../held-message.ts'
import type { MessageIndex } from './message-index.ts'
import type { MessageLocation } from './message-location.ts'
import { addInTxParts, addParts, endOfEqual, largestSequence, locationAt, type MessageRun } from './message-run.ts'
import type { OpenTransactions } from './open-transactions.ts'
import type { SegmentUses } from './segment-uses.ts'
import type { SummarizedAdds } from './transaction-adds.ts'

/** What it needs of a queue or topic: Q. */
interface Indexed {
  readonly index: MessageIndex
}

export interface SummarizedTarget<Q extends Indexed> {
  readonly uses: SegmentUses
  readonly transactions: OpenTransactions
  place(queue: Q, location: Readonly<MessageLocation>): void
}

export class SummarizedMessages<Q extends Indexed> {
  readonly #target: SummarizedTarget<Q>

  constructor(target: SummarizedTarget<Q>) {
    this.#target = target
  }

  /** Queues are mostly one after the other, and the upper four bytes of sequences the same. Returns the largest sequence. */
  place(entries: SummaryRun, segment: number, queueOf: (number: number) => Q): Sequence {
    const { view, end, stride } = entries
    let largest = 0
    for (let start = entries.start; start < end;) {
      const next = endOfEqual(entries, start, addParts.queue, addParts.sequence)
      const firstSequence = view.getUint16(start + addParts.sequence) * 2 ** 32
      const run = { view, start, end: next, stride, segment, firstSequence, parts: addParts }
      this.#placeRun(queueOf(view.getUint32(start + addParts.queue)), run)
      largest = Math.max(largest, largestSequence(run))
      start = next
    }
    return largest
  }

  /** Transactions and queues are mostly one after the other. */
  note(run: SummaryRun, segment: number): void {
    const { view, start, end, stride } = run
    const { transactions, uses } = this.#target
    for (let from = start; from < end;) {
      const to = endOfEqual(run, from, addInTxParts.transaction, addInTxParts.queue)
      const queue = view.getUint32(from + addInTxParts.queue)
      const { adds } = transactions.obtain(view.getUint32(from + addInTxParts.transaction))
      adds.addSummarized({ queue, segment, view, start: from, end: to, stride })
      uses.pin(segment, (to - from) / stride)
      from = to
    }
  }

  commit(
    runs: readonly SummarizedAdds[],
    firstSequence: Sequence,
    commitSegment: number,
    queueOf: (number: number) => Q,
  ): void {
    for (const { queue, segment, view, start, end, stride } of runs) {
      assert(segment === commitSegment, 'What older summaries tell of was unfolded')
      const run = { view, start, end, stride, segment, firstSequence, parts: addInTxParts }
      this.#placeRun(queueOf(queue), run)
    }
  }

  /** One that does not stand behind all others is placed by itself. */
  #placeRun(queue: Q, run: MessageRun): void {
    const { segment, end, stride } = run
    for (let at = run.start; at < end;) {
      const { end: to, bodyBytes } = queue.index.appendRun(run, at)
      if (to > at) this.#target.uses.addLive(segment, bodyBytes, (to - at) / stride)
      if (to < end) this.#target.place(queue, locationAt(run, to))
      at = to + stride
    }
  }
}

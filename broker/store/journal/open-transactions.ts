// The transactions whose end is not known yet, by their numbers. The segments that have their records are pinned until then.
import type { Sequence } from '../held-message.ts'
import type { ArrivedMessage } from './arrival-records.ts'
import type { SegmentUses } from './segment-uses.ts'
import type { AcknowledgedRange } from './topic-subscriptions.ts'
import { TransactionAdds } from './transaction-adds.ts'

export interface OpenTransaction {
  readonly adds: TransactionAdds
  readonly removes: { readonly queue: number; readonly sequence: Sequence; readonly segment: number }[]
  /** By subscriptions. */
  readonly acknowledgements: TransactedRange[]
  /** By ordinal, which subscriptions do not want what it adds to topics; null while all want all. */
  except: Map<number, readonly number[]> | null
  /** By ordinal, what of its adds came over bridges of other brokers; null while nothing did. */
  arrivals: Map<number, ArrivedMessage> | null
}

export interface TransactedRange extends AcknowledgedRange {
  readonly segment: number
}

export class OpenTransactions {
  readonly #uses: SegmentUses
  readonly #open = new Map<number, OpenTransaction>()
  /** The one asked for last: mostly the next, too. */
  #lastNumber = 0
  #last: OpenTransaction | undefined
  #spareAdds: TransactionAdds | undefined

  constructor(uses: SegmentUses) {
    this.#uses = uses
  }

  get size(): number {
    return this.#open.size
  }

  [Symbol.iterator](): IterableIterator<[number, OpenTransaction]> {
    return this.#open.entries()
  }

  values(): IterableIterator<OpenTransaction> {
    return this.#open.values()
  }

  get(number: number): OpenTransaction | undefined {
    return this.#open.get(number)
  }

  /** The one of this number, open from now on if it was not. */
  obtain(number: number): OpenTransaction {
    if (this.#last && number === this.#lastNumber) return this.#last
    let open = this.#open.get(number)
    if (!open) {
      const adds = this.#spareAdds ?? new TransactionAdds()
      open = { adds, removes: [], acknowledgements: [], except: null, arrivals: null }
      this.#open.set(number, open)
      this.#spareAdds = undefined
    }
    this.#lastNumber = number
    this.#last = open
    return open
  }

  end(number: number): void {
    const open = this.#open.get(number)
    if (!open) return
    this.#open.delete(number)
    this.#last = undefined
    const { adds, removes, acknowledgements } = open
    for (const { segment, start, end, stride } of adds.summarized) this.#uses.unpin(segment, (end - start) / stride)
    this.#unpin(adds.length, (index) => adds.segment(index))
    this.#unpin(removes.length, (index) => removes[index]!.segment)
    this.#unpin(acknowledgements.length, (index) => acknowledgements[index]!.segment)
    adds.clear()
    if (adds.isReusable) this.#spareAdds = adds
  }

  endAll(): void {
    for (const number of this.#open.keys()) this.end(number)
  }

  /** Without giving anything back. */
  clear(): void {
    this.#open.clear()
    this.#last = undefined
  }

  /** Neighbours are mostly in one segment. */
  #unpin(count: number, segmentOf: (index: number) => number): void {
    for (let first = 0; first < count;) {
      const segment = segmentOf(first)
      let next = first + 1
      while (next < count && segmentOf(next) === segment) next++
      this.#uses.unpin(segment, next - first)
      first = next
    }
  }
}

// An open transaction of the memory store: what it adds and removes, until it ends.
import { assert } from '../../base/assert.ts'
import type { AddedMessage, MessageHolder, Sequence } from '../held-message.ts'
import type { StoreTransaction } from '../store-transaction.ts'

export interface HeldRemoval {
  readonly holder: MessageHolder
  readonly sequence: Sequence
}

/** What the store does for its transactions. */
export interface TransactionTarget {
  /** Counts a record, and asserts that the store is open. */
  record(): void
  apply(adds: readonly AddedMessage[], removes: readonly HeldRemoval[], firstSequence: Sequence): void
}

export class MemoryTransaction implements StoreTransaction {
  readonly #target: TransactionTarget
  readonly #adds: AddedMessage[] = []
  readonly #removes: HeldRemoval[] = []
  #ended = false

  constructor(target: TransactionTarget) {
    this.#target = target
  }

  add(message: AddedMessage): void {
    this.#record()
    this.#adds.push(message)
  }

  remove(holder: MessageHolder, sequence: Sequence): void {
    this.#record()
    this.#removes.push({ holder, sequence })
  }

  commit(firstSequence: Sequence): void {
    this.#record()
    this.#ended = true
    this.#target.apply(this.#adds, this.#removes, firstSequence)
  }

  rollback(): void {
    this.#record()
    this.#ended = true
  }

  #record(): void {
    assert(!this.#ended, 'A transaction that has ended is not used any more')
    this.#target.record()
  }
}

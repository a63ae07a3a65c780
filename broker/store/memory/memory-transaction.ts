// An open transaction of the memory store: what it adds and removes, until it ends. What it adds counts against the limit
// from the beginning.
import { assert } from '../../base/assert.ts'
import type { AddedMessage, MessageHolder, Sequence } from '../held-message.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import type { MemoryRoom } from './memory-room.ts'

/** What the store does for its transactions. */
export interface TransactionTarget {
  readonly room: MemoryRoom
  /** Counts a record, and asserts that the store is open. */
  record(): void
  place(message: AddedMessage, sequence: Sequence): void
  remove(holder: MessageHolder, sequence: Sequence): void
}

export class MemoryTransaction implements StoreTransaction {
  readonly #target: TransactionTarget
  readonly #adds: AddedMessage[] = []
  readonly #removes: { readonly holder: MessageHolder; readonly sequence: Sequence }[] = []
  #addedBytes = 0
  #ended = false

  constructor(target: TransactionTarget) {
    this.#target = target
  }

  add(message: AddedMessage): void {
    this.#record()
    this.#target.room.take(message.bytes.length)
    this.#addedBytes += message.bytes.length
    this.#adds.push(message)
  }

  remove(holder: MessageHolder, sequence: Sequence): void {
    this.#record()
    this.#removes.push({ holder, sequence })
  }

  commit(firstSequence: Sequence): void {
    this.#record()
    this.#ended = true
    let sequence = firstSequence
    for (const message of this.#adds) this.#target.place(message, sequence++)
    for (const removed of this.#removes) this.#target.remove(removed.holder, removed.sequence)
  }

  rollback(): void {
    this.#record()
    this.#ended = true
    this.#target.room.giveBack(this.#adds.length, this.#addedBytes)
  }

  #record(): void {
    assert(!this.#ended, 'A transaction that has ended is not used any more')
    this.#target.record()
  }
}

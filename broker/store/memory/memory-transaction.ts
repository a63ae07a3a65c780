// An open transaction of the memory store: what it adds and removes, until it ends. What it adds counts against the limit
// from the beginning.
import { assert } from '../../base/assert.ts'
import type { AddedMessage, MessageHolder, MessageOwner, Sequence } from '../held-message.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import { memoryStoreLimits } from './limits.ts'
import type { MemoryRoom } from './memory-room.ts'

/** What the store does for its transactions. */
export interface TransactionTarget {
  readonly room: MemoryRoom
  /** Not for a topic without subscriptions. */
  keeps(holder: MessageHolder): boolean
  /** Counts a record, and asserts that the store is open. */
  record(): void
  /** Bytes that a transaction has added for a holder, or with a minus that it has no longer. */
  countUncommitted(holder: MessageHolder, bytes: number): void
  place(message: AddedMessage, sequence: Sequence): void
  remove(owner: MessageOwner, sequence: Sequence): void
}

export class MemoryTransaction implements StoreTransaction {
  readonly #target: TransactionTarget
  /** null: kept for nobody; its sequence is taken. */
  readonly #adds: (AddedMessage | null)[] = []
  readonly #removes: { readonly owner: MessageOwner; readonly sequence: Sequence }[] = []
  #addedMessages = 0
  #addedBytes = 0
  #ended = false

  constructor(target: TransactionTarget) {
    this.#target = target
  }

  add(message: AddedMessage): void {
    this.#record()
    if (!this.#target.keeps(message.holder)) return void this.#adds.push(null)
    this.#addedMessages++
    this.#target.room.take(message.bytes.length)
    this.#target.countUncommitted(message.holder, takenBytes(message))
    this.#addedBytes += message.bytes.length
    this.#adds.push(message)
  }

  remove(owner: MessageOwner, sequence: Sequence): void {
    this.#record()
    this.#removes.push({ owner, sequence })
  }

  commit(firstSequence: Sequence): void {
    this.#end()
    let sequence = firstSequence
    for (const message of this.#adds) {
      if (message) this.#target.place(message, sequence)
      sequence++
    }
    for (const removed of this.#removes) this.#target.remove(removed.owner, removed.sequence)
  }

  rollback(): void {
    this.#end()
    this.#target.room.giveBack(this.#addedMessages, this.#addedBytes)
  }

  #end(): void {
    this.#record()
    this.#ended = true
    for (const message of this.#adds) if (message) this.#target.countUncommitted(message.holder, -takenBytes(message))
  }

  #record(): void {
    assert(!this.#ended, 'A transaction that has ended is not used any more')
    this.#target.record()
  }
}

const takenBytes = ({ bytes }: AddedMessage): number => bytes.length + memoryStoreLimits.messageOverheadBytes

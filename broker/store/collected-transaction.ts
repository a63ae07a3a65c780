// An open transaction of a store that keeps what it adds and removes in memory until it ends. What it adds counts against the limit
// from the beginning.
import { assert } from '../base/assert.ts'
import type { CountedRoom } from './counted-room.ts'
import type { AddedMessage, MessageOwner, Sequence } from './held-message.ts'
import type { StoreTransaction } from './store-transaction.ts'

/** What the store does for its transactions. */
export interface TransactionTarget {
  readonly room: CountedRoom
  /** Not for a topic without subscriptions. Throws for a message that the store does not take. */
  keeps(message: AddedMessage): boolean
  /** Counts a record, and asserts that the store is open. */
  record(): void
  /** `apply` places and removes: all of it or nothing. */
  commit(apply: () => void): void
  place(message: AddedMessage, sequence: Sequence): void
  remove(owner: MessageOwner, sequence: Sequence): void
  /** It holds so many bytes no longer, however it ended. */
  ended?(addedBytes: number): void
}

export class CollectedTransaction implements StoreTransaction {
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
    const { room } = this.#target
    if (!this.#target.keeps(message)) return void this.#adds.push(null)
    this.#addedMessages++
    room.take(message.bytes.length)
    room.countUncommitted(message.holder, message.bytes.length, 1)
    this.#addedBytes += message.bytes.length
    this.#adds.push(message)
  }

  remove(owner: MessageOwner, sequence: Sequence): void {
    this.#record()
    this.#removes.push({ owner, sequence })
  }

  commit(firstSequence: Sequence): void {
    this.#end()
    this.#target.commit(() => {
      let sequence = firstSequence
      for (const message of this.#adds) {
        if (message) this.#target.place(message, sequence)
        sequence++
      }
      for (const removed of this.#removes) this.#target.remove(removed.owner, removed.sequence)
    })
  }

  rollback(): void {
    this.#end()
    this.#target.room.giveBack(this.#addedMessages, this.#addedBytes)
  }

  #end(): void {
    this.#record()
    this.#ended = true
    for (const message of this.#adds)
      if (message) this.#target.room.countUncommitted(message.holder, message.bytes.length, -1)
    this.#target.ended?.(this.#addedBytes)
  }

  #record(): void {
    assert(!this.#ended, 'A transaction that has ended is not used any more')
    this.#target.record()
  }
}

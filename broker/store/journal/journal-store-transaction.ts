// An open transaction of the journal store: its records are written as they come, and count with the record of its commit.
// One that never recorded anything leaves nothing in the journal.
import { assert } from '../../base/assert.ts'
import type { AddedMessage, MessageOwner, Sequence, SubscriptionHolder } from '../held-message.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import type { PutOffWrites } from '../put-off-writes.ts'
import type { RecordWriter } from './record-writer.ts'
import type { StoreState } from './store-state.ts'

/** Before the first record, and after the last. */
const noNumber = 0

export class JournalStoreTransaction implements StoreTransaction {
  readonly #records: RecordWriter
  readonly #state: StoreState
  readonly #putOff: PutOffWrites
  #number = noNumber
  #ended = false
  #adds = 0
  /** The largest sequence of each producer. */
  readonly #producers = new Map<string, number>()

  constructor(records: RecordWriter, state: StoreState, putOff: PutOffWrites) {
    this.#records = records
    this.#state = state
    this.#putOff = putOff
  }

  add(message: AddedMessage): void {
    const isKept = this.#records.addInTransaction(this.#recorded(), this.#adds, message)
    this.#adds++
    if (!isKept) return
    const { producerId, producerSequenceId } = message
    const known = this.#producers.get(producerId) ?? producerSequenceId
    this.#producers.set(producerId, Math.max(known, producerSequenceId))
  }

  remove(owner: MessageOwner, sequence: Sequence): void {
    this.#checkOpen()
    if (owner.kind === 'subscription') return this.#acknowledge(owner, sequence)
    if (this.#putOff.has(sequence)) this.#putOff.writeOut()
    const queue = this.#state.queueNamed(owner.name)
    if (queue?.index.get(sequence)) this.#records.removeInTransaction(this.#recorded(), queue, sequence)
  }

  commit(firstSequence: Sequence): void {
    const number = this.#end()
    if (number === noNumber) return
    // Sequences stand in the journal in their order.
    this.#putOff.writeOut()
    this.#records.commit(number, firstSequence, this.#adds, this.#producers)
  }

  rollback(): void {
    const number = this.#end()
    if (number !== noNumber) this.#records.rollback(number)
  }

  #acknowledge({ key }: SubscriptionHolder, sequence: Sequence): void {
    const { subscriptions } = this.#state
    const state = subscriptions.find(key)
    if (!state || !subscriptions.wants(state, sequence)) return
    this.#records.acknowledgeInTransaction(this.#recorded(), state, subscriptions.before(state, sequence), sequence)
  }

  /** Its number in the journal: it is about to get a record. */
  #recorded(): number {
    this.#checkOpen()
    if (this.#number === noNumber) this.#number = this.#records.takeTransactionNumber()
    return this.#number
  }

  #end(): number {
    this.#checkOpen()
    this.#ended = true
    return this.#number
  }

  #checkOpen(): void {
    assert(!this.#ended, 'A transaction that has ended is not used any more')
  }
}

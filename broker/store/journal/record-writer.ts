// Appends the store's records (store-records.ts), each before the state takes it in: what stands at the start of the next
// segment must not know of a record that may not make it to the disk. It does not know what is put off.
import { assert } from '../../base/assert.ts'
import type { Journal } from '../../journal/journal.ts'
import { JournalError } from '../../journal/journal-error.ts'
import type { AddedMessage, Sequence } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import { journalStoreLimits } from './limits.ts'
import {
  encodeAdd,
  encodeAddInTx,
  encodeCommit,
  encodeHead,
  encodeProducerList,
  encodeQueue,
  encodeQueueList,
  encodeQueueRemoved,
  encodeRemove,
  encodeRemoveInTx,
  encodeRollback,
  encodeSnapshotEnd,
  recordType,
  type EncodedMeta,
} from './store-records.ts'
import type { QueueState, StoreState } from './store-state.ts'

export class RecordWriter {
  readonly #journal: Journal
  readonly #state: StoreState
  #nextTransaction = 1

  constructor(journal: Journal, state: StoreState) {
    this.#journal = journal
    this.#state = state
  }

  /** The queue of this name, made known if need be. */
  queue(name: string): QueueState {
    const known = this.#state.queueNamed(name)
    if (known) return known
    checkText('queue name', name, storeLimits.queueNameBytes)
    const number = this.#state.nextQueue
    this.#append(recordType.queue, encodeQueue(number, name))
    return this.#state.addQueue(number, name)
  }

  removeQueue(name: string): void {
    const queue = this.#state.queueNamed(name)
    if (!queue) return
    this.#append(recordType.queueRemoved, encodeQueueRemoved(queue.number))
    this.#state.removeQueue(queue.number, this.#journal.segment)
    // What an open transaction adds later has to find its queue.
    for (const { adds } of this.#state.transactions.values()) {
      if (!adds.includesQueue(queue.number)) continue
      this.#append(recordType.queue, encodeQueue(queue.number, name))
      this.#state.addQueue(queue.number, name).uncommittedBytes = queue.uncommittedBytes
      return
    }
  }

  /** Throws for a message that `add` would throw for, having made its queue known. */
  check({ holder, producerId }: AddedMessage): void {
    this.queue(holder.name)
    checkProducer(producerId)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#state.lastSequence, 'Sequences grow with every message')
    const queue = this.queue(message.holder.name)
    const head = headOf(message)
    const { bytes } = message
    const position = this.#append(recordType.add, encodeAdd(queue.number, sequence, head.length), head, bytes)
    this.#state.place(queue, {
      sequence,
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + bytes.length,
      headLength: head.length,
    })
    this.#state.lastSequence = sequence
    this.#state.producers.set(message.producerId, message.producerSequenceId)
  }

  remove(queueName: string, sequence: Sequence): void {
    const queue = this.#state.queueNamed(queueName)
    if (!queue?.index.get(sequence)) return
    this.#append(recordType.remove, encodeRemove(queue.number, sequence))
    this.#state.remove(queue.number, sequence, this.#journal.segment)
  }

  takeTransactionNumber(): number {
    return this.#nextTransaction++
  }

  addInTransaction(tx: number, ordinal: number, message: AddedMessage): void {
    const queue = this.queue(message.holder.name)
    const head = headOf(message)
    const meta = encodeAddInTx(queue.number, tx, ordinal, head.length)
    const position = this.#append(recordType.addInTx, meta, head, message.bytes)
    this.#state.addInTransaction(tx, ordinal, queue.number, {
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + message.bytes.length,
      headLength: head.length,
    })
    queue.uncommittedBytes += head.length + message.bytes.length + journalStoreLimits.heldOverheadBytes
  }

  removeInTransaction(tx: number, queue: QueueState, sequence: Sequence): void {
    this.#append(recordType.removeInTx, encodeRemoveInTx(queue.number, tx, sequence))
    this.#state.removeInTransaction(tx, queue.number, sequence, this.#journal.segment)
  }

  /** `producers`: the largest sequence of each. */
  commit(tx: number, firstSequence: Sequence, adds: number, producers: ReadonlyMap<string, number>): void {
    assert(adds === 0 || firstSequence > this.#state.lastSequence, 'Sequences grow with every message')
    let list: Buffer | undefined
    // Beyond what one meta holds (hundreds of producers in one transaction), the others are not remembered.
    encodeProducerList(producers, ({ meta, length }) => (list ??= Buffer.from(meta.subarray(0, length))))
    this.#append(recordType.commit, encodeCommit(tx, firstSequence, adds), undefined, list)
    this.#state.forgetUncommitted(tx)
    this.#state.commit(tx, firstSequence, adds, this.#journal.segment)
    for (const [producerId, sequence] of producers) this.#state.producers.set(producerId, sequence)
  }

  rollback(tx: number): void {
    this.#append(recordType.rollback, encodeRollback(tx))
    this.#state.forgetUncommitted(tx)
    this.#state.endTransaction(tx)
  }

  /** What each segment starts with, so that older ones are not needed for it. */
  writeSnapshot(): void {
    const { queues, producers, lastSequence, nextQueue } = this.#state
    const names = [...queues.values()].map(({ number, name }) => [number, name] as const)
    encodeQueueList(names, (meta) => this.#append(recordType.snapshotQueues, meta))
    encodeProducerList(producers.entries(), (meta) => this.#append(recordType.snapshotProducers, meta))
    this.#append(recordType.snapshotEnd, encodeSnapshotEnd({ lastSequence, nextQueue, queues: names.length }))
    this.#state.uses.of(this.#journal.segment)
  }

  #append(type: number, { meta, length }: EncodedMeta, head?: EncodedMeta, body?: Buffer): number {
    return this.#journal.append(type, meta, length, head?.meta, head?.length ?? 0, body)
  }
}

function headOf({ producerId, producerSequenceId }: AddedMessage): EncodedMeta {
  checkProducer(producerId)
  return encodeHead(producerId, producerSequenceId)
}

const checkProducer = (producerId: string): void => checkText('producer id', producerId, storeLimits.producerIdBytes)

function checkText(what: string, text: string, maxBytes: number): void {
  const length = Buffer.byteLength(text)
  if (length <= maxBytes) return
  throw new JournalError('JOURNAL_LIMIT', `Cannot store ${what} of ${length} bytes: at most ${maxBytes} are accepted`, {
    fields: { length, maxBytes },
  })
}

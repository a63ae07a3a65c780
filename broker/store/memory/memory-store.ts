// The store that forgets: messages live in this process only (storage type Memory). `whenDurable` keeps its order but
// promises nothing beyond the life of the process; there is nothing to recover and nothing to follow.
import { assert } from '../../base/assert.ts'
import { storeLimits } from '../limits.ts'
import type {
  AddedMessage,
  MessageStore,
  RecoveredState,
  Sequence,
  StoredMessage,
  StoreStatistics,
  StoreTransactionId,
} from '../message-store.ts'
import { ProducerTable } from '../producer-table.ts'

interface OpenTransaction {
  readonly adds: AddedMessage[]
  readonly removes: { readonly queue: string; readonly sequence: Sequence }[]
}

export class MemoryStore implements MessageStore {
  readonly failed: Promise<Error> = new Promise(() => {})
  readonly #queues = new Map<string, MemoryQueue>()
  readonly #transactions = new Map<StoreTransactionId, OpenTransaction>()
  readonly #producers = new ProducerTable(storeLimits.producers)
  #callbacks: (() => void)[] = []
  #lastSequence = 0
  #records = 0
  #open = false

  follow(): void {}

  async open(_term: number): Promise<RecoveredState> {
    this.#open = true
    return { queues: [], lastSequence: 0 }
  }

  addQueue(name: string): void {
    this.#write()
    this.#queue(name)
  }

  removeQueue(name: string): void {
    this.#write()
    this.#queues.delete(name)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#write()
    this.#apply(message, sequence)
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    this.add(message, sequence)
    this.whenDurable(settled)
  }

  remove(queue: string, sequence: Sequence): void {
    this.#write()
    this.#queues.get(queue)?.remove(sequence)
  }

  addInTransaction(transaction: StoreTransactionId, message: AddedMessage): void {
    this.#write()
    this.#transaction(transaction).adds.push(message)
  }

  removeInTransaction(transaction: StoreTransactionId, queue: string, sequence: Sequence): void {
    this.#write()
    this.#transaction(transaction).removes.push({ queue, sequence })
  }

  commit(transaction: StoreTransactionId, firstSequence: Sequence): void {
    this.#write()
    const open = this.#transactions.get(transaction)
    if (!open) return
    this.#transactions.delete(transaction)
    open.adds.forEach((message, index) => this.#apply(message, firstSequence + index))
    for (const { queue, sequence } of open.removes) this.#queues.get(queue)?.remove(sequence)
  }

  rollback(transaction: StoreTransactionId): void {
    this.#write()
    this.#transactions.delete(transaction)
  }

  hasRoom(_bytes: number): boolean {
    return true
  }

  whenRoom(_callback: () => void): void {}

  whenDurable(callback: () => void): void {
    this.#callbacks.push(callback)
    if (this.#callbacks.length === 1) queueMicrotask(() => this.#runCallbacks())
  }

  async read(
    queue: string,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly StoredMessage[]> {
    return this.#queues.get(queue)?.read(after, upTo, maxMessages, maxBytes) ?? []
  }

  lastProducerSequence(producerId: string): number | undefined {
    return this.#producers.get(producerId)
  }

  statistics(): StoreStatistics {
    let messages = 0
    let bytesUsed = 0
    for (const queue of this.#queues.values()) {
      messages += queue.messages
      bytesUsed += queue.bytes
    }
    return {
      messages,
      bytesUsed,
      roomBytes: Number.POSITIVE_INFINITY,
      syncs: 0,
      recordsWritten: this.#records,
      recoveryMs: 0,
    }
  }

  async close(): Promise<void> {
    this.#runCallbacks()
    this.#open = false
  }

  #write(): void {
    assert(this.#open, 'The store is written to while it is not open')
    this.#records++
  }

  #apply(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#lastSequence, 'Sequences grow with every message')
    this.#lastSequence = sequence
    this.#queue(message.queue).add(sequence, message.bytes)
    this.#producers.set(message.producerId, message.producerSequenceId)
  }

  #queue(name: string): MemoryQueue {
    let queue = this.#queues.get(name)
    if (!queue) this.#queues.set(name, (queue = new MemoryQueue()))
    return queue
  }

  #transaction(id: StoreTransactionId): OpenTransaction {
    let open = this.#transactions.get(id)
    if (!open) this.#transactions.set(id, (open = { adds: [], removes: [] }))
    return open
  }

  #runCallbacks(): void {
    const callbacks = this.#callbacks
    this.#callbacks = []
    for (const callback of callbacks) callback()
  }
}

/** Messages ascending by sequence; removed ones leave a hole until half of the array is holes. */
class MemoryQueue {
  messages = 0
  bytes = 0
  #entries: { readonly sequence: Sequence; bytes: Buffer | undefined }[] = []

  add(sequence: Sequence, bytes: Buffer): void {
    this.#entries.push({ sequence, bytes })
    this.messages++
    this.bytes += bytes.length
  }

  remove(sequence: Sequence): void {
    const entry = this.#entries[this.#firstAfter(sequence - 1)]
    if (entry?.sequence !== sequence || !entry.bytes) return
    this.messages--
    this.bytes -= entry.bytes.length
    entry.bytes = undefined
    if (this.#entries.length > 64 && this.messages < this.#entries.length / 2)
      this.#entries = this.#entries.filter((kept) => kept.bytes)
  }

  read(after: Sequence, upTo: Sequence, maxMessages: number, maxBytes: number): StoredMessage[] {
    const found: StoredMessage[] = []
    let total = 0
    for (let index = this.#firstAfter(after); index < this.#entries.length; index++) {
      const { sequence, bytes } = this.#entries[index]!
      if (sequence > upTo || found.length >= maxMessages) break
      if (!bytes) continue
      if (found.length > 0 && total + bytes.length > maxBytes) break
      found.push({ sequence, bytes })
      total += bytes.length
    }
    return found
  }

  #firstAfter(sequence: Sequence): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.sequence <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }
}

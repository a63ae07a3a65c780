// The store that forgets: messages live in this process only (storage type Memory), up to a limit. `whenDurable` keeps its
// order but promises nothing beyond the life of the process; there is nothing to recover and nothing to follow.
import { assert } from '../../base/assert.ts'
import { silentLogger, type Logger } from '../../base/logger.ts'
import { storeLimits } from '../limits.ts'
import type {
  AddedMessage,
  FoundMessage,
  MessageHolder,
  MessageStore,
  RecoveredState,
  Sequence,
  StoreLag,
  StoreOwner,
  StoreStatistics,
} from '../message-store.ts'
import { ProducerTable } from '../producer-table.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import { memoryStoreLimits } from './limits.ts'
import { MemoryQueue } from './memory-queue.ts'
import { MemoryRoom } from './memory-room.ts'
import { MemoryTransaction, type TransactionTarget } from './memory-transaction.ts'

export interface MemoryStoreOptions {
  /** Bytes that messages may take before new ones have to wait; default 1 GiB. */
  readonly limitBytes?: number
  readonly logger?: Logger
}

export class MemoryStore implements MessageStore {
  readonly failed: Promise<Error> = new Promise(() => {})
  readonly #queues = new Map<string, MemoryQueue>()
  /** What open transactions add, by holder. */
  readonly #uncommittedBytes = new Map<string, number>()
  readonly #producers = new ProducerTable(storeLimits.producers)
  readonly #room: MemoryRoom
  readonly #transactionTarget: TransactionTarget
  #callbacks: (() => void)[] = []
  #lastSequence = 0
  #records = 0
  #open = false

  constructor({ limitBytes = memoryStoreLimits.limitBytes, logger = silentLogger }: MemoryStoreOptions = {}) {
    this.#room = new MemoryRoom(limitBytes, logger)
    this.#transactionTarget = {
      room: this.#room,
      record: () => this.#write(),
      countUncommitted: (holder, bytes) => this.#countUncommitted(holder, bytes),
      place: (message, sequence) => this.#place(message, sequence),
      remove: (holder, sequence) => this.#remove(holder, sequence),
    }
  }

  follow(): void {}

  lag(): StoreLag {
    return { bytes: 0 }
  }

  async open(_owner: StoreOwner): Promise<RecoveredState> {
    this.#open = true
    return { queues: [], lastSequence: 0 }
  }

  addHolder(holder: MessageHolder): void {
    this.#write()
    this.#queue(holder.name)
  }

  removeHolder(holder: MessageHolder): void {
    this.#write()
    const queue = this.#queues.get(holder.name)
    if (!queue) return
    this.#queues.delete(holder.name)
    this.#room.giveBack(queue.messages, queue.bytes)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#write()
    this.#room.take(message.bytes.length)
    this.#place(message, sequence)
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    this.add(message, sequence)
    this.whenDurable(settled)
  }

  remove(holder: MessageHolder, sequence: Sequence): void {
    this.#write()
    this.#remove(holder, sequence)
  }

  begin(): StoreTransaction {
    return new MemoryTransaction(this.#transactionTarget)
  }

  hasRoom({ name }: MessageHolder, bytes: number): boolean {
    return this.#room.hasForAnybody(bytes) || this.#room.hasFor(name, this.#takenBytesOf(name), bytes)
  }

  whenRoom(callback: () => void): void {
    this.#room.whenRoom(callback)
  }

  whenDurable(callback: () => void): void {
    this.#callbacks.push(callback)
    if (this.#callbacks.length === 1) queueMicrotask(() => this.#runCallbacks())
  }

  async read(
    holder: MessageHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    return this.#queues.get(holder.name)?.read(after, upTo, maxMessages, maxBytes) ?? []
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
      roomBytes: this.#room.bytes,
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

  #countUncommitted({ name }: MessageHolder, bytes: number): void {
    const uncommitted = (this.#uncommittedBytes.get(name) ?? 0) + bytes
    if (uncommitted > 0) this.#uncommittedBytes.set(name, uncommitted)
    else this.#uncommittedBytes.delete(name)
  }

  #takenBytesOf(name: string): number {
    return (this.#queues.get(name)?.takenBytes ?? 0) + (this.#uncommittedBytes.get(name) ?? 0)
  }

  /** Its bytes are counted already. */
  #place(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#lastSequence, 'Sequences grow with every message')
    this.#lastSequence = sequence
    this.#queue(message.holder.name).add(sequence, message.bytes)
    this.#producers.set(message.producerId, message.producerSequenceId)
  }

  #remove(holder: MessageHolder, sequence: Sequence): void {
    const bytes = this.#queues.get(holder.name)?.remove(sequence)
    if (bytes !== undefined) this.#room.giveBack(1, bytes)
  }

  #queue(name: string): MemoryQueue {
    let queue = this.#queues.get(name)
    if (!queue) this.#queues.set(name, (queue = new MemoryQueue()))
    return queue
  }

  #runCallbacks(): void {
    const callbacks = this.#callbacks
    this.#callbacks = []
    for (const callback of callbacks) callback()
  }
}

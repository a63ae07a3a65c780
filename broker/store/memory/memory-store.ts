// The store that forgets: messages live in this process only (storage type Memory), up to a limit. `whenDurable` keeps its
// order but promises nothing beyond the life of the process; there is nothing to recover and nothing to follow.
import { assert } from '../../base/assert.ts'
import { silentLogger, type Logger } from '../../base/logger.ts'
import { CollectedTransaction, type TransactionTarget } from '../collected-transaction.ts'
import { CountedRoom } from '../counted-room.ts'
import { KeptTopic } from '../kept-topic.ts'
import { storeLimits } from '../limits.ts'
import type {
  AddedMessage,
  FoundMessage,
  MessageHolder,
  MessageOwner,
  MessageStore,
  RecoveredState,
  Sequence,
  StoreLag,
  StoreOwner,
  StoreStatistics,
  SubscriptionBacklog,
} from '../message-store.ts'
import type { QueueHolder, SubscriptionHolder, SubscriptionTerms, TopicHolder } from '../held-message.ts'
import { ProducerTable } from '../producer-table.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import { SubscriptionProgress } from '../subscription-progress.ts'
import { memoryStoreLimits } from './limits.ts'
import { MemoryQueue } from './memory-queue.ts'

export interface MemoryStoreOptions {
  /** Bytes that messages may take before new ones have to wait; default 1 GiB. */
  readonly limitBytes?: number
  readonly logger?: Logger
}

type MemoryTopic = KeptTopic<MemoryQueue, Buffer>

export class MemoryStore implements MessageStore {
  readonly failed: Promise<Error> = new Promise(() => {})
  readonly #queues = new Map<string, MemoryQueue>()
  /** Those that have subscriptions. */
  readonly #topics = new Map<string, MemoryTopic>()
  readonly #producers = new ProducerTable(storeLimits.producers)
  readonly #room: CountedRoom
  readonly #transactionTarget: TransactionTarget
  #callbacks: (() => void)[] = []
  /** Who is told when a message is gone. */
  readonly #awaitedEnds = new Map<Sequence, (() => void)[]>()
  #lastSequence = 0
  #records = 0
  #open = false

  constructor({ limitBytes = memoryStoreLimits.limitBytes, logger = silentLogger }: MemoryStoreOptions = {}) {
    this.#room = new CountedRoom({
      limitBytes,
      overheadBytes: memoryStoreLimits.messageOverheadBytes,
      logger,
      takenBy: ({ kind, name }) =>
        (kind === 'queue' ? this.#queues.get(name) : this.#topics.get(name)?.messages)?.takenBytes ?? 0,
    })
    this.#transactionTarget = {
      room: this.#room,
      keeps: ({ holder }) => this.#keeps(holder),
      record: () => this.#write(),
      commit: (apply) => apply(),
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
    return { queues: [], subscriptions: [], arrivals: [], lastSequence: 0 }
  }

  addHolder(holder: QueueHolder): void {
    this.#write()
    this.#queue(holder.name)
  }

  removeHolder(holder: QueueHolder): void {
    this.#write()
    const queue = this.#queues.get(holder.name)
    if (!queue) return
    this.#queues.delete(holder.name)
    this.#room.giveBack(queue.messages, queue.bytes)
    if (this.#awaitedEnds.size > 0) for (const sequence of queue.sequencesAfter(0)) this.#tellGone(sequence)
  }

  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void {
    this.#write()
    let topic = this.#topics.get(holder.topic)
    if (!topic) this.#topics.set(holder.topic, (topic = this.#newTopic()))
    topic.addSubscription(holder, terms, new SubscriptionProgress(this.#lastSequence))
  }

  removeSubscription(holder: SubscriptionHolder): void {
    this.#write()
    const topic = this.#topics.get(holder.topic)
    topic?.removeSubscription(holder)
    if (topic?.subscriptions.size === 0) this.#topics.delete(holder.topic)
  }

  backlog(holder: SubscriptionHolder): SubscriptionBacklog {
    return this.#topics.get(holder.topic)?.backlog(holder) ?? { messageCount: 0, messageBytes: 0 }
  }

  holds(holder: SubscriptionHolder, sequence: Sequence): boolean {
    return this.#topics.get(holder.topic)?.holds(holder, sequence) === true
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#write()
    if (!this.#keeps(message.holder)) return
    this.#room.take(message.bytes.length)
    this.#place(message, sequence)
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    this.add(message, sequence)
    this.whenDurable(settled)
  }

  update({ holder, bytes }: AddedMessage, sequence: Sequence): void {
    this.#write()
    const before = this.#queues.get(holder.name)?.update(sequence, bytes)
    if (before === undefined) return
    this.#room.take(bytes.length)
    this.#room.giveBack(1, before)
  }

  remove(owner: MessageOwner, sequence: Sequence): void {
    this.#write()
    this.#remove(owner, sequence)
  }

  begin(): StoreTransaction {
    return new CollectedTransaction(this.#transactionTarget)
  }

  hasRoom(holder: MessageHolder, bytes: number): boolean {
    return this.#room.has(holder, bytes)
  }

  whenRoom(callback: () => void): void {
    this.#room.whenRoom(callback)
  }

  whenDurable(callback: () => void): void {
    this.#callbacks.push(callback)
    if (this.#callbacks.length === 1) queueMicrotask(() => this.#runCallbacks())
  }

  whenGone(owner: MessageOwner, sequence: Sequence, callback: () => void): void {
    const isThere = owner.kind === 'queue' && this.#queues.get(owner.name)?.bytesOf(sequence) !== undefined
    if (!isThere) return this.whenDurable(callback)
    const others = this.#awaitedEnds.get(sequence)
    if (others) others.push(callback)
    else this.#awaitedEnds.set(sequence, [callback])
  }

  awaitedEnds(): ReadonlySet<Sequence> {
    return new Set(this.#awaitedEnds.keys())
  }

  async read(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    if (owner.kind === 'queue') return this.#queues.get(owner.name)?.read(after, upTo, maxMessages, maxBytes) ?? []
    if (owner.kind === 'topic')
      return this.#topics.get(owner.name)?.messages.read(after, upTo, maxMessages, maxBytes) ?? []
    const topic = this.#topics.get(owner.topic)
    const progress = topic?.progressOf(owner.key)
    if (!topic || !progress) return []
    const isLeftOut = (sequence: Sequence): boolean => progress.has(sequence)
    return topic.messages.read(Math.max(after, progress.mark), upTo, maxMessages, maxBytes, isLeftOut)
  }

  lastProducerSequence(producerId: string): number | undefined {
    return this.#producers.get(producerId)
  }

  statistics(): StoreStatistics {
    let messages = 0
    let bytesUsed = 0
    const topics = [...this.#topics.values()].map((topic) => topic.messages)
    for (const queue of [...this.#queues.values(), ...topics]) {
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

  #keeps({ kind, name }: MessageHolder): boolean {
    return kind === 'queue' || this.#topics.has(name)
  }

  #newTopic(): MemoryTopic {
    return new KeptTopic(new MemoryQueue(), { dropped: (_, bytes) => this.#room.giveBack(1, bytes) })
  }

  /** Its bytes are counted already. */
  #place(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#lastSequence, 'Sequences grow with every message')
    this.#lastSequence = sequence
    const { holder, bytes, producerId, producerSequenceId } = message
    this.#producers.set(producerId, producerSequenceId)
    if (holder.kind === 'queue') return this.#queue(holder.name).add(sequence, bytes)
    const topic = this.#topics.get(holder.name)
    if (topic) topic.add(sequence, bytes, bytes.length, message.notFor ?? [])
    else this.#room.giveBack(1, bytes.length)
  }

  #remove(owner: MessageOwner, sequence: Sequence): void {
    if (owner.kind === 'subscription') return this.#topics.get(owner.topic)?.acknowledge(owner, sequence)
    const bytes = this.#queues.get(owner.name)?.remove(sequence)
    if (bytes === undefined) return
    this.#room.giveBack(1, bytes)
    this.#tellGone(sequence)
  }

  #tellGone(sequence: Sequence): void {
    const callbacks = this.#awaitedEnds.get(sequence)
    if (!callbacks) return
    this.#awaitedEnds.delete(sequence)
    for (const callback of callbacks) this.whenDurable(callback)
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

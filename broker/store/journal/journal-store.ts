// The message store over the journal: what is queued in memory costs bytes per message (message-index.ts), bodies are read
// back from disk (message-reader.ts). It joins the parts:
//
//   record-writer.ts     appends a record, then applies it to the state (store-records.ts, store-state.ts)
//   put-off-writes.ts    messages that consumers have already need not be written at once, or at all
//   reclaimer.ts         removes old segments; store-space.ts says whether there is room for new messages
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { Disk } from '../../disk/disk.ts'
import type { BatchConfirmation } from '../../journal/confirmation.ts'
import { Journal } from '../../journal/journal.ts'
import { journalLimits } from '../../journal/limits.ts'
import type { JournalTap } from '../../journal/tap.ts'
import { journalStoreLimits } from './limits.ts'
import type {
  AddedMessage,
  FoundMessage,
  MessageHolder,
  MessageOwner,
  MessageStore,
  RecoveredArrival,
  RecoveredState,
  Sequence,
  StoreLag,
  StoreOwner,
  StoreStatistics,
  SubscriptionBacklog,
} from '../message-store.ts'
import { queueHolder, topicHolder } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import type { QueueHolder, SubscriptionHolder, SubscriptionTerms, TopicHolder } from '../held-message.ts'
import { destinationOfHolder } from '../priority-holder.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import { JournalStoreTransaction } from './journal-store-transaction.ts'
import { MessageReader } from './message-reader.ts'
import type { StoreNames } from '../refused-holders.ts'
import { PutOffWrites } from '../put-off-writes.ts'
import { Reclaimer } from './reclaimer.ts'
import { RecordWriter } from './record-writer.ts'
import { StoreSpace } from './store-space.ts'
import { StoreState } from './store-state.ts'
import { subscriptionRecord } from './topic-subscriptions.ts'

export { newestTerm } from '../../journal/segment-table.ts'

export interface JournalStoreOptions {
  readonly disk: Disk
  /** Directory of the journal, below the data directory; made if it is not there. */
  readonly directory: string
  readonly clock: Clock
  /** Should not be predictable from outside. */
  readonly random: Random
  readonly logger: Logger
  /** Size in bytes at which a segment is closed and the next begun; default 32 MiB. */
  readonly maxFileLength?: number
  /** Bytes that the journal may take before new messages have to wait; default 100 GiB. */
  readonly limitBytes?: number
  /** Share of the disk, as far as it is free or the journal's, that is left to others; default 0. */
  readonly leftFreeShare?: number
  /** Of a replicated store: what a batch waits for besides its sync, and who is told of each write. */
  readonly confirmation?: BatchConfirmation | undefined
  readonly tap?: JournalTap | undefined
  /** Of a replicated store: what a standby follows is its own. */
  readonly followsOwnCopy?: boolean
  /** How the log calls it when there is no room; default: the store of persistent messages. */
  readonly calledInLog?: StoreNames
}

export class JournalStore implements MessageStore {
  readonly failed: Promise<Error>
  readonly #options: JournalStoreOptions
  readonly #state: StoreState
  readonly #journal: Journal
  readonly #records: RecordWriter
  readonly #putOff: PutOffWrites
  readonly #reader: MessageReader
  readonly #reclaimer: Reclaimer
  readonly #space: StoreSpace
  /** Every message up to here is durable. */
  #durableSequence: Sequence = 0
  #recoveryMs = 0
  #isOpen = false

  constructor(options: JournalStoreOptions) {
    const maxFileLength = options.maxFileLength ?? journalLimits.maxFileLength
    this.#options = options
    this.#state = new StoreState(
      (_segment, use) => {
        if (this.#isOpen && this.#reclaimer.isCandidate(use)) this.#reclaimer.trigger()
      },
      (queue) => this.#space.released(accountOf(queue.topic ? 'topic' : 'queue', queue.name)),
    )
    this.#journal = new Journal({
      ...options,
      maxFileLength,
      visitor: this.#state,
      writePreamble: () => this.#records.writeSnapshot(),
      onWriting: () => this.#putOff.writeOut(),
      onSealed: () => {
        void this.#space.look()
        this.#reclaimer.trigger()
      },
      mark: () => this.#state.lastSequence,
      onDurable: (sequence) => (this.#durableSequence = sequence),
    })
    this.#records = new RecordWriter(this.#journal, this.#state)
    this.#putOff = new PutOffWrites({
      clock: options.clock,
      write: (sequence, message, settled) => {
        this.#records.add(message, sequence)
        this.#journal.whenDurable(settled)
      },
      requestWrite: () => this.#journal.requestWrite(),
    })
    this.#reader = new MessageReader({
      journal: this.#journal,
      state: this.#state,
      durableSequence: () => this.#durableSequence,
      whenDurable: (callback) => this.whenDurable(callback),
    })
    this.#space = new StoreSpace({
      leftFreeShare: 0,
      calledInLog: { store: 'store', messages: 'persistent' },
      ...options,
      maxFileLength,
      limitBytes: options.limitBytes ?? journalStoreLimits.limitBytes,
      journal: this.#journal,
      messages: () => this.#messages,
      onTight: () => this.#reclaimer.trigger(),
      isEmpty: () => this.#messages === 0 && this.#state.transactions.size === 0,
    })
    this.#reclaimer = new Reclaimer({
      ...options,
      maxFileLength,
      state: this.#state,
      journal: this.#journal,
      isTight: () => this.#space.isTight,
      onRemoved: () => void this.#space.look(),
    })
    this.failed = this.#journal.failed
  }

  follow(): void {
    this.#journal.follow()
  }

  lag(): StoreLag | undefined {
    const bytes = this.#journal.unreadBytes
    return bytes === undefined ? undefined : { bytes }
  }

  /** Rejects with JournalError JOURNAL_FENCED when a larger term was here. */
  async open(owner: StoreOwner): Promise<RecoveredState> {
    const { clock, logger } = this.#options
    const startMs = clock.monotonicMs()
    await this.#journal.open(owner, ({ segments, cutBytes, damage }) => {
      const { renamed, lostSubscriptions } = this.#state.finishRecovery(segments.map(({ number }) => number))
      if (renamed.length > 0) logger.error('Names of queues were damaged; their messages got new ones', { renamed })
      if (lostSubscriptions > 0) logger.error('Durable subscriptions were damaged and are gone', { lostSubscriptions })
      if (cutBytes > 0 || damage.length > 0)
        logger.warn('Recovered a damaged journal', { cutBytes, damage: damage.length })
    })
    this.#durableSequence = this.#state.lastSequence
    this.#recoveryMs = clock.monotonicMs() - startMs
    await this.#space.start()
    this.#isOpen = true
    this.#reclaimer.trigger()
    return {
      queues: [...this.#state.queues.values()].flatMap(({ name, index, topic }) =>
        topic ? [] : [{ name, messageCount: index.messages, messageBytes: index.bytes }],
      ),
      subscriptions: [...this.#state.subscriptions].map((subscription) => {
        const { topicName: topic, clientId, name, selector, noLocal } = subscriptionRecord(subscription)
        return { topic, clientId, name, selector, noLocal, ...this.#state.subscriptions.backlog(subscription) }
      }),
      arrivals: recoveredArrivals(this.#state),
      lastSequence: this.#state.lastSequence,
    }
  }

  addHolder(holder: QueueHolder): void {
    this.#records.queue(holder.name)
  }

  removeHolder(holder: QueueHolder): void {
    this.#putOff.writeOut()
    this.#records.removeQueue(holder.name)
  }

  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void {
    this.#records.addSubscription(holder, terms)
  }

  removeSubscription(holder: SubscriptionHolder): void {
    this.#records.removeSubscription(holder)
  }

  backlog({ key }: SubscriptionHolder): SubscriptionBacklog {
    const { subscriptions } = this.#state
    return subscriptions.backlog(subscriptions.find(key))
  }

  holds({ key }: SubscriptionHolder, sequence: Sequence): boolean {
    const { subscriptions } = this.#state
    const state = subscriptions.find(key)
    return state !== undefined && subscriptions.wants(state, sequence)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#putOff.writeOut()
    this.#records.add(message, sequence)
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    if (message.bytes.length > storeLimits.unwrittenBytes) {
      this.add(message, sequence)
      return this.whenDurable(settled)
    }
    // What is wrong with it has to be said now.
    this.#records.check(message)
    this.#putOff.add(message, sequence, settled)
  }

  update(message: AddedMessage, sequence: Sequence): void {
    this.#putOff.writeOut()
    this.#records.update(message, sequence)
  }

  remove(owner: MessageOwner, sequence: Sequence, awaited = true, left = false): void {
    if (owner.kind === 'subscription') return this.#records.acknowledge(owner, sequence)
    if (this.#putOff.has(sequence)) {
      const spared = awaited ? undefined : this.#putOff.spare(sequence)
      if (spared) {
        if (spared.message.arrival !== undefined && !left) this.#records.arrived(spared.message, sequence)
        this.#state.producers.set(spared.message.producerId, spared.message.producerSequenceId)
        return this.#journal.whenProven(spared.settled)
      }
      this.#putOff.writeOut()
    }
    if (!awaited) this.#putOff.acknowledged(sequence)
    this.#records.remove(owner.name, sequence, left)
  }

  begin(): StoreTransaction {
    return new JournalStoreTransaction(this.#records, this.#state, this.#putOff)
  }

  hasRoom(holder: MessageHolder, bytes: number): boolean {
    if (this.#space.hasForAnybody(bytes)) return true
    let held = this.#heldBytes(holder)
    for (const other of holder.others ?? []) held += this.#heldBytes(other)
    return this.#space.hasFor(accountOf(holder.kind, holder.name), held, bytes)
  }

  whenRoom(callback: () => void): void {
    this.#space.whenRoom(callback)
  }

  whenDurable(callback: () => void): void {
    this.#putOff.writeOut()
    this.#journal.whenDurable(callback)
  }

  read(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    return this.#reader.read(owner, after, upTo, maxMessages, maxBytes)
  }

  lastProducerSequence(producerId: string): number | undefined {
    return this.#state.producers.get(producerId)
  }

  statistics(): StoreStatistics {
    const { bytes, syncs, records } = this.#journal
    const [messages, roomBytes] = [this.#messages, this.#space.bytes]
    return { messages, bytesUsed: bytes, roomBytes, syncs, recordsWritten: records, recoveryMs: this.#recoveryMs }
  }

  /** Resolves when there is no space left to be reclaimed at this moment. */
  reclaimed(): Promise<void> {
    return this.#reclaimer.idle()
  }

  async close(): Promise<void> {
    this.#reclaimer.stop()
    if (this.#isOpen) this.#putOff.writeOut()
    this.#space.stop()
    this.#isOpen = false
    await this.#journal.close()
  }

  /** About what a queue or topic has of the journal, as far as it is alive. */
  #heldBytes({ kind, name }: MessageHolder): number {
    const queue = kind === 'queue' ? this.#state.queueNamed(name) : this.#state.topicNamed(name)
    if (!queue) return 0
    const { index, uncommittedBytes } = queue
    return index.bytes + index.messages * journalStoreLimits.heldOverheadBytes + uncommittedBytes
  }

  get #messages(): number {
    let messages = 0
    for (const { index } of this.#state.queues.values()) messages += index.messages
    return messages
  }
}

/** Those whose queue or topic is still known. */
function recoveredArrivals({ arrivals, queues }: StoreState): RecoveredArrival[] {
  const recovered: RecoveredArrival[] = []
  for (const { queue, sequence, producerId, producerSequenceId } of arrivals.values()) {
    const found = queues.get(queue)
    if (!found) continue
    const holder = found.topic ? topicHolder(found.name) : queueHolder(found.name)
    recovered.push({ holder, sequence, producerId, producerSequenceId })
  }
  return recovered
}

/** Under which it waits for room: a topic may have the name of a queue. */
const accountOf = (kind: MessageHolder['kind'], name: string): string =>
  kind === 'queue' ? destinationOfHolder(name) : `topic://${destinationOfHolder(name)}`

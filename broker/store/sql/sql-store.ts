// The message store in a database. What is queued costs about 8 bytes of memory for each message (size-index.ts); bodies are read back
// from the database. It joins the parts:
//
//   stored-holders.ts    queues, topics and subscriptions: what of each change is to be written
//   batch-writer.ts      gathers changes and writes them as one transaction
//   page-reader.ts       reads messages back, on a session of its own
//   ready-session.ts     a standby has both sessions before it needs them
//   recovery.ts          what is in the tables → all of these
//   put-off-writes.ts    messages that consumers have already need not be written at once, or at all
import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { errorMessage, FlotillaError, isError, RefusalError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Database, SqlSession } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { CollectedTransaction, type TransactionTarget } from '../collected-transaction.ts'
import { CountedRoom } from '../counted-room.ts'
import type { QueueHolder, SubscriptionHolder, SubscriptionTerms, TopicHolder } from '../held-message.ts'
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
import { PutOffWrites } from '../put-off-writes.ts'
import type { StoreTransaction } from '../store-transaction.ts'
import { BatchWriter } from './batch-writer.ts'
import { blobOverheadBytes } from './blob-form.ts'
import type { IsPrioritized } from './containers.ts'
import { sqlStoreLimits } from './limits.ts'
import { mendTables } from './mend-tables.ts'
import type { OpenTables } from './open-tables.ts'
import { PageReader } from './page-reader.ts'
import { ReadySession } from './ready-session.ts'
import { recover } from './recovery.ts'
import { StoredArrivals } from './stored-arrivals.ts'
import { StoredHolders } from './stored-holders.ts'
import { StoredProducers } from './stored-producers.ts'
import type { LoadedTables, StoreTables, WriterProof } from './store-tables.ts'
import { storableName } from './stored-texts.ts'

export interface SqlStoreOptions {
  readonly database: Database
  readonly openTables: OpenTables
  readonly names: TableNames
  readonly clock: Clock
  readonly logger: Logger
  /** Bytes that messages may take in the database before new ones have to wait. */
  readonly limitBytes: number
  readonly isPrioritized: IsPrioritized
  /** As the database's list of sessions shows it, without the purpose. */
  readonly applicationName: string
  /** Bytes that open transactions may have. */
  readonly uncommittedBytes?: number
  /** Changes tables that ActiveMQ made where they lack something (mend-tables.ts). */
  readonly mendsTables?: boolean
}

/** From `open` on. */
interface Opened {
  readonly owner: StoreOwner
  readonly sessions: readonly [writer: SqlSession, reader: SqlSession]
  readonly writing: StoreTables
  readonly reading: StoreTables
  readonly proof: WriterProof
}

export class SqlStore implements MessageStore {
  readonly failed: Promise<Error>
  readonly #options: SqlStoreOptions
  readonly #room: CountedRoom
  readonly #writer: BatchWriter
  readonly #holders: StoredHolders
  readonly #producers: StoredProducers
  readonly #arrivals: StoredArrivals
  readonly #putOff: PutOffWrites
  readonly #reader: PageReader
  readonly #transactions: TransactionTarget
  readonly #briefTransactions: TransactionTarget
  readonly #sessions: { readonly writer: ReadySession; readonly reader: ReadySession }
  readonly #tellFailed: (error: Error) => void
  #opened: Opened | undefined
  #isOpen = false
  /** The largest sequence that was used, and the last message's that is not put off. */
  #lastId: Sequence = 0
  #lastSequence: Sequence = 0
  /** Every message up to here is durable. */
  #durableSequence: Sequence = 0
  #uncommittedBytes = 0
  #recoveryMs = 0

  constructor(options: SqlStoreOptions) {
    const { clock, logger, limitBytes, isPrioritized } = options
    const failed = Promise.withResolvers<Error>()
    this.#options = options
    this.failed = failed.promise
    this.#tellFailed = failed.resolve
    this.#sessions = { writer: this.#readySession('writer'), reader: this.#readySession('reader') }
    this.#room = new CountedRoom({
      limitBytes,
      overheadBytes: sqlStoreLimits.messageOverheadBytes,
      logger,
      takenBy: (holder) => this.#holders.indexOf(holder)?.takenBytes ?? 0,
    })
    this.#writer = new BatchWriter({
      clock,
      logger,
      batchBytes: () => Math.min(sqlStoreLimits.batchBytes, this.#connected.writing.largestBatch),
      lastId: () => this.#lastId,
      // Not of those that are put off: the batch may have been sealed without them.
      lastSequence: () => this.#lastSequence,
      write: (batch) => this.#connected.writing.write(batch, this.#connected.proof),
      verify: () => this.#connected.owner.verify(),
      onWriting: () => this.#putOff.writeOut(),
      onDurable: (sequence) => (this.#durableSequence = sequence),
      onFailed: (error) => this.#fail(error),
    })
    const room = (): CountedRoom => this.#room
    this.#holders = new StoredHolders({ writer: this.#writer, room, isPrioritized })
    this.#producers = new StoredProducers(this.#writer)
    this.#arrivals = new StoredArrivals(this.#writer)
    this.#putOff = new PutOffWrites({
      clock,
      write: (sequence, message, settled) => {
        this.#writer.atOnce(() => this.#addNow(message, sequence))
        this.#writer.whenDurable(settled)
      },
      requestWrite: () => this.#writer.requestWrite(),
    })
    this.#reader = new PageReader({
      logger,
      tables: () => this.#connected.reading,
      updates: (sequence) => this.#writer.updates(sequence),
      whenDurable: (callback) => this.whenDurable(callback),
      onFailed: (error) => this.#writer.fail(asError(error)),
    })
    this.#briefTransactions = {
      room: this.#room,
      keeps: (message) => this.#check(message),
      record: () => this.#checkOpen(),
      commit: (apply) => this.#change(apply),
      place: (message, sequence) => this.#place(message, sequence),
      remove: (owner, sequence) => this.#holders.remove(owner, sequence),
    }
    this.#transactions = {
      ...this.#briefTransactions,
      keeps: (message) => this.#keepsUncommitted(message),
      ended: (bytes) => (this.#uncommittedBytes -= bytes),
    }
  }

  /** Has its sessions ready. */
  follow(): void {
    this.#sessions.writer.follow()
    this.#sessions.reader.follow()
  }

  /** While it follows: rejects with SqlError when its sessions cannot be had now, so that it could not be opened. */
  async ready(): Promise<void> {
    await Promise.all([this.#sessions.writer.ready(), this.#sessions.reader.ready()])
  }

  lag(): StoreLag {
    return { bytes: 0 }
  }

  async open(owner: StoreOwner): Promise<RecoveredState> {
    const { clock, logger, isPrioritized, database } = this.#options
    const startMs = clock.monotonicMs()
    try {
      const opened = await this.#connect(owner)
      this.#opened = opened
      if (this.#options.mendsTables) await mendTables(opened.sessions[0], this.#options)
      const loaded = await opened.writing.load(opened.proof)
      this.#lastId = this.#lastSequence = this.#durableSequence = Math.max(loaded.lastId, loaded.largestId)
      const recovered = await recover(loaded, {
        tables: opened.writing,
        writer: this.#writer,
        holders: this.#holders,
        producers: this.#producers,
        arrivals: this.#arrivals,
        isPrioritized,
        logger,
        take: (bytes) => this.#room.take(bytes),
      })
      this.#recoveryMs = clock.monotonicMs() - startMs
      this.#watch(opened)
      this.#isOpen = true
      this.#tellOpened(loaded, database.place)
      return recovered
    } catch (error) {
      this.#writer.abandon(asError(error))
      await this.close()
      throw error
    }
  }

  get largestMessageBytes(): number {
    const { largestBlob } = this.#connected.writing
    return Math.max(largestBlob - sqlStoreLimits.grownBytes, largestBlob / 2)
  }

  readonly storableName = storableName

  addHolder(holder: QueueHolder): void {
    this.#change(() => this.#holders.addQueue(holder.name))
  }

  removeHolder(holder: QueueHolder): void {
    this.#change(() => {
      if (this.#holders.removeQueue(holder.name)) this.#arrivals.forget(holder)
    })
  }

  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void {
    this.#change(() => this.#holders.addSubscription(holder, terms, this.#lastSequence))
  }

  removeSubscription(holder: SubscriptionHolder): void {
    this.#change(() => this.#holders.removeSubscription(holder))
  }

  backlog(holder: SubscriptionHolder): SubscriptionBacklog {
    return this.#holders.topics.get(holder.topic)?.kept.backlog(holder) ?? { messageCount: 0, messageBytes: 0 }
  }

  holds(holder: SubscriptionHolder, sequence: Sequence): boolean {
    return this.#holders.topics.get(holder.topic)?.kept.holds(holder, sequence) === true
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#check(message)
    this.#change(() => this.#addNow(message, sequence))
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    if (message.bytes.length > storeLimits.unwrittenBytes) {
      this.add(message, sequence)
      return this.whenDurable(settled)
    }
    this.#checkOpen()
    // What is wrong with it has to be said now.
    this.#check(message)
    this.#lastId = Math.max(this.#lastId, sequence)
    this.#putOff.add(message, sequence, settled)
  }

  update(message: AddedMessage, sequence: Sequence): void {
    this.#change(() => {
      this.#checkSize(message)
      if (this.#holders.update(message, sequence)) this.#reader.forget(sequence)
    })
  }

  remove(owner: MessageOwner, sequence: Sequence, awaited = true, left = false): void {
    if (owner.kind === 'queue' && this.#putOff.has(sequence)) {
      const spared = awaited ? undefined : this.#putOff.spare(sequence)
      if (spared) return this.#spared(spared, sequence, left)
      this.#putOff.writeOut()
    }
    this.#checkOpen()
    if (!awaited) this.#putOff.acknowledged(sequence)
    this.#writer.atOnce(() => {
      if (this.#holders.remove(owner, sequence) && left) this.#arrivals.left(sequence)
    })
  }

  begin(kind?: 'Brief'): StoreTransaction {
    return new CollectedTransaction(kind === 'Brief' ? this.#briefTransactions : this.#transactions)
  }

  hasRoom(holder: MessageHolder, bytes: number): boolean {
    return this.#room.has(holder, bytes)
  }

  whenRoom(callback: () => void): void {
    this.#room.whenRoom(callback)
  }

  whenDurable(callback: () => void): void {
    this.#putOff.writeOut()
    this.#writer.whenDurable(callback)
  }

  read(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]> {
    return this.#reader.read({
      owner: owner.kind === 'subscription' ? owner.key : `${owner.kind} ${owner.name}`,
      after,
      find: (from) => this.#holders.page(owner, from, Math.min(upTo, this.#durableSequence), maxMessages, maxBytes),
      bytesOf: (sequence) => this.#holders.bytesOf(owner, sequence),
    })
  }

  lastProducerSequence(producerId: string): number | undefined {
    return this.#producers.get(producerId)
  }

  statistics(): StoreStatistics {
    const { messages, bytes } = this.#holders.count()
    return {
      messages,
      bytesUsed: bytes,
      roomBytes: this.#writer.isOutOfSpace ? 0 : this.#room.bytes,
      syncs: this.#writer.batches,
      recordsWritten: this.#writer.rows,
      recoveryMs: this.#recoveryMs,
    }
  }

  async close(): Promise<void> {
    if (this.#isOpen) this.#putOff.writeOut()
    this.#isOpen = false
    await this.#writer.close()
    await Promise.all([this.#sessions.writer.close(), this.#sessions.reader.close()])
  }

  #readySession(purpose: string): ReadySession {
    const { database, clock, applicationName } = this.#options
    const { answerTimeoutMs } = sqlStoreLimits
    return new ReadySession(clock, () =>
      database.connect({ applicationName: `${applicationName}/${purpose}`, answerTimeoutMs }),
    )
  }

  async #connect(owner: StoreOwner): Promise<Opened> {
    const { openTables, names } = this.#options
    const sessions = await Promise.all([this.#sessions.writer.take(), this.#sessions.reader.take()])
    const [writer, reader] = sessions
    const proof = { term: owner.term, leaseHolder: owner.leaseHolder }
    return { owner, sessions, writing: openTables(writer, names), reading: openTables(reader, names), proof }
  }

  #watch({ sessions }: Opened): void {
    for (const { lost } of sessions) void lost.then((error) => this.#writer.fail(error))
  }

  get #connected(): Opened {
    assert(this.#opened, 'The store is used while it is not open')
    return this.#opened
  }

  #checkOpen(): void {
    assert(this.#isOpen, 'The store is written to while it is not open')
  }

  /** After what was put off: sequences are written in their order. */
  #change(apply: () => void): void {
    this.#checkOpen()
    this.#putOff.writeOut()
    this.#writer.atOnce(apply)
  }

  #addNow(message: AddedMessage, sequence: Sequence): void {
    if (!this.#holders.keeps(message.holder)) return
    this.#room.take(message.bytes.length)
    this.#place(message, sequence)
  }

  /** Its bytes are counted already. */
  #place(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#lastSequence, 'Sequences grow with every message')
    this.#lastSequence = sequence
    this.#lastId = Math.max(this.#lastId, sequence)
    this.#producers.set(message.producerId, message.producerSequenceId, sequence)
    if (!this.#holders.place(message, sequence)) return
    if (message.arrival !== undefined) this.#arrivals.add(this.#holders.rowOf(message.holder), message, sequence)
  }

  #spared(
    { message, settled }: { message: AddedMessage; settled: () => void },
    sequence: Sequence,
    left: boolean,
  ): void {
    this.#writer.atOnce(() => {
      this.#producers.set(message.producerId, message.producerSequenceId, sequence)
      if (message.arrival !== undefined && !left)
        this.#arrivals.add(this.#holders.rowOf(message.holder), message, sequence)
    })
    this.#writer.whenProven(settled)
  }

  /** Throws RefusalError for a message that the store does not take. */
  #check(message: AddedMessage): boolean {
    this.#checkSize(message)
    return this.#holders.keeps(message.holder)
  }

  #checkSize({ bytes }: AddedMessage): void {
    const { largestBlob } = this.#connected.writing
    if (bytes.length + blobOverheadBytes <= largestBlob) return
    throw new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot store message of ${bytes.length} bytes: the database takes up to ${largestBlob} (limit largestBlob)`,
      { fields: { limit: 'largestBlob' } },
    )
  }

  #keepsUncommitted(message: AddedMessage): boolean {
    if (!this.#check(message)) return false
    const limit = Math.min(this.#options.uncommittedBytes ?? Number.POSITIVE_INFINITY, sqlStoreLimits.uncommittedBytes)
    if (this.#uncommittedBytes + message.bytes.length > limit)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot add to transaction: the open transactions have ${this.#uncommittedBytes} bytes, which are in memory until they are ` +
          `committed (limit uncommittedBytes ${limit}); commit more often`,
        { fields: { limit: 'uncommittedBytes' } },
      )
    this.#uncommittedBytes += message.bytes.length
    return true
  }

  #tellOpened(loaded: LoadedTables, place: string): void {
    const { logger } = this.#options
    const { messages, bytes } = this.#holders.count()
    const { preparedMessages, preparedAcknowledgements } = loaded
    logger.info('Took over what is in the database', {
      database: place,
      queues: this.#holders.queues.size,
      subscriptions: loaded.subscriptions.length,
      messages,
      bytes,
      lastSequence: this.#lastId,
      writtenByOthers: loaded.largestId > loaded.lastId,
      milliseconds: Math.round(this.#recoveryMs),
    })
    if (preparedMessages + preparedAcknowledgements > 0)
      logger.warn('There are prepared XA transactions in the database: what they have is left alone', {
        preparedMessages,
        preparedAcknowledgements,
      })
  }

  #fail(error: Error): void {
    this.#options.logger.error('Cannot write to the database any more', { error: errorMessage(error) })
    this.#tellFailed(error)
  }
}

const asError = (error: unknown): Error =>
  isError(error) ? error : new FlotillaError('SQL_FAILED', errorMessage(error))

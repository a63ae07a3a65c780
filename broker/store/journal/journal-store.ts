// The message store over the journal: what is queued in memory costs bytes per message (message-index.ts), bodies are read
// back from disk. Records are specified in store-records.ts; who removes old segments is reclaimer.ts.
//
// A record is always appended before the state takes it in: what stands at the start of the next segment must not know
// of a record that may not make it to the disk.
import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { errorCode } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { Disk } from '../../disk/disk.ts'
import { Journal } from '../../journal/journal.ts'
import { JournalError } from '../../journal/journal-error.ts'
import { journalLimits } from '../../journal/limits.ts'
import { EarlyAcknowledgements } from './early-acknowledgements.ts'
import { storeLimits } from '../limits.ts'
import type { MessageLocation } from './message-index.ts'
import type {
  AddedMessage,
  MessageStore,
  RecoveredState,
  Sequence,
  StoredMessage,
  StoreStatistics,
  StoreTransactionId,
} from '../message-store.ts'
import { Reclaimer } from './reclaimer.ts'
import { StoreSpace } from './store-space.ts'
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
import { StoreState, type QueueState } from './store-state.ts'
import { UnwrittenMessages } from './unwritten-messages.ts'

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
  /** Throws or rejects when this member no longer owns the store: asked after each sync, before any callback. */
  readonly verifyOwnership: () => void | Promise<void>
}

interface LocalTransaction {
  readonly number: number
  adds: number
  /** The largest sequence of each producer. */
  readonly producers: Map<string, number>
}

/** A read that lost a race with the removal of a segment is done again; the second time it finds the new place. */
const readAttempts = 4

export class JournalStore implements MessageStore {
  readonly failed: Promise<Error>
  readonly #options: JournalStoreOptions
  readonly #state: StoreState
  readonly #journal: Journal
  readonly #reclaimer: Reclaimer
  readonly #space: StoreSpace
  readonly #transactions = new Map<StoreTransactionId, LocalTransaction>()
  readonly #unwritten = new UnwrittenMessages()
  readonly #early: EarlyAcknowledgements
  #putOff: Timer | undefined
  #nextTransaction = 1
  /** Every message up to here is durable. */
  #durableSequence: Sequence = 0
  #recoveryMs = 0
  #isOpen = false

  constructor(options: JournalStoreOptions) {
    const maxFileLength = options.maxFileLength ?? journalLimits.maxFileLength
    this.#options = options
    this.#early = new EarlyAcknowledgements(options.clock)
    this.#state = new StoreState((_segment, use) => {
      if (this.#isOpen && this.#reclaimer.isCandidate(use)) this.#reclaimer.trigger()
    })
    this.#journal = new Journal({
      ...options,
      maxFileLength,
      visitor: this.#state,
      writePreamble: () => this.#writeSnapshot(),
      onWriting: () => this.#writeOut(),
      onSealed: () => {
        void this.#space.look()
        this.#reclaimer.trigger()
      },
      mark: () => this.#state.lastSequence,
      onDurable: (sequence) => (this.#durableSequence = sequence),
    })
    this.#space = new StoreSpace({
      ...options,
      maxFileLength,
      limitBytes: options.limitBytes ?? storeLimits.limitBytes,
      journal: this.#journal,
      messages: () => this.#messages,
    })
    this.#reclaimer = new Reclaimer({
      ...options,
      maxFileLength,
      state: this.#state,
      journal: this.#journal,
      onRemoved: () => void this.#space.look(),
    })
    this.failed = this.#journal.failed
  }

  follow(): void {
    this.#journal.follow()
  }

  /** Rejects with JournalError JOURNAL_FENCED when a larger term was here. */
  async open(term: number): Promise<RecoveredState> {
    const { clock, logger } = this.#options
    const startMs = clock.monotonicMs()
    await this.#journal.open(term, ({ segments, cutBytes, damage }) => {
      const renamed = this.#state.finishRecovery(segments.map(({ number }) => number))
      if (renamed.length > 0) logger.error('Names of queues were damaged; their messages got new ones', { renamed })
      if (cutBytes > 0 || damage.length > 0)
        logger.warn('Recovered a damaged journal', { cutBytes, damage: damage.length })
    })
    this.#durableSequence = this.#state.lastSequence
    this.#recoveryMs = clock.monotonicMs() - startMs
    await this.#space.start()
    this.#isOpen = true
    this.#reclaimer.trigger()
    const queues = [...this.#state.queues.values()].map(({ name, index }) => ({
      name,
      messageCount: index.messages,
      messageBytes: index.bytes,
    }))
    return { queues, lastSequence: this.#state.lastSequence }
  }

  addQueue(name: string): void {
    this.#queue(name)
  }

  removeQueue(name: string): void {
    this.#writeOut()
    const queue = this.#state.queueNamed(name)
    if (!queue) return
    this.#append(recordType.queueRemoved, encodeQueueRemoved(queue.number))
    this.#state.removeQueue(queue.number, this.#journal.segment)
    // What an open transaction adds later has to find its queue.
    for (const { adds } of this.#state.transactions.values()) {
      if (!adds.includesQueue(queue.number)) continue
      this.#append(recordType.queue, encodeQueue(queue.number, name))
      this.#state.addQueue(queue.number, name)
      return
    }
  }

  add(message: AddedMessage, sequence: Sequence): void {
    this.#writeOut()
    this.#add(message, sequence)
  }

  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    if (message.bytes.length > storeLimits.unwrittenBytes) {
      this.add(message, sequence)
      return this.whenDurable(settled)
    }
    // What is wrong with it has to be said now.
    this.#queue(message.queue)
    this.#checkProducer(message)
    const nowMs = this.#options.clock.monotonicMs()
    this.#unwritten.add(sequence, message, settled, nowMs)
    this.#early.dispatched(sequence, nowMs)
    if (this.#early.expected) this.#putOffWriting(storeLimits.earlyAcknowledgementMs)
    else this.#journal.requestWrite()
  }

  remove(queue: string, sequence: Sequence, awaited = true): void {
    if (this.#unwritten.has(sequence)) {
      const spared = awaited ? undefined : this.#unwritten.takeOnlyOf(sequence)
      if (spared) {
        this.#early.acknowledged(sequence, true)
        if (this.#unwritten.size === 0) this.#endPuttingOff()
        this.#state.producers.set(spared.message.producerId, spared.message.producerSequenceId)
        return this.#journal.whenProven(spared.settled)
      }
      this.#writeOut()
    }
    if (!awaited) this.#early.acknowledged(sequence, false)
    const state = this.#state.queueNamed(queue)
    if (!state?.index.get(sequence)) return
    this.#append(recordType.remove, encodeRemove(state.number, sequence))
    this.#state.remove(state.number, sequence, this.#journal.segment)
  }

  addInTransaction(id: StoreTransactionId, message: AddedMessage): void {
    const queue = this.#queue(message.queue)
    const transaction = this.#transaction(id)
    const { number, producers } = transaction
    const head = this.#head(message)
    const ordinal = transaction.adds++
    const meta = encodeAddInTx(queue.number, number, ordinal, head.length)
    const position = this.#append(recordType.addInTx, meta, head, message.bytes)
    this.#state.addInTransaction(number, ordinal, queue.number, {
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + message.bytes.length,
      headLength: head.length,
    })
    const known = producers.get(message.producerId) ?? message.producerSequenceId
    producers.set(message.producerId, Math.max(known, message.producerSequenceId))
  }

  removeInTransaction(id: StoreTransactionId, queue: string, sequence: Sequence): void {
    if (this.#unwritten.has(sequence)) this.#writeOut()
    const state = this.#state.queueNamed(queue)
    if (!state?.index.get(sequence)) return
    const { number } = this.#transaction(id)
    this.#append(recordType.removeInTx, encodeRemoveInTx(state.number, number, sequence))
    this.#state.removeInTransaction(number, state.number, sequence, this.#journal.segment)
  }

  commit(id: StoreTransactionId, firstSequence: Sequence): void {
    const transaction = this.#transactions.get(id)
    if (!transaction) return
    // Sequences stand in the journal in their order.
    this.#writeOut()
    const { number, adds, producers } = transaction
    assert(adds === 0 || firstSequence > this.#state.lastSequence, 'Sequences grow with every message')
    this.#transactions.delete(id)
    let list: Buffer | undefined
    // Beyond what one meta holds (hundreds of producers in one transaction), the others are not remembered.
    encodeProducerList(producers, ({ meta, length }) => (list ??= Buffer.from(meta.subarray(0, length))))
    this.#append(recordType.commit, encodeCommit(number, firstSequence, adds), undefined, list)
    this.#state.commit(number, firstSequence, adds, this.#journal.segment)
    for (const [producerId, sequence] of producers) this.#state.producers.set(producerId, sequence)
  }

  rollback(id: StoreTransactionId): void {
    const transaction = this.#transactions.get(id)
    if (!transaction) return
    this.#transactions.delete(id)
    this.#append(recordType.rollback, encodeRollback(transaction.number))
    this.#state.endTransaction(transaction.number)
  }

  hasRoom(bytes: number): boolean {
    return this.#space.hasRoom(bytes)
  }

  whenRoom(callback: () => void): void {
    this.#space.whenRoom(callback)
  }

  whenDurable(callback: () => void): void {
    this.#writeOut()
    this.#journal.whenDurable(callback)
  }

  async read(
    queue: string,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly StoredMessage[]> {
    for (let attempt = 1; ; attempt++) {
      const wanted = this.#locate(queue, after, upTo, maxMessages, maxBytes)
      // Moved to a place that is on its way to the disk.
      if (wanted.some(({ segment, position }) => !this.#journal.isDurable(segment, position)))
        await new Promise<void>((resolve) => this.whenDurable(resolve))
      try {
        return await this.#readBodies(wanted)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT' || attempt === readAttempts) throw error
      }
    }
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
    if (this.#isOpen) this.#writeOut()
    this.#space.stop()
    this.#isOpen = false
    await this.#journal.close()
  }

  get #messages(): number {
    let messages = 0
    for (const { index } of this.#state.queues.values()) messages += index.messages
    return messages
  }

  #add(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#state.lastSequence, 'Sequences grow with every message')
    const queue = this.#queue(message.queue)
    const head = this.#head(message)
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

  #append(type: number, { meta, length }: EncodedMeta, head?: EncodedMeta, body?: Buffer): number {
    return this.#journal.append(type, meta, length, head?.meta, head?.length ?? 0, body)
  }

  #head(message: AddedMessage): EncodedMeta {
    this.#checkProducer(message)
    return encodeHead(message.producerId, message.producerSequenceId)
  }

  #checkProducer({ producerId }: AddedMessage): void {
    checkText('producer id', producerId, storeLimits.producerIdBytes)
  }

  /** Until the oldest message has waited for `delayMs`, or is acknowledged. */
  #putOffWriting(delayMs: number): void {
    const { clock } = this.#options
    this.#putOff ??= clock.after(delayMs, () => {
      this.#putOff = undefined
      const { sinceMs } = this.#unwritten
      if (sinceMs === undefined) return
      const leftMs = storeLimits.earlyAcknowledgementMs - (clock.monotonicMs() - sinceMs)
      if (leftMs > 0) return this.#putOffWriting(leftMs)
      this.#early.waitedInVain()
      this.#journal.requestWrite()
    })
  }

  #endPuttingOff(): void {
    this.#putOff?.cancel()
    this.#putOff = undefined
  }

  #writeOut(): void {
    this.#endPuttingOff()
    this.#unwritten.takeAll((sequence, message, settled) => {
      this.#add(message, sequence)
      this.#journal.whenDurable(settled)
    })
  }

  #queue(name: string): QueueState {
    const known = this.#state.queueNamed(name)
    if (known) return known
    checkText('queue name', name, storeLimits.queueNameBytes)
    const number = this.#state.nextQueue
    this.#append(recordType.queue, encodeQueue(number, name))
    return this.#state.addQueue(number, name)
  }

  #transaction(id: StoreTransactionId): LocalTransaction {
    let open = this.#transactions.get(id)
    if (!open) {
      open = { number: this.#nextTransaction++, adds: 0, producers: new Map() }
      this.#transactions.set(id, open)
    }
    return open
  }

  #writeSnapshot(): void {
    const { queues, producers, lastSequence, nextQueue } = this.#state
    const names = [...queues.values()].map(({ number, name }) => [number, name] as const)
    encodeQueueList(names, (meta) => this.#append(recordType.snapshotQueues, meta))
    encodeProducerList(producers.entries(), (meta) => this.#append(recordType.snapshotProducers, meta))
    this.#append(recordType.snapshotEnd, encodeSnapshotEnd({ lastSequence, nextQueue, queues: names.length }))
    this.#state.uses.of(this.#journal.segment)
  }

  #locate(queue: string, after: Sequence, upTo: Sequence, maxMessages: number, maxBytes: number): MessageLocation[] {
    const wanted: MessageLocation[] = []
    const last = Math.min(upTo, this.#durableSequence)
    let total = 0
    this.#state.queueNamed(queue)?.index.scan(after, (location) => {
      const length = location.bodyLength - location.headLength
      if (location.sequence > last || wanted.length >= maxMessages) return false
      if (wanted.length > 0 && total + length > maxBytes) return false
      total += length
      wanted.push({ ...location })
      return true
    })
    return wanted
  }

  /** Neighbours are read together, runs one after the other. */
  async #readBodies(wanted: readonly MessageLocation[]): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = []
    for (let first = 0; first < wanted.length;) {
      const { segment, position: start } = wanted[first]!
      let end = recordEnd(wanted[first]!)
      let next = first + 1
      for (; next < wanted.length && next - first < 65_536; next++) {
        const { segment: other, position } = wanted[next]!
        if (other !== segment || position < end - storeLimits.recordOverheadBytes) break
        if (position - end > storeLimits.readGapBytes || recordEnd(wanted[next]!) - start > storeLimits.readRunBytes)
          break
        end = recordEnd(wanted[next]!)
      }
      const bytes = await this.#journal.read(segment, start, end - start)
      for (const { sequence, position, headLength } of wanted.slice(first, next)) {
        const body = this.#journal.body(segment, position, bytes, start)
        // A copy, so that one message that stays does not hold on to all that were read with it.
        if (body) messages.push({ sequence, bytes: Buffer.from(body.subarray(headLength)) })
      }
      first = next
    }
    return messages
  }
}

/** Not beyond the end of the file by more than a little, which a read does not mind. */
const recordEnd = ({ position, bodyLength }: MessageLocation): number =>
  position + bodyLength + storeLimits.recordOverheadBytes

function checkText(what: string, text: string, maxBytes: number): void {
  const length = Buffer.byteLength(text)
  if (length <= maxBytes) return
  throw new JournalError('JOURNAL_LIMIT', `Cannot store ${what} of ${length} bytes: at most ${maxBytes} are accepted`, {
    fields: { length, maxBytes },
  })
}

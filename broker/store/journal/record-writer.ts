// Appends the store's records (store-records.ts), each before the state takes it in: what stands at the start of the next
// segment must not know of a record that may not make it to the disk. It does not know what is put off.
import { assert } from '../../base/assert.ts'
import type { Journal } from '../../journal/journal.ts'
import { JournalError } from '../../journal/journal-error.ts'
import type { AddedMessage, MessageHolder, Sequence, SubscriptionHolder, SubscriptionTerms } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import { encodeArrivalHead, encodeArrivals, type StoredArrival } from './arrival-records.ts'
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
import type { QueueState } from './queue-state.ts'
import type { StoreState } from './store-state.ts'
import {
  appendExcept,
  encodeAcknowledged,
  encodeAcknowledgedInTx,
  encodeRanges,
  encodeSnapshotSubscription,
  encodeSubscription,
} from './subscription-records.ts'
import { subscriptionRecord, type SubscriptionState } from './topic-subscriptions.ts'

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

  /** What a message is added to; undefined for a topic without subscriptions. */
  #target({ kind, name }: MessageHolder): QueueState | undefined {
    if (kind === 'queue') return this.queue(name)
    const topic = this.#state.topicNamed(name)
    return topic?.topic?.subscriptions.size === 0 ? undefined : topic
  }

  /** Throws for a message that `add` would throw for, having made its queue known. */
  check({ holder, producerId, arrival }: AddedMessage): void {
    this.#target(holder)
    checkProducer(arrival ?? producerId)
  }

  add(message: AddedMessage, sequence: Sequence): void {
    assert(sequence > this.#state.lastSequence, 'Sequences grow with every message')
    const queue = this.#target(message.holder)
    if (!queue) return
    const head = headOf(message)
    const { bytes, arrival } = message
    const except = queue.topic ? this.#except(message) : undefined
    const meta = encodeAdd(queue.number, sequence, head.length)
    const position = queue.topic
      ? this.#append(recordType.topicAdd, appendExcept(meta, except ?? []), head, bytes)
      : this.#append(recordType.add, meta, head, bytes)
    const location = {
      sequence,
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + bytes.length,
      headLength: head.length,
    }
    if (queue.topic) this.#state.placeInTopic(queue, location, except)
    else this.#state.place(queue, location)
    this.#state.lastSequence = sequence
    this.#state.producers.set(message.producerId, message.producerSequenceId)
    if (arrival !== undefined) this.#state.arrivals.add(arrivalAt(queue, sequence, arrival, message))
  }

  /** One that came over a bridge was consumed before it was written, and never is. */
  arrived(message: AddedMessage, sequence: Sequence): void {
    const queue = this.#state.queueNamed(message.holder.name)
    if (!queue || message.arrival === undefined) return
    const arrival = arrivalAt(queue, sequence, message.arrival, message)
    // What may be written in front of it, the start of a segment, is encoded in the same place.
    const lists: Buffer[] = []
    encodeArrivals([arrival], ({ meta, length }) => lists.push(Buffer.from(meta.subarray(0, length))))
    for (const meta of lists) this.#append(recordType.arrived, { meta, length: meta.length })
    this.#state.arrivals.add(arrival)
  }

  /** As the reclaimer moves a message, with other bytes. */
  update(message: AddedMessage, sequence: Sequence): void {
    const queue = this.#state.queueNamed(message.holder.name)
    if (!queue?.index.get(sequence)) return
    const head = headOf(message)
    const position = this.#append(recordType.moved, encodeAdd(queue.number, sequence, head.length), head, message.bytes)
    this.#state.place(queue, {
      sequence,
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + message.bytes.length,
      headLength: head.length,
    })
  }

  remove(queueName: string, sequence: Sequence, left: boolean): void {
    const { arrivals } = this.#state
    const queue = this.#state.queueNamed(queueName)
    if (!queue?.index.get(sequence)) return
    const leaves = left && arrivals.has(sequence)
    this.#append(recordType.remove, encodeRemove(queue.number, sequence, leaves))
    if (leaves) arrivals.left(sequence)
    this.#state.remove(queue.number, sequence, this.#journal.segment)
  }

  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void {
    const { subscriptions, lastSequence } = this.#state
    if (subscriptions.find(holder.key)) return
    const topic = this.#state.topicNamed(holder.topic)
    checkSubscription(holder, terms, subscriptions.size, topic?.topic?.subscriptions.size ?? 0)
    const number = this.#state.nextQueue
    const record = {
      ...terms,
      number,
      topic: topic?.number ?? number + 1,
      topicName: holder.topic,
      clientId: holder.clientId,
      name: holder.name,
      mark: lastSequence,
    }
    this.#append(recordType.subscription, encodeSubscription(record))
    this.#state.addSubscription(record)
  }

  removeSubscription({ key }: SubscriptionHolder): void {
    const subscription = this.#state.subscriptions.find(key)
    if (!subscription) return
    this.#append(recordType.subscriptionRemoved, encodeQueueRemoved(subscription.number))
    this.#state.removeSubscription(subscription.number)
  }

  acknowledge({ key }: SubscriptionHolder, sequence: Sequence): void {
    const { subscriptions } = this.#state
    const state = subscriptions.find(key)
    if (!state || !subscriptions.wants(state, sequence)) return
    const range = { subscription: state.number, after: subscriptions.before(state, sequence), upTo: sequence }
    this.#append(recordType.acknowledged, encodeAcknowledged(range.subscription, range.after, range.upTo))
    subscriptions.acknowledge(range)
  }

  acknowledgeInTransaction(tx: number, { number }: SubscriptionState, after: Sequence, upTo: Sequence): void {
    this.#append(recordType.acknowledgedInTx, encodeAcknowledgedInTx(tx, number, after, upTo))
    const { segment } = this.#journal
    this.#state.acknowledgeInTransaction(tx, { subscription: number, after, upTo, segment })
  }

  takeTransactionNumber(): number {
    return this.#nextTransaction++
  }

  /** False for a topic without subscriptions: nothing is kept, but the ordinal, and so a sequence, is taken. */
  addInTransaction(tx: number, ordinal: number, message: AddedMessage): boolean {
    const queue = this.#target(message.holder)
    if (!queue) return false
    const head = headOf(message)
    const meta = encodeAddInTx(queue.number, tx, ordinal, head.length)
    const except = queue.topic ? this.#except(message) : undefined
    const position = queue.topic
      ? this.#append(recordType.topicAddInTx, appendExcept(meta, except ?? []), head, message.bytes)
      : this.#append(recordType.addInTx, meta, head, message.bytes)
    if (except) this.#state.exceptInTransaction(tx, ordinal, except)
    const { arrival: producerId, producerSequenceId } = message
    if (producerId !== undefined) this.#state.arriveInTransaction(tx, ordinal, { producerId, producerSequenceId })
    this.#state.addInTransaction(tx, ordinal, queue.number, {
      segment: this.#journal.segment,
      position,
      bodyLength: head.length + message.bytes.length,
      headLength: head.length,
    })
    queue.uncommittedBytes += head.length + message.bytes.length + journalStoreLimits.heldOverheadBytes
    return true
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
    const { queues, producers, arrivals, lastSequence, nextQueue, subscriptions } = this.#state
    const names = [...queues.values()].flatMap(({ number, name, topic }) => (topic ? [] : [[number, name] as const]))
    encodeQueueList(names, (meta) => this.#append(recordType.snapshotQueues, meta))
    encodeProducerList(producers.entries(), (meta) => this.#append(recordType.snapshotProducers, meta))
    if (!arrivals.isEmpty) encodeArrivals(arrivals.values(), (meta) => this.#append(recordType.snapshotArrivals, meta))
    for (const subscription of subscriptions) this.#writeSubscription(subscription)
    const counts = { queues: names.length, subscriptions: subscriptions.size }
    this.#append(recordType.snapshotEnd, encodeSnapshotEnd({ lastSequence, nextQueue, ...counts }))
    this.#state.uses.of(this.#journal.segment)
    this.#state.snapshotWritten()
  }

  #writeSubscription(subscription: SubscriptionState): void {
    const { number, progress } = subscription
    this.#append(recordType.snapshotSubscription, encodeSnapshotSubscription(subscriptionRecord(subscription)))
    encodeRanges(
      number,
      progress.mark,
      (range) => progress.visitAbove(range),
      (meta) => this.#append(recordType.snapshotAcknowledged, meta),
    )
  }

  /** The numbers of the subscriptions that do not want it, ascending; undefined when all do. */
  #except({ notFor }: AddedMessage): number[] | undefined {
    if (!notFor || notFor.length === 0) return undefined
    const numbers: number[] = []
    for (const { key } of notFor) {
      const state = this.#state.subscriptions.find(key)
      if (state) numbers.push(state.number)
    }
    return numbers.sort((a, b) => a - b)
  }

  #append(type: number, { meta, length }: EncodedMeta, head?: EncodedMeta, body?: Buffer): number {
    return this.#journal.append(type, meta, length, head?.meta, head?.length ?? 0, body)
  }
}

function headOf({ producerId, producerSequenceId, arrival }: AddedMessage): EncodedMeta {
  checkProducer(arrival ?? producerId)
  if (arrival !== undefined) return encodeArrivalHead({ producerId: arrival, producerSequenceId })
  return encodeHead(producerId, producerSequenceId)
}

const arrivalAt = (
  { number: queue }: QueueState,
  sequence: Sequence,
  producerId: string,
  { producerSequenceId }: AddedMessage,
): StoredArrival => ({ queue, sequence, producerId, producerSequenceId })

const checkProducer = (producerId: string): void => checkText('producer id', producerId, storeLimits.producerIdBytes)

function checkSubscription(
  { topic, clientId, name }: SubscriptionHolder,
  { selector }: SubscriptionTerms,
  count: number,
  ofTopic: number,
): void {
  const { queueNameBytes, subscriptionNameBytes, selectorBytes, subscriptions, subscriptionsPerTopic } = storeLimits
  checkText('topic name', topic, queueNameBytes)
  checkText('client id', clientId, subscriptionNameBytes)
  checkText('subscription name', name, subscriptionNameBytes)
  if (selector !== null) checkText('selector', selector, selectorBytes)
  if (count < subscriptions && ofTopic < subscriptionsPerTopic) return
  throw new JournalError(
    'JOURNAL_LIMIT',
    `Cannot store subscription ${name}: there are ${count}, ${ofTopic} of them of its topic, as many as may be`,
    { fields: { count, limit: subscriptions, ofTopic, limitOfTopic: subscriptionsPerTopic } },
  )
}

function checkText(what: string, text: string, maxBytes: number): void {
  const length = Buffer.byteLength(text)
  if (length <= maxBytes) return
  throw new JournalError('JOURNAL_LIMIT', `Cannot store ${what} of ${length} bytes: at most ${maxBytes} are accepted`, {
    fields: { length, maxBytes },
  })
}

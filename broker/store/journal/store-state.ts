// Everything the journal store knows: queues and topics with their indexes, subscriptions (topic-subscriptions.ts), producers,
// open transactions, uses of segments. It is made by applying records, either those of the journal (JournalVisitor) or those that the store has just appended.
import type { JournalVisitor } from '../../journal/journal-reader.ts'
import { entryParts, type SummaryRun } from '../../journal/summary.ts'
import { decodeArrivalHead, type ArrivedMessage } from './arrival-records.ts'
import { ArrivalTable } from './arrival-table.ts'
import { journalStoreLimits } from './limits.ts'
import { LiveLists } from './live-lists.ts'
import { MessageIndex } from './message-index.ts'
import type { MessageLocation } from './message-location.ts'
import { subscriptionHolder, type Sequence } from '../held-message.ts'
import { OpenTransactions, type TransactedRange } from './open-transactions.ts'
import { emptyQueue, type QueueState } from './queue-state.ts'
import { SegmentUses, type SegmentUse } from './segment-uses.ts'
import { StoredProducers } from './stored-producers.ts'
import {
  addBytes,
  addInTxBytes,
  decodeHead,
  decodeLeft,
  decodeProducerList,
  decodeQueue,
  decodeQueueList,
  decodeSnapshotEnd,
  recordType,
  type SnapshotEnd,
} from './store-records.ts'
import {
  acknowledgedTransaction,
  decodeAcknowledged,
  decodeExcept,
  decodeRanges,
  decodeSubscription,
} from './subscription-records.ts'
import type { SubscriptionRecord } from './subscription-records.ts'
import { topicState, TopicSubscriptions, type TopicState } from './topic-subscriptions.ts'
import { SummarizedMessages } from './summarized-messages.ts'

/** What damage took away. */
export interface Lost {
  /** The new names of queues whose names were lost. */
  readonly renamed: readonly string[]
  /** How many subscriptions are known by nothing but their numbers. */
  readonly lostSubscriptions: number
}

export class StoreState implements JournalVisitor {
  readonly queues = new Map<number, QueueState>()
  readonly producers = new StoredProducers()
  readonly arrivals = new ArrivalTable()
  readonly transactions: OpenTransactions
  readonly uses: SegmentUses
  readonly subscriptions = new TopicSubscriptions({
    drop: (topic, sequence) => this.#drop(topic.number, sequence),
    lengthened: (segment, bytes) => this.uses.lengthen(segment, bytes),
  })
  lastSequence: Sequence = 0
  nextQueue = 1
  readonly #byName = new Map<string, QueueState>()
  readonly #topicsByName = new Map<string, QueueState>()
  /** Segments with acknowledgements of committed transactions, of which no snapshot knows yet. */
  readonly #pinnedBySnapshot: number[] = []
  #segment = 0
  #term = 0
  /** Snapshots count when their end is there. */
  #snapshotQueues = new Map<number, string>()
  readonly #snapshotSubscriptions = new Set<number>()
  readonly #liveLists = new LiveLists()

  readonly #summarized: SummarizedMessages<QueueState>
  readonly #queueOf = (number: number): QueueState => this.#queue(number)
  readonly #onReleased: (queue: QueueState) => void

  /** `onReleased` is called with a queue that has less than before. */
  constructor(
    onShrunk: (segment: number, use: SegmentUse) => void,
    onReleased: (queue: QueueState) => void = () => {},
  ) {
    this.#onReleased = onReleased
    this.uses = new SegmentUses(onShrunk)
    this.transactions = new OpenTransactions(this.uses)
    this.#summarized = new SummarizedMessages(this)
  }

  queueNamed(name: string): QueueState | undefined {
    return this.#byName.get(name)
  }

  /** Known with its first subscription, and for as long as this process lives. */
  topicNamed(name: string): QueueState | undefined {
    return this.#topicsByName.get(name)
  }

  // Applying: each for a record in `segment`.

  addQueue(number: number, name: string): QueueState {
    // An older release gave the number of a topic, which it did not know, to a queue.
    if (this.queues.get(number)?.topic) this.removeQueue(number, this.#segment)
    const queue = this.#queue(number)
    queue.name = name
    this.#byName.set(name, queue)
    this.nextQueue = Math.max(this.nextQueue, number + 1)
    return queue
  }

  removeQueue(number: number, by: number): void {
    const queue = this.queues.get(number)
    if (!queue) return
    this.queues.delete(number)
    if (this.#topicsByName.get(queue.name) === queue) this.#topicsByName.delete(queue.name)
    if (this.#byName.get(queue.name) === queue) this.#byName.delete(queue.name)
    queue.index.scan(0, ({ segment, bodyLength }) => {
      this.uses.dropLive(segment, bodyLength)
      // The same number may come back for an open transaction, and must not bring old messages with it.
      this.uses.tells(by, segment)
      return true
    })
    this.#onReleased(queue)
  }

  addSubscription({ number, topic, topicName, clientId, name, selector, noLocal, mark }: SubscriptionRecord): void {
    const queue = this.#topic(topic)
    queue.name = topicName
    this.#topicsByName.set(topicName, queue)
    this.nextQueue = Math.max(this.nextQueue, number + 1, topic + 1)
    const holder = subscriptionHolder(topicName, clientId, name)
    this.subscriptions.add(number, mark, { holder, terms: { selector, noLocal }, topic: queue.topic! })
  }

  removeSubscription(number: number): void {
    const topic = this.subscriptions.get(number)?.identity?.topic
    this.subscriptions.remove(number)
    if (topic) this.#onReleased(this.queues.get(topic.number)!)
  }

  /** A message of a topic is now at `location` for the first time. */
  placeInTopic(queue: QueueState, location: Readonly<MessageLocation>, except: readonly number[] | undefined): void {
    this.place(queue, location)
    const { sequence, segment, bodyLength, headLength } = location
    this.subscriptions.added(queue.topic!, sequence, segment, bodyLength - headLength, except)
  }

  /** A message is now at `location`, for the first time or after it was moved. */
  place(queue: QueueState, location: Readonly<MessageLocation>): void {
    const old = queue.index.set(location)
    this.uses.addLive(location.segment, location.bodyLength)
    if (!old) return
    this.uses.dropLive(old.segment, old.bodyLength)
    this.uses.tells(location.segment, old.segment)
  }

  /** As `place`, without an object for each message, for one that mostly stands behind all others of its queue. */
  #placeLast(
    queue: QueueState,
    sequence: Sequence,
    segment: number,
    position: number,
    bodyLength: number,
    headLength: number,
  ): void {
    if (queue.index.append(sequence, segment, position, bodyLength, headLength)) this.uses.addLive(segment, bodyLength)
    else this.place(queue, { sequence, segment, position, bodyLength, headLength })
  }

  remove(queue: number, sequence: Sequence, segment: number): void {
    const state = this.queues.get(queue)
    const location = state?.index.remove(sequence)
    if (!location) return
    this.#onReleased(state!)
    this.uses.dropLive(location.segment, location.bodyLength)
    this.uses.tells(segment, location.segment)
  }

  /** What tells that it is gone is what is told of subscriptions, and that is told again with each segment. */
  #drop(topic: number, sequence: Sequence): void {
    const state = this.queues.get(topic)
    const location = state?.index.remove(sequence)
    if (!location) return
    this.#onReleased(state!)
    this.uses.dropLive(location.segment, location.bodyLength)
  }

  addInTransaction(tx: number, ordinal: number, queue: number, location: Omit<MessageLocation, 'sequence'>): void {
    const { segment, position, bodyLength, headLength } = location
    this.transactions.obtain(tx).adds.add(queue, ordinal, segment, position, bodyLength, headLength)
    this.uses.pin(segment)
  }

  removeInTransaction(tx: number, queue: number, sequence: Sequence, segment: number): void {
    this.transactions.obtain(tx).removes.push({ queue, sequence, segment })
    this.uses.pin(segment)
  }

  exceptInTransaction(tx: number, ordinal: number, except: readonly number[]): void {
    const open = this.transactions.obtain(tx)
    open.except ??= new Map()
    open.except.set(ordinal, except)
  }

  arriveInTransaction(tx: number, ordinal: number, message: ArrivedMessage): void {
    const open = this.transactions.obtain(tx)
    open.arrivals ??= new Map()
    open.arrivals.set(ordinal, message)
  }

  acknowledgeInTransaction(tx: number, range: TransactedRange): void {
    this.transactions.obtain(tx).acknowledgements.push(range)
    this.uses.pin(range.segment)
  }

  commit(tx: number, firstSequence: Sequence, addCount: number, segment: number): void {
    this.lastSequence = Math.max(this.lastSequence, firstSequence + addCount - 1)
    const open = this.transactions.get(tx)
    if (!open) return
    let elsewhere: Set<number> | undefined
    let count = 0
    let state: QueueState | undefined
    const { adds } = open
    this.#summarized.commit(adds.summarized, firstSequence, segment, this.#queueOf)
    for (let index = 0; index < adds.length; index++) {
      const queue = adds.queue(index)
      if (state?.number !== queue) state = this.#queue(queue)
      const ordinal = adds.ordinal(index)
      const sequence = firstSequence + ordinal
      const at = adds.segment(index)
      const position = adds.position(index)
      const bodyLength = adds.bodyLength(index)
      const headLength = adds.headLength(index)
      this.#placeLast(state, sequence, at, position, bodyLength, headLength)
      if (state.topic)
        this.subscriptions.added(state.topic, sequence, at, bodyLength - headLength, open.except?.get(ordinal))
      const arrival = open.arrivals?.get(ordinal)
      if (arrival) this.arrivals.add({ ...arrival, queue, sequence })
      if (at === segment) continue
      elsewhere ??= new Set()
      elsewhere.add(queue)
      count = Math.max(count, ordinal + 1)
    }
    if (elsewhere) this.uses.of(segment).commits.push({ queues: elsewhere, firstSequence, count })
    for (const { queue, sequence, segment: at } of open.removes) {
      const location = this.queues.get(queue)?.index.get(sequence)
      this.remove(queue, sequence, segment)
      // Both records are needed to tell that the message is gone.
      if (location) this.uses.tells(at, location.segment)
    }
    this.#commitAcknowledgements(open.acknowledgements, segment)
    this.endTransaction(tx)
  }

  #commitAcknowledgements(acknowledgements: readonly TransactedRange[], commitSegment: number): void {
    for (const range of acknowledgements) {
      this.subscriptions.acknowledge(range)
      if (range.segment === commitSegment) continue
      this.uses.pin(range.segment)
      this.#pinnedBySnapshot.push(range.segment)
    }
  }

  /** All that older segments tell of subscriptions stands in a newer one. */
  snapshotWritten(): void {
    for (const segment of this.#pinnedBySnapshot.splice(0)) this.uses.unpin(segment)
  }

  /** What a transaction of this writer adds is not counted as uncommitted any more: it is about to end. */
  forgetUncommitted(tx: number): void {
    const adds = this.transactions.get(tx)?.adds
    if (!adds) return
    let queue: QueueState | undefined
    for (let index = 0; index < adds.length; index++) {
      if (queue?.number !== adds.queue(index)) queue = this.queues.get(adds.queue(index))
      if (!queue) continue
      queue.uncommittedBytes -= adds.bodyLength(index) + journalStoreLimits.heldOverheadBytes
      this.#onReleased(queue)
    }
  }

  endTransaction(tx: number): void {
    this.transactions.end(tx)
  }

  // Recovery.

  reset(): void {
    this.queues.clear()
    this.producers.clear()
    this.transactions.clear()
    this.uses.clear()
    this.#byName.clear()
    this.#topicsByName.clear()
    this.subscriptions.clear()
    this.#pinnedBySnapshot.length = 0
    this.#liveLists.clear()
    this.arrivals.clear()
    this.lastSequence = 0
    this.nextQueue = 1
    this.#term = 0
  }

  segment(number: number, term: number): void {
    // Nobody goes on with the transactions of an older writer, and their numbers are used again.
    if (term !== this.#term) this.transactions.endAll()
    for (const { adds } of this.transactions.values()) adds.unfold()
    this.#segment = number
    this.#term = term
    this.uses.of(number)
    this.#snapshotQueues = new Map()
    this.producers.lists.begin()
    this.arrivals.beginSnapshot()
    this.#snapshotSubscriptions.clear()
  }

  /** Messages of a large backlog do not come one by one. */
  run(type: number, run: SummaryRun): boolean {
    const segment = this.#segment
    const isTopics = type === recordType.topicAdd && run.stride === entryParts.meta + addBytes
    if (type === recordType.acknowledged) this.subscriptions.acknowledgeRun(run)
    else if (type === recordType.addInTx) this.#summarized.note(run, segment)
    else if (type === recordType.add || isTopics) {
      const last = this.#summarized.place(run, segment, isTopics ? (number) => this.#topic(number) : this.#queueOf)
      this.lastSequence = Math.max(this.lastSequence, last)
    } else return false
    return true
  }

  record(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    switch (type) {
      case recordType.add:
      case recordType.moved:
        return this.#applyAdd(type, position, meta, bodyLength, body)
      case recordType.remove:
        if (decodeLeft(meta)) this.arrivals.left(meta.readUIntBE(4, 6))
        return this.remove(meta.readUInt32BE(0), meta.readUIntBE(4, 6), this.#segment)
      case recordType.queue: {
        const { queue, name } = decodeQueue(meta)
        this.addQueue(queue, name)
        return
      }
      case recordType.queueRemoved:
        return this.removeQueue(meta.readUInt32BE(0), this.#segment)
      case recordType.live:
        return this.uses.tells(this.#segment, this.#liveLists.collect(meta))
      case recordType.snapshotQueues:
        return decodeQueueList(meta, (queue, name) => void this.#snapshotQueues.set(queue, name))
      case recordType.snapshotProducers:
        return this.producers.lists.collect(meta)
      case recordType.snapshotArrivals:
        return this.arrivals.addToSnapshot(meta)
      case recordType.arrived:
        return this.arrivals.addList(meta)
      case recordType.snapshotEnd:
        return this.#applySnapshot(decodeSnapshotEnd(meta))
      case recordType.topicAdd:
      case recordType.topicMoved:
      case recordType.topicAddInTx:
        return this.#applyTopicRecord(type, position, meta, bodyLength, body)
      case recordType.subscription:
      case recordType.snapshotSubscription:
        if (type === recordType.snapshotSubscription) this.#snapshotSubscriptions.add(meta.readUInt32BE(0))
        return this.addSubscription(decodeSubscription(meta))
      case recordType.subscriptionRemoved:
        return this.removeSubscription(meta.readUInt32BE(0))
      case recordType.acknowledged:
        return this.subscriptions.acknowledge(decodeAcknowledged(meta))
      case recordType.snapshotAcknowledged:
        return this.#applyRanges(meta)
      default:
        this.#applyTransactionRecord(type, position, meta, bodyLength, body)
    }
  }

  /**
   * When everything was visited: drops unfinished transactions and whatever is in segments that do not count, or is not
   * needed there or by any subscription.
   */
  finishRecovery(segments: readonly number[]): Lost {
    this.producers.read()
    // One that was never written has used a sequence, too.
    for (const { sequence } of this.arrivals.values()) this.lastSequence = Math.max(this.lastSequence, sequence)
    this.transactions.endAll()
    const counts = new Set(segments)
    const stale = [...this.uses.entries()].some(([segment, use]) => use.live > 0 && !counts.has(segment))
    if (stale || !this.#liveLists.isEmpty) this.#liveLists.purge(this.queues.values(), counts, this.uses)
    this.#pinnedBySnapshot.length = 0
    const lostSubscriptions = this.subscriptions.finishRecovery(this.#topics(), this.lastSequence)
    for (const [number, { topic }] of this.queues)
      if (topic?.subscriptions.size === 0) this.removeQueue(number, this.#segment)
    this.#liveLists.clear()
    for (const [segment] of this.uses.entries()) if (!counts.has(segment)) this.uses.delete(segment)
    return { renamed: this.#nameNameless(), lostSubscriptions }
  }

  #applyTopicRecord(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    const number = meta.readUInt32BE(0)
    const { topic } = this.#topic(number)
    const except = decodeExcept(meta, type === recordType.topicAddInTx ? addInTxBytes : addBytes)
    if (type === recordType.topicAddInTx) {
      this.#applyTransactionRecord(recordType.addInTx, position, meta, bodyLength, body)
      if (except.length > 0) this.exceptInTransaction(meta.readUInt32BE(4), meta.readUInt32BE(8), except)
      return
    }
    this.#applyAdd(type === recordType.topicAdd ? recordType.add : recordType.moved, position, meta, bodyLength, body)
    if (except.length > 0) this.subscriptions.added(topic!, meta.readUIntBE(4, 6), this.#segment, 0, except)
  }

  #applyRanges(meta: Buffer): void {
    const { subscription, ranges } = decodeRanges(meta)
    for (const { after, upTo } of ranges) this.subscriptions.acknowledge({ subscription, after, upTo })
  }

  #applyAdd(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    const sequence = meta.readUIntBE(4, 6)
    const headLength = meta.readUInt16BE(10)
    const queue = this.#queue(meta.readUInt32BE(0))
    this.place(queue, { sequence, segment: this.#segment, position, bodyLength, headLength })
    if (type === recordType.moved) return
    this.lastSequence = Math.max(this.lastSequence, sequence)
    if (!body) return
    const arrival = decodeArrivalHead(body, headLength)
    if (arrival) return this.arrivals.add({ ...arrival, queue: queue.number, sequence })
    const { producerId, producerSequenceId } = decodeHead(body, headLength)
    this.producers.set(producerId, producerSequenceId)
  }

  #applyTransactionRecord(
    type: number,
    position: number,
    meta: Buffer,
    bodyLength: number,
    body: Buffer | undefined,
  ): void {
    const segment = this.#segment
    if (type === recordType.addInTx) {
      const location = { segment, position, bodyLength, headLength: meta.readUInt16BE(12) }
      this.addInTransaction(meta.readUInt32BE(4), meta.readUInt32BE(8), meta.readUInt32BE(0), location)
      const arrival = body && decodeArrivalHead(body, location.headLength)
      if (arrival) this.arriveInTransaction(meta.readUInt32BE(4), meta.readUInt32BE(8), arrival)
    } else if (type === recordType.removeInTx) {
      this.removeInTransaction(meta.readUInt32BE(4), meta.readUInt32BE(0), meta.readUIntBE(8, 6), segment)
    } else if (type === recordType.commit) {
      this.commit(meta.readUInt32BE(0), meta.readUIntBE(4, 6), meta.readUInt32BE(10), segment)
      if (!body) return
      decodeProducerList(body, (id, sequence) => this.producers.set(id, sequence))
    } else if (type === recordType.rollback) this.endTransaction(meta.readUInt32BE(0))
    else if (type === recordType.acknowledgedInTx)
      this.acknowledgeInTransaction(acknowledgedTransaction(meta), { ...decodeAcknowledged(meta), segment })
  }

  #applySnapshot({ lastSequence, nextQueue, queues, subscriptions }: SnapshotEnd): void {
    this.snapshotWritten()
    if (this.#snapshotSubscriptions.size === subscriptions) {
      this.subscriptions.keepOnly(this.#snapshotSubscriptions, this.transactions.size)
      this.subscriptions.dropUnwanted(this.#topics())
    }
    // A list of which a part was damaged takes no queue away.
    if (this.#snapshotQueues.size === queues)
      for (const [number, { topic }] of this.queues)
        if (!topic && !this.#snapshotQueues.has(number)) this.removeQueue(number, this.#segment)
    for (const [number, name] of this.#snapshotQueues) this.addQueue(number, name)
    this.producers.lists.end()
    this.arrivals.endSnapshot()
    this.lastSequence = Math.max(this.lastSequence, lastSequence)
    this.nextQueue = Math.max(this.nextQueue, nextQueue)
  }

  /** The record of a queue's name was damaged: its messages are kept under a name that says so. */
  #nameNameless(): string[] {
    const named: string[] = []
    for (const queue of this.queues.values()) {
      if (queue.name !== '' || queue.topic) continue
      this.addQueue(queue.number, `Flotilla.Recovered.${queue.number}`)
      named.push(queue.name)
    }
    return named
  }

  #queue(number: number): QueueState {
    let queue = this.queues.get(number)
    if (!queue) this.queues.set(number, (queue = emptyQueue(number, new MessageIndex(), null)))
    return queue
  }

  #topic(number: number): QueueState {
    let queue = this.queues.get(number)
    if (queue?.topic) return queue
    const index = new MessageIndex()
    queue = emptyQueue(number, index, topicState(number, index, this.lastSequence))
    this.queues.set(number, queue)
    return queue
  }

  *#topics(): IterableIterator<TopicState> {
    for (const { topic } of this.queues.values()) if (topic) yield topic
  }
}

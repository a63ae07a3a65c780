// Everything the journal store knows: queues with their indexes, producers, open transactions, uses of segments. It is made
// by applying records, either those of the journal (JournalVisitor) or those that the store has just appended.
import { assert } from '../../base/assert.ts'
import type { JournalVisitor } from '../../journal/journal-reader.ts'
import type { SummaryRun } from '../../journal/summary.ts'
import { storeLimits } from '../limits.ts'
import { journalStoreLimits } from './limits.ts'
import { MessageIndex } from './message-index.ts'
import type { MessageLocation } from './message-location.ts'
import { addInTxParts, addParts, endOfEqual, largestSequence, locationAt, type MessageRun } from './message-run.ts'
import type { Sequence } from '../held-message.ts'
import { ProducerTable } from '../producer-table.ts'
import { SegmentUses, type SegmentUse } from './segment-uses.ts'
import {
  decodeHead,
  decodeLive,
  decodeProducerList,
  decodeQueue,
  decodeQueueList,
  decodeSnapshotEnd,
  recordType,
  type SnapshotEnd,
} from './store-records.ts'
import { TransactionAdds, type SummarizedAdds } from './transaction-adds.ts'

export interface QueueState {
  readonly number: number
  /** '' until its name turns up during recovery. */
  name: string
  readonly index: MessageIndex
  /** What open transactions of this writer add to it. */
  uncommittedBytes: number
}

export interface OpenTransaction {
  readonly adds: TransactionAdds
  readonly removes: { readonly queue: number; readonly sequence: Sequence; readonly segment: number }[]
}

/** What a commit adds that is in segments before its own. */
interface Elsewhere {
  readonly queues: Set<number>
  readonly firstSequence: Sequence
  count: number
}

/** Parts received so far of a list that counts only as a whole. */
interface LiveList {
  received: number
  readonly positions: Set<number>
}

export class StoreState implements JournalVisitor {
  readonly queues = new Map<number, QueueState>()
  readonly producers = new ProducerTable(storeLimits.producers)
  readonly transactions = new Map<number, OpenTransaction>()
  readonly uses: SegmentUses
  lastSequence: Sequence = 0
  nextQueue = 1
  readonly #byName = new Map<string, QueueState>()
  #segment = 0
  #term = 0
  /** The one asked for last: mostly the next, too. */
  #lastTransaction = 0
  #lastOpen: OpenTransaction | undefined
  #spareAdds: TransactionAdds | undefined
  /** Snapshots count when their end is there. */
  #snapshotQueues = new Map<number, string>()
  #snapshotProducers: Buffer[] = []
  /** The producers of the newest snapshot, while nothing asks for them: mostly the next snapshot comes first. */
  #unreadProducers: Buffer[] | undefined
  readonly #partialLiveLists = new Map<number, LiveList>()
  readonly #liveLists = new Map<number, ReadonlySet<number>>()

  readonly #onReleased: (queue: QueueState) => void

  /** `onReleased` is called with a queue that has less than before. */
  constructor(
    onShrunk: (segment: number, use: SegmentUse) => void,
    onReleased: (queue: QueueState) => void = () => {},
  ) {
    this.#onReleased = onReleased
    this.uses = new SegmentUses(onShrunk)
  }

  queueNamed(name: string): QueueState | undefined {
    return this.#byName.get(name)
  }

  // Applying: each for a record in `segment`.

  addQueue(number: number, name: string): QueueState {
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
    if (this.#byName.get(queue.name) === queue) this.#byName.delete(queue.name)
    queue.index.scan(0, ({ segment, bodyLength }) => {
      this.uses.dropLive(segment, bodyLength)
      // The same number may come back for an open transaction, and must not bring old messages with it.
      this.uses.tells(by, segment)
      return true
    })
    this.#onReleased(queue)
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

  /** The same for many: one that does not stand behind all others is placed by itself. */
  #placeRun(queue: QueueState, run: MessageRun): void {
    const { segment, end, stride } = run
    for (let at = run.start; at < end;) {
      const { end: to, bodyBytes } = queue.index.appendRun(run, at)
      if (to > at) this.uses.addLive(segment, bodyBytes, (to - at) / stride)
      if (to < end) this.place(queue, locationAt(run, to))
      at = to + stride
    }
  }

  remove(queue: number, sequence: Sequence, segment: number): void {
    const state = this.queues.get(queue)
    const location = state?.index.remove(sequence)
    if (!location) return
    this.#onReleased(state!)
    this.uses.dropLive(location.segment, location.bodyLength)
    this.uses.tells(segment, location.segment)
  }

  addInTransaction(tx: number, ordinal: number, queue: number, location: Omit<MessageLocation, 'sequence'>): void {
    const { segment, position, bodyLength, headLength } = location
    this.#transaction(tx).adds.add(queue, ordinal, segment, position, bodyLength, headLength)
    this.uses.pin(segment)
  }

  removeInTransaction(tx: number, queue: number, sequence: Sequence, segment: number): void {
    this.#transaction(tx).removes.push({ queue, sequence, segment })
    this.uses.pin(segment)
  }

  commit(tx: number, firstSequence: Sequence, addCount: number, segment: number): void {
    this.lastSequence = Math.max(this.lastSequence, firstSequence + addCount - 1)
    const open = this.transactions.get(tx)
    if (!open) return
    let elsewhere: Elsewhere | undefined
    let state: QueueState | undefined
    const { adds } = open
    this.#commitSummarized(adds.summarized, firstSequence, segment)
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
      if (at === segment) continue
      elsewhere ??= { queues: new Set(), firstSequence, count: 0 }
      elsewhere.queues.add(queue)
      elsewhere.count = Math.max(elsewhere.count, ordinal + 1)
    }
    if (elsewhere) this.uses.of(segment).commits.push(elsewhere)
    for (const { queue, sequence, segment: at } of open.removes) {
      const location = this.queues.get(queue)?.index.get(sequence)
      this.remove(queue, sequence, segment)
      // Both records are needed to tell that the message is gone.
      if (location) this.uses.tells(at, location.segment)
    }
    this.endTransaction(tx)
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
    const open = this.transactions.get(tx)
    if (!open) return
    this.transactions.delete(tx)
    this.#lastOpen = undefined
    const { adds, removes } = open
    for (const { segment, start, end, stride } of adds.summarized) this.uses.unpin(segment, (end - start) / stride)
    this.#unpin(adds.length, (index) => adds.segment(index))
    this.#unpin(removes.length, (index) => removes[index]!.segment)
    adds.clear()
    if (adds.isReusable) this.#spareAdds = adds
  }

  /** Neighbours are mostly in one segment. */
  #unpin(count: number, segmentOf: (index: number) => number): void {
    for (let first = 0; first < count;) {
      const segment = segmentOf(first)
      let next = first + 1
      while (next < count && segmentOf(next) === segment) next++
      this.uses.unpin(segment, next - first)
      first = next
    }
  }

  // Recovery.

  reset(): void {
    this.queues.clear()
    this.producers.clear()
    this.transactions.clear()
    this.#lastOpen = undefined
    this.uses.clear()
    this.#byName.clear()
    this.#liveLists.clear()
    this.#partialLiveLists.clear()
    this.#unreadProducers = undefined
    this.lastSequence = 0
    this.nextQueue = 1
    this.#term = 0
  }

  segment(number: number, term: number): void {
    // Nobody goes on with the transactions of an older writer, and their numbers are used again.
    if (term !== this.#term) this.#endTransactions()
    for (const { adds } of this.transactions.values()) adds.unfold()
    this.#segment = number
    this.#term = term
    this.uses.of(number)
    this.#snapshotQueues = new Map()
    this.#snapshotProducers = []
  }

  /** Messages of a large backlog do not come one by one. */
  run(type: number, run: SummaryRun): boolean {
    if (type === recordType.addInTx) this.#noteSummarized(run)
    else if (type === recordType.add) this.#placeSummarized(run)
    else return false
    return true
  }

  record(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    switch (type) {
      case recordType.add:
      case recordType.moved:
        return this.#applyAdd(type, position, meta, bodyLength, body)
      case recordType.remove:
        return this.remove(meta.readUInt32BE(0), meta.readUIntBE(4, 6), this.#segment)
      case recordType.queue: {
        const { queue, name } = decodeQueue(meta)
        this.addQueue(queue, name)
        return
      }
      case recordType.queueRemoved:
        return this.removeQueue(meta.readUInt32BE(0), this.#segment)
      case recordType.live:
        return this.#collectLive(meta)
      case recordType.snapshotQueues:
        return decodeQueueList(meta, (queue, name) => void this.#snapshotQueues.set(queue, name))
      case recordType.snapshotProducers:
        return void this.#snapshotProducers.push(Buffer.from(meta))
      case recordType.snapshotEnd:
        return this.#applySnapshot(decodeSnapshotEnd(meta))
      default:
        this.#applyTransactionRecord(type, position, meta, bodyLength, body)
    }
  }

  /**
   * When everything was visited: drops unfinished transactions and whatever is in segments that do not count, or is not
   * needed there. Returns the new names of queues whose names were lost.
   */
  finishRecovery(segments: readonly number[]): string[] {
    this.#readProducers()
    this.#endTransactions()
    const counts = new Set(segments)
    const stale = [...this.uses.entries()].some(([segment, use]) => use.live > 0 && !counts.has(segment))
    if (stale || this.#liveLists.size > 0) this.#purge(counts)
    this.#liveLists.clear()
    this.#partialLiveLists.clear()
    for (const [segment] of this.uses.entries()) if (!counts.has(segment)) this.uses.delete(segment)
    return this.#nameNameless()
  }

  #applyAdd(type: number, position: number, meta: Buffer, bodyLength: number, body: Buffer | undefined): void {
    const sequence = meta.readUIntBE(4, 6)
    const headLength = meta.readUInt16BE(10)
    const queue = this.#queue(meta.readUInt32BE(0))
    this.place(queue, { sequence, segment: this.#segment, position, bodyLength, headLength })
    if (type === recordType.moved) return
    this.lastSequence = Math.max(this.lastSequence, sequence)
    if (!body) return
    const { producerId, producerSequenceId } = decodeHead(body, headLength)
    this.#readProducers()
    this.producers.set(producerId, producerSequenceId)
  }

  /** Queues are mostly one after the other, and the upper four bytes of sequences the same. */
  #placeSummarized(entries: SummaryRun): void {
    const { view, end, stride } = entries
    const segment = this.#segment
    for (let start = entries.start; start < end;) {
      const next = endOfEqual(entries, start, addParts.queue, addParts.sequence)
      const firstSequence = view.getUint16(start + addParts.sequence) * 2 ** 32
      const run = { view, start, end: next, stride, segment, firstSequence, parts: addParts }
      this.#placeRun(this.#queue(view.getUint32(start + addParts.queue)), run)
      this.lastSequence = Math.max(this.lastSequence, largestSequence(run))
      start = next
    }
  }

  /** Transactions and queues are mostly one after the other. */
  #noteSummarized(run: SummaryRun): void {
    const { view, start, end, stride } = run
    const segment = this.#segment
    for (let from = start; from < end;) {
      const to = endOfEqual(run, from, addInTxParts.transaction, addInTxParts.queue)
      const queue = view.getUint32(from + addInTxParts.queue)
      const { adds } = this.#transaction(view.getUint32(from + addInTxParts.transaction))
      adds.addSummarized({ queue, segment, view, start: from, end: to, stride })
      this.uses.pin(segment, (to - from) / stride)
      from = to
    }
  }

  #commitSummarized(runs: readonly SummarizedAdds[], firstSequence: Sequence, commitSegment: number): void {
    for (const { queue, segment, view, start, end, stride } of runs) {
      assert(segment === commitSegment, 'What older summaries tell of was unfolded')
      const run = { view, start, end, stride, segment, firstSequence, parts: addInTxParts }
      this.#placeRun(this.#queue(queue), run)
    }
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
    } else if (type === recordType.removeInTx) {
      this.removeInTransaction(meta.readUInt32BE(4), meta.readUInt32BE(0), meta.readUIntBE(8, 6), segment)
    } else if (type === recordType.commit) {
      this.commit(meta.readUInt32BE(0), meta.readUIntBE(4, 6), meta.readUInt32BE(10), segment)
      if (!body) return
      this.#readProducers()
      decodeProducerList(body, (id, sequence) => this.producers.set(id, sequence))
    } else if (type === recordType.rollback) this.endTransaction(meta.readUInt32BE(0))
  }

  #applySnapshot({ lastSequence, nextQueue, queues }: SnapshotEnd): void {
    // A list of which a part was damaged takes no queue away.
    if (this.#snapshotQueues.size === queues)
      for (const number of this.queues.keys())
        if (!this.#snapshotQueues.has(number)) this.removeQueue(number, this.#segment)
    for (const [number, name] of this.#snapshotQueues) this.addQueue(number, name)
    this.#unreadProducers = this.#snapshotProducers
    this.lastSequence = Math.max(this.lastSequence, lastSequence)
    this.nextQueue = Math.max(this.nextQueue, nextQueue)
  }

  #readProducers(): void {
    const unread = this.#unreadProducers
    if (!unread) return
    this.#unreadProducers = undefined
    this.producers.clear()
    for (const list of unread) decodeProducerList(list, (id, sequence) => this.producers.set(id, sequence))
  }

  #collectLive(meta: Buffer): void {
    const { segment, part, parts, positions } = decodeLive(meta)
    this.uses.tells(this.#segment, segment)
    let list = this.#partialLiveLists.get(segment)
    if (!list || part === 0) this.#partialLiveLists.set(segment, (list = { received: 0, positions: new Set() }))
    if (part !== list.received) return
    list.received++
    for (const position of positions) list.positions.add(position)
    // Until it is complete, the list before it counts.
    if (list.received < parts) return
    this.#liveLists.set(segment, list.positions)
    this.#partialLiveLists.delete(segment)
  }

  #purge(counts: ReadonlySet<number>): void {
    for (const queue of this.queues.values()) {
      const stale: Sequence[] = []
      queue.index.scan(0, ({ sequence, segment, position }) => {
        if (!counts.has(segment) || this.#liveLists.get(segment)?.has(position) === false) stale.push(sequence)
        return true
      })
      for (const sequence of stale) {
        const location = queue.index.remove(sequence)
        if (location) this.uses.dropLive(location.segment, location.bodyLength)
      }
    }
  }

  /** The record of a queue's name was damaged: its messages are kept under a name that says so. */
  #nameNameless(): string[] {
    const named: string[] = []
    for (const queue of this.queues.values()) {
      if (queue.name !== '') continue
      this.addQueue(queue.number, `Flotilla.Recovered.${queue.number}`)
      named.push(queue.name)
    }
    return named
  }

  #endTransactions(): void {
    for (const tx of this.transactions.keys()) this.endTransaction(tx)
  }

  #queue(number: number): QueueState {
    let queue = this.queues.get(number)
    if (!queue) this.queues.set(number, (queue = { number, name: '', index: new MessageIndex(), uncommittedBytes: 0 }))
    return queue
  }

  #transaction(tx: number): OpenTransaction {
    if (this.#lastOpen && tx === this.#lastTransaction) return this.#lastOpen
    let open = this.transactions.get(tx)
    if (!open) {
      this.transactions.set(tx, (open = { adds: this.#spareAdds ?? new TransactionAdds(), removes: [] }))
      this.#spareAdds = undefined
    }
    this.#lastTransaction = tx
    this.#lastOpen = open
    return open
  }
}

// What the journal store writes: the meta of each record (format.ts of the journal says how records are wrapped). Metas
// are all that recovery needs of closed segments, so they are small; bodies are read for messages only.
//
// Integers are unsigned and big-endian; texts are UTF-8.
//
//   16 queue           queue:4 name                              A queue is known. Numbers of queues are never used twice.
//   17 queueRemoved    queue:4                                   It is forgotten with all its messages.
//   18 add             queue:4 sequence:6 headLength:2           body := head message
//   19 moved           queue:4 sequence:6 headLength:2           body := head message; the message is now here, as it
//                                                                was, or as the store was told to change it
//   20 remove          queue:4 sequence:6
//   21 addInTx         queue:4 tx:4 ordinal:4 headLength:2       body := head message; ordinals count the adds from 0
//   22 removeInTx      queue:4 tx:4 sequence:6
//   23 commit          tx:4 firstSequence:6 adds:4               Adds get firstSequence + ordinal. body := producers, as in 26
//   24 rollback        tx:4
//   25 snapshotQueues     { queue:4 length:2 name }*             Three kinds of records at the start of each segment:
//   26 snapshotProducers  { sequence:8 length:2 producerId }*    everything known then, apart from messages, so that
//   27 snapshotEnd     lastSequence:6 nextQueue:4 queues:4       older segments are not needed for it. A queue that is not
//                      subscriptions:4                           listed is gone only if as many as `queues` are; so with
//                                                                subscriptions. Of 36 and 37 there may be none.
//   28 live            segment:4 part:2 parts:2 { position/8:4 }*  All records of an older segment that were needed when part 0
//                                                                was written; counts once all parts are there.
//   29 topicAdd        as add, then except        For a topic and its durable subscriptions, but those in `except`
//   30 topicMoved      as moved, then except      (subscription-records.ts). Topics and subscriptions have numbers of queues:
//   31 topicAddInTx    as addInTx, then except    no two of all three have the same.
//   32 subscription    subscription               One is known: it gets what is added to its topic from now on.
//   33 subscriptionRemoved  subscription:4        It is forgotten with all it had.
//   34 acknowledged    subscription:4 after:6 upTo:6         It wants nothing any more of what is in this range,
//   35 acknowledgedInTx     as acknowledged, then tx:4       once the transaction is committed.
//   36 snapshotSubscription subscription          In the snapshot, with what is settled up to now: all up to the mark,
//   37 snapshotAcknowledged subscription:4 mark:6 ranges     and these ranges.
//   38 snapshotArrivals, 39 arrived           Messages that came over bridges: arrival-records.ts, which has also what is
//                                             different in the head and the removal of such a one.
//   head := producerSequenceId:8 producerId
//
// Numbers of transactions (tx) are used once in a term.
//
// That a message of a topic is gone stands nowhere: it is, when no subscription of the topic wants it. All that is known of
// subscriptions stands in each snapshot, so that records 32 to 35 are needed until the next one only; except stands with the
// message, because there may be much of it. A release that does not know records 29 to 37 passes them over: what subscriptions
// have is lost with its first segment.
import { assert } from '../../base/assert.ts'
import { recordBytes } from '../../journal/format.ts'
import { storeLimits } from '../limits.ts'
import type { Sequence } from '../held-message.ts'

export const recordType = {
  queue: 16,
  queueRemoved: 17,
  add: 18,
  moved: 19,
  remove: 20,
  addInTx: 21,
  removeInTx: 22,
  commit: 23,
  rollback: 24,
  snapshotQueues: 25,
  snapshotProducers: 26,
  snapshotEnd: 27,
  live: 28,
  topicAdd: 29,
  topicMoved: 30,
  topicAddInTx: 31,
  subscription: 32,
  subscriptionRemoved: 33,
  acknowledged: 34,
  acknowledgedInTx: 35,
  snapshotSubscription: 36,
  snapshotAcknowledged: 37,
  snapshotArrivals: 38,
  arrived: 39,
} as const

export const metaBytes = 65_535
/** A list is closed once it is this long; one more entry still fits into a meta. */
export const maxListBytes = 60_000
const removeBytes = 10
/** Where the metas of `add` and `addInTx` end, and `except` begins. */
export const addBytes = 12
export const addInTxBytes = 14

/** Lives in `meta` until the next record of its kind is encoded: records are appended one by one. */
export interface EncodedMeta {
  readonly meta: Buffer
  readonly length: number
}

const scratch = Buffer.alloc(metaBytes)
/** Snapshots have their own: they are written from within the appending of another record. */
const snapshotScratch = Buffer.alloc(metaBytes)
const headScratch = Buffer.alloc(8 + storeLimits.producerIdBytes)
const encoded = { meta: scratch, length: 0 }

const result = (length: number): EncodedMeta => {
  encoded.length = length
  return encoded
}

export function encodeQueue(queue: number, name: string): EncodedMeta {
  scratch.writeUInt32BE(queue)
  return result(4 + scratch.write(name, 4))
}

export const decodeQueue = (meta: Buffer): { queue: number; name: string } => ({
  queue: meta.readUInt32BE(0),
  name: meta.toString('utf8', 4),
})

export function encodeQueueRemoved(queue: number): EncodedMeta {
  return result(scratch.writeUInt32BE(queue))
}

/** add and moved. */
export function encodeAdd(queue: number, sequence: Sequence, headLength: number): EncodedMeta {
  scratch.writeUInt32BE(queue)
  scratch.writeUIntBE(sequence, 4, 6)
  return result(scratch.writeUInt16BE(headLength, 10))
}

export function encodeRemove(queue: number, sequence: Sequence, left = false): EncodedMeta {
  scratch.writeUInt32BE(queue)
  const length = scratch.writeUIntBE(sequence, 4, 6)
  return result(left ? scratch.writeUInt8(1, length) : length)
}

/** Whether the message went to another broker. */
export const decodeLeft = (meta: Buffer): boolean => meta.length > removeBytes

export function encodeAddInTx(queue: number, tx: number, ordinal: number, headLength: number): EncodedMeta {
  scratch.writeUInt32BE(queue)
  scratch.writeUInt32BE(tx, 4)
  scratch.writeUInt32BE(ordinal, 8)
  return result(scratch.writeUInt16BE(headLength, 12))
}

export function encodeRemoveInTx(queue: number, tx: number, sequence: Sequence): EncodedMeta {
  scratch.writeUInt32BE(queue)
  scratch.writeUInt32BE(tx, 4)
  return result(scratch.writeUIntBE(sequence, 8, 6))
}

export function encodeCommit(tx: number, firstSequence: Sequence, adds: number): EncodedMeta {
  scratch.writeUInt32BE(tx)
  scratch.writeUIntBE(firstSequence, 4, 6)
  return result(scratch.writeUInt32BE(adds, 10))
}

export function encodeRollback(tx: number): EncodedMeta {
  return result(scratch.writeUInt32BE(tx))
}

export interface SnapshotEnd {
  readonly lastSequence: Sequence
  readonly nextQueue: number
  readonly queues: number
  readonly subscriptions: number
}

export function encodeSnapshotEnd({ lastSequence, nextQueue, queues, subscriptions }: SnapshotEnd): EncodedMeta {
  snapshotScratch.writeUIntBE(lastSequence, 0, 6)
  snapshotScratch.writeUInt32BE(nextQueue, 6)
  snapshotScratch.writeUInt32BE(queues, 10)
  return { meta: snapshotScratch, length: snapshotScratch.writeUInt32BE(subscriptions, 14) }
}

export const decodeSnapshotEnd = (meta: Buffer): SnapshotEnd => ({
  lastSequence: meta.readUIntBE(0, 6),
  nextQueue: meta.readUInt32BE(6),
  // Journals of the first release have no count.
  queues: meta.length < 14 ? Number.POSITIVE_INFINITY : meta.readUInt32BE(10),
  // A release that did not know subscriptions knew nothing of them either.
  subscriptions: meta.length < 18 ? 0 : meta.readUInt32BE(14),
})

/** What stands in front of the message in a body; lives in the buffer until the next call. */
export function encodeHead(producerId: string, producerSequenceId: number): EncodedMeta {
  headScratch.writeDoubleBE(producerSequenceId)
  return { meta: headScratch, length: 8 + headScratch.write(producerId, 8) }
}

export const decodeHead = (body: Buffer, headLength: number): { producerId: string; producerSequenceId: number } => ({
  producerSequenceId: body.readDoubleBE(0),
  producerId: body.toString('utf8', 8, headLength),
})

/** Encodes lists into as many metas as they need, and hands each to `write`. */
export function encodeQueueList(queues: Iterable<readonly [number, string]>, write: (meta: EncodedMeta) => void): void {
  encodeList(queues, write, ([queue, name], at) => {
    snapshotScratch.writeUInt32BE(queue, at)
    const length = snapshotScratch.write(name, at + 6)
    snapshotScratch.writeUInt16BE(length, at + 4)
    return at + 6 + length
  })
}

export function decodeQueueList(meta: Buffer, visit: (queue: number, name: string) => void): void {
  for (let at = 0; at < meta.length;) {
    const end = at + 6 + meta.readUInt16BE(at + 4)
    visit(meta.readUInt32BE(at), meta.toString('utf8', at + 6, end))
    at = end
  }
}

export function encodeProducerList(
  producers: Iterable<readonly [string, number]>,
  write: (meta: EncodedMeta) => void,
): void {
  encodeList(producers, write, ([producerId, sequence], at) => {
    snapshotScratch.writeDoubleBE(sequence, at)
    const length = snapshotScratch.write(producerId, at + 10)
    snapshotScratch.writeUInt16BE(length, at + 8)
    return at + 10 + length
  })
}

export function decodeProducerList(meta: Buffer, visit: (producerId: string, sequence: number) => void): void {
  for (let at = 0; at < meta.length;) {
    const end = at + 10 + meta.readUInt16BE(at + 8)
    visit(meta.toString('utf8', at + 10, end), meta.readDoubleBE(at))
    at = end
  }
}

const positionsPerPart = Math.floor((maxListBytes - 8) / 4)
const liveParts = (positions: number): number => Math.max(1, Math.ceil(positions / positionsPerPart))

/** What records `live` of so many positions take, at most. */
export const liveRecordBytes = (positions: number): number => liveParts(positions) * recordBytes(8 + 4) + positions * 4

export function encodeLive(segment: number, positions: readonly number[], write: (meta: EncodedMeta) => void): void {
  const parts = liveParts(positions.length)
  assert(parts <= 0xffff, 'A segment does not have that many records')
  for (let part = 0; part < parts; part++) {
    scratch.writeUInt32BE(segment)
    scratch.writeUInt16BE(part, 4)
    scratch.writeUInt16BE(parts, 6)
    let at = 8
    for (const position of positions.slice(part * positionsPerPart, (part + 1) * positionsPerPart))
      at = scratch.writeUInt32BE(position / 8, at)
    write(result(at))
  }
}

export interface LivePart {
  readonly segment: number
  readonly part: number
  readonly parts: number
  readonly positions: readonly number[]
}

export function decodeLive(meta: Buffer): LivePart {
  const positions: number[] = []
  for (let at = 8; at < meta.length; at += 4) positions.push(meta.readUInt32BE(at) * 8)
  return { segment: meta.readUInt32BE(0), part: meta.readUInt16BE(4), parts: meta.readUInt16BE(6), positions }
}

function encodeList<T>(
  items: Iterable<T>,
  write: (meta: EncodedMeta) => void,
  encode: (item: T, at: number) => number,
): void {
  let at = 0
  for (const item of items) {
    at = encode(item, at)
    if (at < maxListBytes) continue
    write({ meta: snapshotScratch, length: at })
    at = 0
  }
  if (at > 0) write({ meta: snapshotScratch, length: at })
}

// What the journal store writes of messages that came over bridges of other brokers (arrival-table.ts).
//
//   38 snapshotArrivals  arrivals     In the snapshot (store-records.ts): those that are known then.
//   39 arrived           arrivals     And one that was consumed before it was written, which it never is.
//   arrivals := { length:2 producerId count:2 { queue:4 sequence:6 producerSequenceId:8 }* }*
//
// Of those that are written their own records tell, in front of the message:
//
//   head := producerSequenceId:8 FF:1 producerId      No text begins with this byte. Else as store-records.ts has it: producer of
//                                                     the message, or '' where its repetitions are not known by the sequence.
//   remove := queue:4 sequence:6 01:1                 It has left over a bridge, and is no arrival any more.
//
// A release that does not know this takes none of them for a repetition.
import type { Sequence } from '../held-message.ts'
import { storeLimits } from '../limits.ts'
import { maxListBytes, metaBytes, type EncodedMeta } from './store-records.ts'

export interface StoredArrival {
  /** Number of the queue or topic. */
  readonly queue: number
  readonly sequence: Sequence
  /** Of the message id. */
  readonly producerId: string
  readonly producerSequenceId: number
}

export type ArrivedMessage = Pick<StoredArrival, 'producerId' | 'producerSequenceId'>

const marked = 0xff
const idAt = 9
/** Of one producer in a row: so many, and the longest id that there is, still fit into a list that is about to be closed. */
const arrivalsPerGroup = 64
const headScratch = Buffer.alloc(idAt + storeLimits.producerIdBytes)
/** Snapshots are written from within the appending of another record. */
const listScratch = Buffer.alloc(metaBytes)

export function encodeArrivalHead({ producerId, producerSequenceId }: ArrivedMessage): EncodedMeta {
  headScratch.writeDoubleBE(producerSequenceId)
  headScratch[idAt - 1] = marked
  return { meta: headScratch, length: idAt + headScratch.write(producerId, idAt) }
}

/** undefined: it did not come over a bridge. */
export function decodeArrivalHead(body: Buffer, headLength: number): ArrivedMessage | undefined {
  if (headLength <= idAt || body[idAt - 1] !== marked) return undefined
  return { producerSequenceId: body.readDoubleBE(0), producerId: body.toString('utf8', idAt, headLength) }
}

/** Encodes lists into as many metas as they need, and hands each to `write`. */
export function encodeArrivals(arrivals: Iterable<StoredArrival>, write: (meta: EncodedMeta) => void): void {
  let at = 0
  for (const [producerId, group] of groupsOf(arrivals)) {
    at = encodeGroup(producerId, group, at)
    if (at < maxListBytes) continue
    write({ meta: listScratch, length: at })
    at = 0
  }
  if (at > 0) write({ meta: listScratch, length: at })
}

function encodeGroup(producerId: string, arrivals: readonly StoredArrival[], start: number): number {
  const length = listScratch.write(producerId, start + 2)
  listScratch.writeUInt16BE(length, start)
  let at = listScratch.writeUInt16BE(arrivals.length, start + 2 + length)
  for (const { queue, sequence, producerSequenceId } of arrivals) {
    at = listScratch.writeUInt32BE(queue, at)
    at = listScratch.writeUIntBE(sequence, at, 6)
    at = listScratch.writeDoubleBE(producerSequenceId, at)
  }
  return at
}

export function decodeArrivals(meta: Buffer, visit: (arrival: StoredArrival) => void): void {
  for (let at = 0; at < meta.length;) {
    const end = at + 2 + meta.readUInt16BE(at)
    const producerId = meta.toString('utf8', at + 2, end)
    const count = meta.readUInt16BE(end)
    at = end + 2
    for (let left = count; left > 0; left--, at += 18) {
      const producerSequenceId = meta.readDoubleBE(at + 10)
      visit({ queue: meta.readUInt32BE(at), sequence: meta.readUIntBE(at + 4, 6), producerId, producerSequenceId })
    }
  }
}

function* groupsOf(arrivals: Iterable<StoredArrival>): Generator<[producerId: string, group: StoredArrival[]]> {
  const groups = new Map<string, StoredArrival[]>()
  for (const arrival of arrivals) {
    const { producerId } = arrival
    const group = groups.get(producerId)
    if (!group) groups.set(producerId, [arrival])
    else if (group.push(arrival) === arrivalsPerGroup) {
      yield [producerId, group]
      groups.delete(producerId)
    }
  }
  yield* groups
}

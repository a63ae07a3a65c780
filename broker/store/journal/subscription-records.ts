// The parts of records that are about durable subscriptions (store-records.ts says which records there are). Numbers that are
// mostly small have seven bits in each byte, the lowest first; the eighth says that more follow.
//
//   subscription := subscription:4 topic:4 mark:6 flags:1 text(topic) text(clientId) text(name) selector
//                   flags: 1 noLocal, 2 there is a selector; text := length:2 bytes
//   except       := { subscription - the one before }*           ascending
//   ranges       := { after - the upTo before, upTo - after }*   ascending; the first `after` is told from the mark
import type { Sequence, SubscriptionTerms } from '../held-message.ts'
import { maxListBytes, metaBytes, type EncodedMeta } from './store-records.ts'

export interface SubscriptionRecord extends SubscriptionTerms {
  readonly number: number
  /** Number and name. */
  readonly topic: number
  readonly topicName: string
  readonly clientId: string
  readonly name: string
  readonly mark: Sequence
}

export interface AcknowledgedRecord {
  readonly subscription: number
  readonly after: Sequence
  readonly upTo: Sequence
}

export interface RangesRecord {
  readonly subscription: number
  readonly ranges: readonly { readonly after: Sequence; readonly upTo: Sequence }[]
}

const scratch = Buffer.alloc(metaBytes)
/** Snapshots have their own: they are written from within the appending of another record. */
const snapshotScratch = Buffer.alloc(metaBytes)

const flag = { noLocal: 1, selector: 2 } as const
const headBytes = 15

export const encodeSubscription = (record: SubscriptionRecord): EncodedMeta => writeSubscription(scratch, record)

export const encodeSnapshotSubscription = (record: SubscriptionRecord): EncodedMeta =>
  writeSubscription(snapshotScratch, record)

function writeSubscription(meta: Buffer, record: SubscriptionRecord): EncodedMeta {
  const { number, topic, mark, noLocal, selector } = record
  meta.writeUInt32BE(number)
  meta.writeUInt32BE(topic, 4)
  meta.writeUIntBE(mark, 8, 6)
  meta[14] = (noLocal ? flag.noLocal : 0) | (selector === null ? 0 : flag.selector)
  let at = headBytes
  for (const text of [record.topicName, record.clientId, record.name]) {
    const length = meta.write(text, at + 2)
    meta.writeUInt16BE(length, at)
    at += 2 + length
  }
  return { meta, length: at + (selector === null ? 0 : meta.write(selector, at)) }
}

export function decodeSubscription(meta: Buffer): SubscriptionRecord {
  const flags = meta[14]!
  let at = headBytes
  const text = (): string => {
    const start = at + 2
    at = start + meta.readUInt16BE(at)
    return meta.toString('utf8', start, at)
  }
  const [topicName, clientId, name] = [text(), text(), text()]
  return {
    number: meta.readUInt32BE(0),
    topic: meta.readUInt32BE(4),
    mark: meta.readUIntBE(8, 6),
    noLocal: (flags & flag.noLocal) !== 0,
    topicName,
    clientId,
    name,
    selector: (flags & flag.selector) === 0 ? null : meta.toString('utf8', at),
  }
}

export function encodeAcknowledged(subscription: number, after: Sequence, upTo: Sequence): EncodedMeta {
  scratch.writeUInt32BE(subscription)
  scratch.writeUIntBE(after, 4, 6)
  return { meta: scratch, length: scratch.writeUIntBE(upTo, 10, 6) }
}

export function encodeAcknowledgedInTx(tx: number, subscription: number, after: Sequence, upTo: Sequence): EncodedMeta {
  encodeAcknowledged(subscription, after, upTo)
  return { meta: scratch, length: scratch.writeUInt32BE(tx, 16) }
}

/** The same start in both kinds. */
export const decodeAcknowledged = (meta: Buffer): AcknowledgedRecord => ({
  subscription: meta.readUInt32BE(0),
  after: meta.readUIntBE(4, 6),
  upTo: meta.readUIntBE(10, 6),
})

export const acknowledgedTransaction = (meta: Buffer): number => meta.readUInt32BE(16)

/** Behind a meta that is encoded already: which subscriptions do not want the message, ascending. */
export function appendExcept({ meta, length }: EncodedMeta, numbers: readonly number[]): EncodedMeta {
  let at = length
  let last = 0
  for (const number of numbers) {
    at = writeSmall(meta, at, number - last)
    last = number
  }
  return { meta, length: at }
}

/** What that appends. */
export function exceptBytes(numbers: readonly number[]): number {
  let bytes = numbers.length
  let last = 0
  for (const number of numbers) {
    for (let left = number - last; left >= 128; left = Math.floor(left / 128)) bytes++
    last = number
  }
  return bytes
}

export function decodeExcept(meta: Buffer, start: number): number[] {
  const numbers: number[] = []
  let last = 0
  for (const reader = { meta, at: start }; reader.at < meta.length;) numbers.push((last += readSmall(reader)))
  return numbers
}

/** Into as many metas as they need; `visit` calls with each range, ascending. */
export function encodeRanges(
  subscription: number,
  mark: Sequence,
  visit: (range: (after: Sequence, upTo: Sequence) => void) => void,
  write: (meta: EncodedMeta) => void,
): void {
  const start = snapshotScratch.writeUIntBE(mark, snapshotScratch.writeUInt32BE(subscription), 6)
  let at = start
  let last = mark
  visit((after, upTo) => {
    at = writeSmall(snapshotScratch, at, after - last)
    at = writeSmall(snapshotScratch, at, upTo - after)
    last = upTo
    if (at < maxListBytes) return
    write({ meta: snapshotScratch, length: at })
    at = start
    snapshotScratch.writeUIntBE(last, 4, 6)
  })
  if (at > start) write({ meta: snapshotScratch, length: at })
}

export function decodeRanges(meta: Buffer): RangesRecord {
  const ranges: { after: Sequence; upTo: Sequence }[] = []
  let last = meta.readUIntBE(4, 6)
  for (const reader = { meta, at: 10 }; reader.at < meta.length;) {
    const after = last + readSmall(reader)
    last = after + readSmall(reader)
    ranges.push({ after, upTo: last })
  }
  return { subscription: meta.readUInt32BE(0), ranges }
}

function writeSmall(buffer: Buffer, start: number, value: number): number {
  let at = start
  let left = value
  for (; left >= 128; left = Math.floor(left / 128)) buffer[at++] = 128 | (left % 128)
  buffer[at++] = left
  return at
}

function readSmall(reader: { readonly meta: Buffer; at: number }): number {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.meta[reader.at++]!
    value += (byte & 127) * factor
    if (byte < 128) return value
  }
}

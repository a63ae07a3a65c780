// What is in the journal of a store, for people: read without changing anything, while a broker uses it or after it died.
// The records that count are applied as recovery would apply them, so what is told here is what a broker would find.
import { errorCode } from '../../base/errors.ts'
import type { Disk } from '../../disk/disk.ts'
import { checkJournal, type CheckVisitor, type JournalCheck } from '../../journal/check.ts'
import {
  bodyAt,
  closedType,
  firstUserType,
  preambleEndType,
  segmentFileName,
  segmentRemovedType,
  type RecordHeader,
} from '../../journal/format.ts'
import { SegmentFiles } from '../../journal/segment-files.ts'
import { StoredMessage } from '../../message/stored-message.ts'
import { decodeArrivalHead } from './arrival-records.ts'
import { journalStoreLimits } from './limits.ts'
import type { MessageLocation } from './message-location.ts'
import { decodeHead, recordType } from './store-records.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { subscriptionHolder } from '../held-message.ts'
import { destinationOfHolder } from '../priority-holder.ts'
import type { QueueState } from './queue-state.ts'
import type { SubscriptionBacklog } from '../message-store.ts'
import { StoreState } from './store-state.ts'
import { subscriptionRecord, type SubscriptionState } from './topic-subscriptions.ts'

export interface InspectedQueue {
  readonly number: number
  readonly name: string
  readonly messages: number
  /** Of the stored forms. */
  readonly bytes: number
}

export interface InspectedSubscription {
  readonly topic: string
  readonly clientId: string
  readonly name: string
  readonly selector: string | null
  readonly noLocal: boolean
  /** What it has not acknowledged. */
  readonly messages: number
  readonly bytes: number
}

export interface InspectedTransaction {
  readonly number: number
  readonly adds: number
  readonly removes: number
}

export interface InspectedMessage {
  /** Or `topic://` and the topic, whose durable subscriptions have it. */
  readonly queue: string
  readonly sequence: number
  /** Its JMSMessageID, where the body is an OpenWire message; otherwise producer and sequence. */
  readonly messageId: string
  /** Where it was sent to; undefined when the body is no OpenWire message. */
  readonly destination: string | undefined
  readonly size: number
  readonly file: string
  readonly offset: number
}

export interface JournalInspection extends JournalCheck {
  readonly lastSequence: number
  /** How many records there are of each type, by its name. */
  readonly records: ReadonlyMap<string, number>
  readonly queues: readonly InspectedQueue[]
  /** That have durable subscriptions; each message once. */
  readonly topics: readonly InspectedQueue[]
  readonly subscriptions: readonly InspectedSubscription[]
  /** Begun and neither committed nor rolled back: recovery drops them. */
  readonly openTransactions: readonly InspectedTransaction[]
  /** All that recovery would find, queue by queue, in order. Those that a running broker removes meanwhile are left out. */
  messages(): AsyncGenerator<InspectedMessage>
}

const typeNames: ReadonlyMap<number, string> = new Map([
  [segmentRemovedType, 'segmentRemoved'],
  [preambleEndType, 'preambleEnd'],
  [closedType, 'closed'],
  ...Object.entries(recordType).map(([name, type]) => [type, name] as const),
])

const recordTypeName = (type: number): string => typeNames.get(type) ?? `unknown ${type}`

/** Rejects with JournalError when nothing can be read, and with the disk's error when there is no such directory. */
export async function inspectJournal(disk: Disk, directory: string): Promise<JournalInspection> {
  const reading = new Reading()
  const check = await checkJournal(disk, directory, reading)
  const { state, counts } = reading
  const openTransactions = [...state.transactions].map(describeTransaction)
  state.finishRecovery(check.segments.map(({ number }) => number))
  const all = [...state.queues.values()]
  const { subscriptions } = state
  return {
    ...check,
    lastSequence: state.lastSequence,
    records: counts,
    queues: joinPriorities(all.filter(({ topic }) => !topic).map(describeQueue)),
    topics: joinPriorities(all.filter(({ topic }) => topic).map(describeQueue)),
    subscriptions: joinSubscriptions(
      [...subscriptions].map((one) => describeSubscription(one, subscriptions.backlog(one))),
    ),
    openTransactions,
    messages: () => readMessages(disk, check, state),
  }
}

class Reading implements CheckVisitor {
  state = new StoreState(() => {})
  readonly counts = new Map<string, number>()

  reset(): void {
    this.state = new StoreState(() => {})
    this.counts.clear()
  }

  segment(number: number, term: number): void {
    this.state.segment(number, term)
  }

  record({ type, position }: RecordHeader, meta: Buffer, body: Buffer): void {
    const name = recordTypeName(type)
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
    if (type >= firstUserType) this.state.record(type, position, meta, body.length, body)
  }
}

const describeQueue = ({ number, name, index }: QueueState): InspectedQueue => ({
  number,
  name,
  messages: index.messages,
  bytes: index.bytes,
})

/** Whatever it has for each of its priorities, a queue or topic is one. */
function joinPriorities(all: readonly InspectedQueue[]): readonly InspectedQueue[] {
  const queues = new Map<string, InspectedQueue>()
  for (const { number, name: holder, messages, bytes } of all) {
    const name = destinationOfHolder(holder)
    const known = queues.get(name)
    queues.set(name, {
      number: known && name !== holder ? known.number : number,
      name,
      messages: messages + (known?.messages ?? 0),
      bytes: bytes + (known?.bytes ?? 0),
    })
  }
  return [...queues.values()]
}

/** The same of durable subscriptions. */
function joinSubscriptions(all: readonly InspectedSubscription[]): readonly InspectedSubscription[] {
  const subscriptions = new Map<string, InspectedSubscription>()
  for (const one of all) {
    const topic = destinationOfHolder(one.topic)
    const { key } = subscriptionHolder(topic, one.clientId, one.name)
    const { messages, bytes } = subscriptions.get(key) ?? { messages: 0, bytes: 0 }
    subscriptions.set(key, { ...one, topic, messages: one.messages + messages, bytes: one.bytes + bytes })
  }
  return [...subscriptions.values()]
}

function describeSubscription(
  subscription: SubscriptionState,
  { messageCount, messageBytes }: SubscriptionBacklog,
): InspectedSubscription {
  const { topicName: topic, clientId, name, selector, noLocal } = subscriptionRecord(subscription)
  return { topic, clientId, name, selector, noLocal, messages: messageCount, bytes: messageBytes }
}

const describeTransaction = ([number, open]: [number, OpenTransaction]): InspectedTransaction => ({
  number,
  adds: open.adds.count,
  removes: open.removes.length + open.acknowledgements.length,
})

async function* readMessages(
  disk: Disk,
  { segments, termDirectory }: JournalCheck,
  { queues, subscriptions }: StoreState,
): AsyncGenerator<InspectedMessage> {
  const salts = new Map(segments.map(({ number, salt }) => [number, salt]))
  const files = new SegmentFiles(disk, termDirectory)
  try {
    for (const { name, index, topic } of queues.values()) {
      const overheadBytes = topic ? subscriptions.recordOverheadBytes : journalStoreLimits.recordOverheadBytes
      for (const location of locationsOf(index)) {
        const body = await readBody(files, location, salts.get(location.segment)!, overheadBytes)
        if (body) yield describeMessage(`${topic ? 'topic://' : ''}${destinationOfHolder(name)}`, location, body)
      }
    }
  } finally {
    await files.close()
  }
}

function* locationsOf(index: QueueState['index']): Generator<MessageLocation> {
  for (let after = 0; ;) {
    const page: MessageLocation[] = []
    index.scan(after, (location) => {
      page.push({ ...location })
      return page.length < journalStoreLimits.indexScanEntries
    })
    const last = page.at(-1)
    if (!last) return
    yield* page
    after = last.sequence
  }
}

/** undefined: removed by a running broker since the journal was checked. */
async function readBody(
  files: SegmentFiles,
  { segment, position, bodyLength }: MessageLocation,
  salt: number,
  overheadBytes: number,
): Promise<Buffer | undefined> {
  try {
    const bytes = await files.read(segment, position, bodyLength + overheadBytes)
    return bodyAt(bytes, position, position, salt)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function describeMessage(
  queue: string,
  { sequence, segment, position, headLength }: MessageLocation,
  body: Buffer,
): InspectedMessage {
  const bytes = body.subarray(headLength)
  const place = { queue, sequence, size: bytes.length, file: segmentFileName(segment), offset: position }
  try {
    const { messageId, destination } = StoredMessage.scan(bytes)
    return { ...place, messageId, destination: `${destination.kind}://${destination.name}` }
  } catch {
    const { producerId, producerSequenceId } = decodeArrivalHead(body, headLength) ?? decodeHead(body, headLength)
    return { ...place, messageId: `${producerId}:${producerSequenceId}`, destination: undefined }
  }
}

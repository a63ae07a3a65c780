// A message over its stored form (message.ts). One scan checks the whole form and takes out what the broker always
// needs; everything else is read from the bytes when somebody asks. Numbers that the broker assigns are patched in place.
//
// Layout of the stored form after the type byte, in wire order (spec openwire.md section 6):
//   commandId responseRequired producerId destination transactionId originalDestination messageId
//   originalTransactionId groupID groupSequence correlationId persistent expiration priority replyTo timestamp type
//   content marshalledProperties dataStructure targetConsumerId compressed redeliveryCounter brokerPath arrival userID
//   recievedByDFBridge droppable cluster brokerInTime brokerOutTime jmsxGroupFirstForConsumer [blob: URL type deleted]
import { ByteMemo } from '../base/byte-memo.ts'
import { decodePrimitiveMap, encodePrimitiveMap } from '../base/primitive-map.ts'
import type { PrimitiveMap } from '../base/primitive-map.ts'
import { encodeModifiedUtf8 } from '../base/modified-utf8.ts'
import { xidText } from '../base/xid-text.ts'
import type { Destination, DestinationKind } from './destination.ts'
import { LooseScanner, readLong, writeLong } from './loose-scanner.ts'
import { messageIdText, type Message, type MessageIdText } from './message.ts'
import { producerIdCode, readProducerId } from './producer-id.ts'

export { MessageFormatError } from './loose-scanner.ts'

/** What a message costs at least in accounts of memory (spec openwire.md section 7). */
export const minimumMessageSize = 1024

export type BodyKind = 'none' | 'bytes' | 'map' | 'object' | 'stream' | 'text' | 'blob'

export interface MessageChanges {
  readonly destination?: Destination
  readonly originalDestination?: Destination | null
  /** Takes the message out of its transaction. */
  readonly transactionId?: null
  /** `transaction` keeps the id of the transaction that it was sent in, for JMSXProducerTXID. */
  readonly originalTransactionId?: 'transaction' | null
  readonly persistent?: boolean
  readonly expiration?: number
  readonly redeliveryCounter?: number
  /** Added to the properties that are there, replacing those of the same name. */
  readonly properties?: PrimitiveMap
}

/** A range of the stored form. */
interface Range {
  readonly start: number
  readonly end: number
}

/** Where everything is. */
interface Layout {
  readonly destination: Range
  readonly transactionId: Range
  readonly originalDestination: Range
  readonly messageId: number
  readonly brokerSequenceId: number
  readonly originalTransactionId: Range
  readonly groupId: number
  readonly groupSequence: number
  readonly persistent: number
  readonly expiration: number
  readonly priority: number
  readonly replyTo: number
  readonly timestamp: number
  readonly type: number
  readonly content: number
  readonly properties: Range
  readonly dataStructure: number
  readonly compressed: number
  readonly redeliveryCounter: number
  readonly brokerPath: number
  readonly userId: number
  readonly brokerInTime: number
  readonly groupFirst: number
  readonly bodyBytes: number
  readonly carriesStructures: boolean
}

export class StoredMessage implements Message {
  readonly bytes: Buffer
  readonly destination: Destination
  readonly producerId: string
  readonly producerSequenceId: number
  readonly persistent: boolean
  readonly expiration: number
  readonly priority: number
  readonly size: number
  /** Structures that clients have no use for: the scan knows how long they are, not whether they are in their place. */
  readonly carriesStructures: boolean
  /** Where the broker's sequence stands in `bytes`, for those who send a copy with another one. */
  readonly brokerSequenceAt: number
  /** Made on demand: most messages pass through without being asked. */
  #layout: Layout | null = null

  /** Checks `bytes`, which the message owns from now on. Throws MessageFormatError. */
  static scan(bytes: Buffer): StoredMessage {
    return new StoredMessage(bytes, scanLayout(bytes))
  }

  private constructor(bytes: Buffer, layout: Layout) {
    this.bytes = bytes
    this.destination = repeatedDestination(bytes, layout.destination)
    const id = readMessageId(bytes, layout.messageId)
    this.producerId = id.producerId
    this.producerSequenceId = id.producerSequenceId
    this.persistent = bytes[layout.persistent] !== 0
    this.expiration = readLong(bytes, layout.expiration)
    this.priority = Math.min(9, Math.max(0, bytes.readInt8(layout.priority)))
    this.size = minimumMessageSize + layout.bodyBytes
    this.carriesStructures = layout.carriesStructures
    this.brokerSequenceAt = layout.brokerSequenceId
  }

  get messageId(): MessageIdText {
    return messageIdText(this)
  }

  get bodyKind(): BodyKind {
    return bodyKinds[this.bytes[0]! - firstMessageCode]!
  }

  get brokerSequence(): number {
    return readLong(this.bytes, this.brokerSequenceAt)
  }

  /** JMSMessageID: the text that a foreign client gave the message, or the id's own. */
  get jmsMessageId(): string {
    const textView = this.#at(this.#offsets().messageId + 2).string()
    if (textView === null) return this.messageId
    return textView.startsWith('ID:') ? textView : `ID:${textView}`
  }

  get originalDestination(): Destination | null {
    return readDestination(this.#at(this.#offsets().originalDestination.start))
  }

  /** `TX:…` or `XID:[…]`. */
  get transactionId(): string | null {
    return readTransactionId(this.#at(this.#offsets().transactionId.start))
  }

  get originalTransactionId(): string | null {
    return readTransactionId(this.#at(this.#offsets().originalTransactionId.start))
  }

  get groupId(): string | null {
    return this.#at(this.#offsets().groupId).string()
  }

  get groupSequence(): number {
    return this.bytes.readInt32BE(this.#offsets().groupSequence)
  }

  get correlationId(): string | null {
    return this.#at(this.#offsets().groupSequence + 4).string()
  }

  get replyTo(): Destination | null {
    return readDestination(this.#at(this.#offsets().replyTo))
  }

  get timestamp(): number {
    return readLong(this.bytes, this.#offsets().timestamp)
  }

  /** JMSType. */
  get type(): string | null {
    return this.#at(this.#offsets().type).string()
  }

  get compressed(): boolean {
    return this.bytes[this.#offsets().compressed] !== 0
  }

  get redeliveryCounter(): number {
    return this.bytes.readInt32BE(this.#offsets().redeliveryCounter)
  }

  get userId(): string | null {
    return this.#at(this.#offsets().userId).string()
  }

  /** True when the message came over a bridge. */
  get hasBrokerPath(): boolean {
    return this.bytes[this.#offsets().brokerPath] !== 0
  }

  get groupFirstForConsumer(): boolean {
    return this.bytes[this.#offsets().groupFirst] !== 0
  }

  /** The body as it travels: a view, possibly compressed. */
  get content(): Buffer | null {
    return this.#at(this.#offsets().content).data()
  }

  /** A primitive map, as a view. */
  get marshalledProperties(): Buffer | null {
    return this.#at(this.#offsets().properties.start).data()
  }

  /** The properties as typed values. Throws FormatError: only their length was checked by the scan. */
  decodeProperties(): PrimitiveMap {
    return decodePrimitiveMap(this.marshalledProperties)
  }

  /** The number under which the broker stores the message; clients send it back when they close a consumer. */
  patchBrokerSequence(sequence: number): void {
    writeLong(this.bytes, this.brokerSequenceAt, sequence)
  }

  /** When the broker got the message and when it sent it on; milliseconds since the epoch. */
  patchBrokerTimes(inMs: number, outMs: number): void {
    const at = this.#offsets().brokerInTime
    writeLong(this.bytes, at, inMs)
    writeLong(this.bytes, at + 8, outMs)
  }

  patchRedeliveryCounter(redeliveryCounter: number): void {
    this.bytes.writeInt32BE(redeliveryCounter, this.#offsets().redeliveryCounter)
  }

  /** A message of its own with other values; this one stays as it is. Throws FormatError for malformed properties. */
  withChanges(changes: MessageChanges): StoredMessage {
    const layout = this.#offsets()
    const bytes = Buffer.from(this.bytes)
    if (changes.persistent !== undefined) bytes[layout.persistent] = changes.persistent ? 1 : 0
    if (changes.expiration !== undefined) writeLong(bytes, layout.expiration, changes.expiration)
    if (changes.redeliveryCounter !== undefined) bytes.writeInt32BE(changes.redeliveryCounter, layout.redeliveryCounter)
    const parts = new SpliceList(bytes)
    if (changes.destination) parts.replace(layout.destination, encodeDestination(changes.destination))
    if (changes.transactionId === null) parts.replace(layout.transactionId, absent)
    if (changes.originalDestination !== undefined)
      parts.replace(layout.originalDestination, encodeDestination(changes.originalDestination))
    if (changes.originalTransactionId !== undefined)
      parts.replace(
        layout.originalTransactionId,
        changes.originalTransactionId === null
          ? absent
          : bytes.subarray(layout.transactionId.start, layout.transactionId.end),
      )
    if (changes.properties) {
      const properties = new Map([...this.decodeProperties(), ...changes.properties])
      parts.replace(layout.properties, encodeData(encodePrimitiveMap(properties)))
    }
    return StoredMessage.scan(parts.join())
  }

  #offsets(): Layout {
    return (this.#layout ??= scanLayout(this.bytes))
  }

  #at(position: number): LooseScanner {
    return new LooseScanner(this.bytes, position)
  }
}

const firstMessageCode = 23
const bodyKinds: readonly BodyKind[] = ['none', 'bytes', 'map', 'object', 'stream', 'text', 'blob']
const blobCode = 29

const destinationKinds: readonly DestinationKind[] = ['queue', 'topic', 'temp-queue', 'temp-topic']
const firstDestinationCode = 100

const localTransactionCode = 111
const xaTransactionCode = 112
const messageIdCode = 110
const connectionIdCode = 120

/** Messages that come in together mostly have one destination. */
const lastDestination = new ByteMemo<Destination>()

const absent = Buffer.from([0])

/** Walks over the whole form once. The order of the lines is the order of the fields. */
function scanLayout(bytes: Buffer): Layout {
  const scanner = new LooseScanner(bytes)
  const code = scanner.uint8()
  if (code < firstMessageCode || code > blobCode) throw scanner.error(`type ${code} is no message`)
  scanner.advance(5)
  scanner.skipNested()
  const destination = destinationRange(scanner)
  if (bytes[destination.start] === 0) throw scanner.error('it has no destination')
  const transactionId = transactionRange(scanner)
  const originalDestination = destinationRange(scanner)
  const messageId = scanner.position
  const brokerSequenceId = skipMessageId(scanner)
  const originalTransactionId = transactionRange(scanner)
  const groupId = scanner.position
  scanner.skipString()
  const groupSequence = scanner.advance(4)
  scanner.skipString()
  const persistent = scanner.advance(1)
  const expiration = scanner.advance(8)
  const priority = scanner.advance(1)
  const replyTo = destinationRange(scanner).start
  const timestamp = scanner.advance(8)
  const type = scanner.position
  scanner.skipString()
  const content = scanner.position
  const contentBytes = scanner.skipData()
  const propertiesStart = scanner.position
  const propertiesBytes = scanner.skipData()
  const properties = { start: propertiesStart, end: scanner.position }
  const dataStructure = scanner.position
  scanner.skipNested()
  const targetConsumerId = scanner.position
  scanner.skipNested()
  const compressed = scanner.advance(1)
  const redeliveryCounter = scanner.advance(4)
  const brokerPath = scanner.position
  scanner.skipArray()
  scanner.advance(8)
  const userId = scanner.position
  scanner.skipString()
  scanner.advance(2)
  const cluster = scanner.position
  scanner.skipArray()
  const brokerInTime = scanner.advance(16)
  const groupFirst = scanner.advance(1)
  if (code === blobCode) {
    scanner.skipString()
    scanner.skipString()
    scanner.advance(1)
  }
  if (scanner.position !== bytes.length) throw scanner.error(`${bytes.length - scanner.position} bytes follow it`)
  return {
    destination,
    transactionId,
    originalDestination,
    messageId,
    brokerSequenceId,
    originalTransactionId,
    groupId,
    groupSequence,
    persistent,
    expiration,
    priority,
    replyTo,
    timestamp,
    type,
    content,
    properties,
    dataStructure,
    compressed,
    redeliveryCounter,
    brokerPath,
    userId,
    brokerInTime,
    groupFirst,
    bodyBytes: contentBytes + propertiesBytes,
    carriesStructures:
      bytes[dataStructure] !== 0 ||
      bytes[targetConsumerId] !== 0 ||
      bytes[brokerPath] !== 0 ||
      bytes[cluster] !== 0 ||
      bytes[originalTransactionId.start] !== 0,
  }
}

function destinationRange(scanner: LooseScanner): Range {
  const start = scanner.position
  if (scanner.bool()) {
    const code = scanner.uint8()
    if (destinationKinds[code - firstDestinationCode] === undefined)
      throw scanner.error(`type ${code} is no destination`)
    scanner.skipString()
  }
  return { start, end: scanner.position }
}

function transactionRange(scanner: LooseScanner): Range {
  const start = scanner.position
  const code = scanner.bytes[start] === 0 ? null : scanner.bytes[start + 1]
  if (code !== null && code !== localTransactionCode && code !== xaTransactionCode)
    throw scanner.error(`type ${code} is no transaction`)
  scanner.skipNested()
  return { start, end: scanner.position }
}

/** Returns where the broker's sequence is. */
function skipMessageId(scanner: LooseScanner): number {
  if (!scanner.bool() || scanner.uint8() !== messageIdCode) throw scanner.error('it has no message id')
  scanner.skipString()
  if (scanner.bytes[scanner.position] !== 1 || scanner.bytes[scanner.position + 1] !== producerIdCode)
    throw scanner.error('its message id has no producer id')
  scanner.skipNested()
  scanner.advance(8)
  return scanner.advance(8)
}

/** A text view is for the eye only: what identifies a message is producer and sequence. */
function readMessageId(bytes: Buffer, at: number): { producerId: string; producerSequenceId: number } {
  const scanner = new LooseScanner(bytes, at + 2)
  scanner.skipString()
  // skipMessageId has seen that it is there.
  const producerId = readProducerId(scanner)!.text
  return { producerId, producerSequenceId: scanner.long() }
}

function repeatedDestination(bytes: Buffer, { start, end }: Range): Destination {
  const known = lastDestination.recall(bytes, start)
  if (known) return known
  const destination = readDestination(new LooseScanner(bytes, start))!
  lastDestination.remember(bytes, start, end, destination)
  return destination
}

function readDestination(scanner: LooseScanner): Destination | null {
  if (!scanner.bool()) return null
  const kind = destinationKinds[scanner.uint8() - firstDestinationCode]!
  return { kind, name: scanner.string() ?? '' }
}

function readTransactionId(scanner: LooseScanner): string | null {
  if (!scanner.bool()) return null
  if (scanner.uint8() === xaTransactionCode) {
    const formatId = scanner.int()
    const globalTransactionId = scanner.data()
    return xidText(formatId, globalTransactionId, scanner.data())
  }
  const value = scanner.long()
  const connectionId = scanner.bool() && scanner.uint8() === connectionIdCode ? scanner.string() : ''
  return `TX:${connectionId}:${value}`
}

/** A nested destination as it stands in the stored form. */
function encodeDestination(destination: Destination | null): Buffer {
  if (destination === null) return absent
  const name = encodeModifiedUtf8(destination.name)
  const code = firstDestinationCode + destinationKinds.indexOf(destination.kind)
  return Buffer.concat([Buffer.from([1, code, 1, name.length >> 8, name.length]), name])
}

function encodeData(data: Buffer): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0])
  head.writeInt32BE(data.length, 1)
  return Buffer.concat([head, data])
}

/** Ranges of bytes replaced in ascending order. */
class SpliceList {
  readonly #bytes: Buffer
  readonly #parts: Buffer[] = []
  #position = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  replace({ start, end }: Range, replacement: Buffer): void {
    this.#parts.push(this.#bytes.subarray(this.#position, start), replacement)
    this.#position = end
  }

  join(): Buffer {
    return Buffer.concat([...this.#parts, this.#bytes.subarray(this.#position)])
  }
}

// A message over its stored form (message.ts). One scan checks the whole form and takes out what the broker always
// needs; everything else is read from the bytes when somebody asks. Numbers that the broker assigns are patched in place.
//
// Layout of the stored form after the type byte, in wire order (spec openwire.md section 6):
//   commandId responseRequired producerId destination transactionId originalDestination messageId
//   originalTransactionId groupID groupSequence correlationId persistent expiration priority replyTo timestamp type
//   content marshalledProperties dataStructure targetConsumerId compressed redeliveryCounter brokerPath arrival userID
//   recievedByDFBridge droppable cluster brokerInTime brokerOutTime jmsxGroupFirstForConsumer [blob: URL type deleted]
import { ByteMemo } from '../marshal/byte-memo.ts'
import { decodePrimitiveMap, encodePrimitiveMap } from '../marshal/primitive-map.ts'
import type { PrimitiveMap } from '../marshal/primitive-map.ts'
import { encodeModifiedUtf8 } from '../marshal/modified-utf8.ts'
import { xidText } from '../marshal/xid-text.ts'
import type { Destination, DestinationKind } from './destination.ts'
import { LooseScanner, readLong, writeLong } from './loose-scanner.ts'
import {
  fields,
  firstDestinationCode,
  firstMessageCode,
  hasItsIds,
  newFieldOffsets,
  scanFields,
  xaTransactionCode,
  type FieldOffsets,
} from './message-fields.ts'
import { messageIdText, type Message, type MessageIdText } from './message.ts'
import { readProducerId, type ProducerIdParts } from './producer-id.ts'

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

export class StoredMessage implements Message {
  readonly bytes: Buffer
  readonly destination: Destination
  readonly producerSequenceId: number
  readonly persistent: boolean
  readonly expiration: number
  readonly priority: number
  readonly size: number
  /** Structures that clients have no use for: the scan knows how long they are, not whether they are in their place. */
  readonly carriesStructures: boolean
  /** Where the broker's sequence stands in `bytes`, for those who send a copy with another one. */
  readonly brokerSequenceAt: number
  readonly #producer: ProducerIdParts
  /** Made on demand: most messages pass through without being asked. */
  #offsets: FieldOffsets | null = null

  /**
   * Checks `bytes`, which the message owns from now on. Throws MessageFormatError. `offsets` are given where somebody knows that
   * all lengths and texts are right; they may be used again after the call.
   */
  static scan(bytes: Buffer, offsets?: FieldOffsets): StoredMessage {
    if (offsets && hasItsIds(bytes, offsets)) return new StoredMessage(bytes, offsets)
    scanFields(bytes, scanned)
    return new StoredMessage(bytes, scanned)
  }

  private constructor(bytes: Buffer, offsets: FieldOffsets) {
    this.bytes = bytes
    this.destination = repeatedDestination(bytes, rangeOf(offsets, fields.destination))
    const id = new LooseScanner(bytes, offsets[fields.messageId]! + 2)
    // A text view is for the eye only: what identifies a message is producer and sequence.
    id.skipString()
    // The scan has seen that it is there.
    this.#producer = readProducerId(id)!
    this.producerSequenceId = id.long()
    this.persistent = bytes[offsets[fields.persistent]!] !== 0
    this.expiration = readLong(bytes, offsets[fields.expiration]!)
    this.priority = Math.min(9, Math.max(0, (bytes[offsets[fields.priority]!]! << 24) >> 24))
    this.size =
      minimumMessageSize +
      dataLength(bytes, rangeOf(offsets, fields.content)) +
      dataLength(bytes, rangeOf(offsets, fields.marshalledProperties))
    this.carriesStructures =
      bytes[offsets[fields.dataStructure]!] !== 0 ||
      bytes[offsets[fields.targetConsumerId]!] !== 0 ||
      bytes[offsets[fields.brokerPath]!] !== 0 ||
      bytes[offsets[fields.cluster]!] !== 0 ||
      bytes[offsets[fields.originalTransactionId]!] !== 0
    // The last number of the message id.
    this.brokerSequenceAt = offsets[fields.originalTransactionId]! - 8
  }

  get producerId(): string {
    return this.#producer.text
  }

  get connectionId(): string {
    return this.#producer.connectionId
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
    const textView = this.#scanner(fields.messageId, 2).string()
    if (textView === null) return this.messageId
    return textView.startsWith('ID:') ? textView : `ID:${textView}`
  }

  get originalDestination(): Destination | null {
    return readDestination(this.#scanner(fields.originalDestination))
  }

  /** `TX:…` or `XID:[…]`. */
  get transactionId(): string | null {
    return readTransactionId(this.#scanner(fields.transactionId))
  }

  get originalTransactionId(): string | null {
    return readTransactionId(this.#scanner(fields.originalTransactionId))
  }

  get groupId(): string | null {
    return this.#scanner(fields.groupID).string()
  }

  get groupSequence(): number {
    return this.bytes.readInt32BE(this.#at(fields.groupSequence))
  }

  get correlationId(): string | null {
    return this.#scanner(fields.correlationId).string()
  }

  get replyTo(): Destination | null {
    return readDestination(this.#scanner(fields.replyTo))
  }

  get timestamp(): number {
    return readLong(this.bytes, this.#at(fields.timestamp))
  }

  /** JMSType. */
  get type(): string | null {
    return this.#scanner(fields.type).string()
  }

  get compressed(): boolean {
    return this.bytes[this.#at(fields.compressed)] !== 0
  }

  get redeliveryCounter(): number {
    return this.bytes.readInt32BE(this.#at(fields.redeliveryCounter))
  }

  get userId(): string | null {
    return this.#scanner(fields.userID).string()
  }

  /** True when the message came over a bridge. */
  get hasBrokerPath(): boolean {
    return this.bytes[this.#at(fields.brokerPath)] !== 0
  }

  get groupFirstForConsumer(): boolean {
    return this.bytes[this.#at(fields.jmsxGroupFirstForConsumer)] !== 0
  }

  /** The body as it travels: a view, possibly compressed. */
  get content(): Buffer | null {
    return this.#scanner(fields.content).data()
  }

  /** A primitive map, as a view. */
  get marshalledProperties(): Buffer | null {
    return this.#scanner(fields.marshalledProperties).data()
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
    writeLong(this.bytes, this.#at(fields.brokerInTime), inMs)
    writeLong(this.bytes, this.#at(fields.brokerOutTime), outMs)
  }

  patchRedeliveryCounter(redeliveryCounter: number): void {
    this.bytes.writeInt32BE(redeliveryCounter, this.#at(fields.redeliveryCounter))
  }

  /** A message of its own with other values; this one stays as it is. Throws FormatError for malformed properties. */
  withChanges(changes: MessageChanges): StoredMessage {
    const bytes = Buffer.from(this.bytes)
    if (changes.persistent !== undefined) bytes[this.#at(fields.persistent)] = changes.persistent ? 1 : 0
    if (changes.expiration !== undefined) writeLong(bytes, this.#at(fields.expiration), changes.expiration)
    if (changes.redeliveryCounter !== undefined)
      bytes.writeInt32BE(changes.redeliveryCounter, this.#at(fields.redeliveryCounter))
    const parts = new SpliceList(bytes)
    const replace = (field: number, replacement: Buffer): void => parts.replace(this.#range(field), replacement)
    if (changes.destination) replace(fields.destination, encodeDestination(changes.destination))
    if (changes.transactionId === null) replace(fields.transactionId, absent)
    if (changes.originalDestination !== undefined)
      replace(fields.originalDestination, encodeDestination(changes.originalDestination))
    if (changes.originalTransactionId !== undefined) {
      const { start, end } = this.#range(fields.transactionId)
      replace(
        fields.originalTransactionId,
        changes.originalTransactionId === null ? absent : bytes.subarray(start, end),
      )
    }
    if (changes.properties) {
      const properties = new Map([...this.decodeProperties(), ...changes.properties])
      replace(fields.marshalledProperties, encodeData(encodePrimitiveMap(properties)))
    }
    return StoredMessage.scan(parts.join())
  }

  #range(field: number): Range {
    return rangeOf(this.#allOffsets(), field)
  }

  #at(field: number): number {
    return this.#allOffsets()[field]!
  }

  #allOffsets(): FieldOffsets {
    if (this.#offsets === null) {
      this.#offsets = newFieldOffsets()
      scanFields(this.bytes, this.#offsets)
    }
    return this.#offsets
  }

  #scanner(field: number, skipped = 0): LooseScanner {
    return new LooseScanner(this.bytes, this.#at(field) + skipped)
  }
}

/** Of the message that is being made: most need nothing of it afterwards. */
const scanned = newFieldOffsets()

const rangeOf = (offsets: FieldOffsets, field: number): Range => ({ start: offsets[field]!, end: offsets[field + 1]! })

/** Without its flag and length; 0 when it is absent. */
const dataLength = (bytes: Buffer, { start, end }: Range): number => Math.max(0, end - start - 5)

const bodyKinds: readonly BodyKind[] = ['none', 'bytes', 'map', 'object', 'stream', 'text', 'blob']

const destinationKinds: readonly DestinationKind[] = ['queue', 'topic', 'temp-queue', 'temp-topic']

const connectionIdCode = 120

/** Messages that come in together mostly have one destination. */
const lastDestination = new ByteMemo<Destination>()

const absent = Buffer.from([0])

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

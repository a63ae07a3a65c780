// A message over its stored form (message.ts). One scan checks the whole form and takes out what the broker always
// needs; everything else is read from the bytes when somebody asks.
import { ByteMemo } from '../marshal/byte-memo.ts'
import { decodePrimitiveMap, encodePrimitiveMap } from '../marshal/primitive-map.ts'
import type { PrimitiveMap } from '../marshal/primitive-map.ts'
import { hasNameWithPrefix } from '../marshal/property-names.ts'
import { findPropertyValue } from '../marshal/property-value.ts'
import { xidText } from '../marshal/xid-text.ts'
import { isPlainPath, readBrokerPath } from './broker-path.ts'
import type { Destination } from './destination.ts'
import { encodeDestination, readDestination } from './destination-form.ts'
import { LooseScanner, readLong, writeLong } from './loose-scanner.ts'
import {
  fields,
  firstMessageCode,
  hasItsIds,
  newFieldOffsets,
  scanFields,
  xaTransactionCode,
  type FieldOffsets,
} from './message-fields.ts'
import { messageIdText, type BodyKind, type Message, type MessageChanges, type MessageIdText } from './message.ts'
import { readProducerId, type ProducerIdParts } from './producer-id.ts'

export { MessageFormatError } from './loose-scanner.ts'

/** What a message costs at least in accounts of memory (ActiveMQ: Message.DEFAULT_MINIMUM_MESSAGE_SIZE). */
const minimumMessageSize = 1024

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
  readonly scheduled: boolean
  readonly brokerSequenceAt: number
  readonly #producer: ProducerIdParts
  readonly #groupIdAt: number
  /** 0 for a message that has passed no broker. Bridges ask about every message. */
  readonly #brokerPathAt: number
  /** Structures but a path. */
  readonly #carriesOthers: boolean
  /** Where the map of properties stands; both are the same place when there is none. */
  readonly #propertiesAt: number
  readonly #propertiesEnd: number
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
    this.#groupIdAt = offsets[fields.groupID]!
    const properties = offsets[fields.marshalledProperties]!
    this.#propertiesEnd = offsets[fields.dataStructure]!
    this.#propertiesAt = bytes[properties] === 0 ? this.#propertiesEnd : properties + 5
    this.scheduled = hasNameWithPrefix(bytes, this.#propertiesAt, this.#propertiesEnd, scheduledPrefix)
    this.#brokerPathAt = bytes[offsets[fields.brokerPath]!] === 0 ? 0 : offsets[fields.brokerPath]!
    this.#carriesOthers =
      bytes[offsets[fields.dataStructure]!] !== 0 ||
      bytes[offsets[fields.targetConsumerId]!] !== 0 ||
      bytes[offsets[fields.cluster]!] !== 0 ||
      bytes[offsets[fields.originalTransactionId]!] !== 0
    // The last number of the message id.
    this.brokerSequenceAt = offsets[fields.originalTransactionId]! - 8
  }

  /**
   * Structures that clients have no use for: the scan knows how long they are, not whether they are in their place. A path of
   * brokers alone, as messages of bridges have it, is looked at here.
   */
  get carriesStructures(): boolean {
    return this.#carriesOthers || (this.#brokerPathAt > 0 && !isPlainPath(this.bytes, this.#brokerPathAt))
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

  get jmsMessageId(): string {
    const textView = this.#scanner(fields.messageId, 2).string()
    if (textView === null) return this.messageId
    return textView.startsWith('ID:') ? textView : `ID:${textView}`
  }

  get originalDestination(): Destination | null {
    return readDestination(this.#scanner(fields.originalDestination))
  }

  get transactionId(): string | null {
    return readTransactionId(this.#scanner(fields.transactionId))
  }

  get originalTransactionId(): string | null {
    return readTransactionId(this.#scanner(fields.originalTransactionId))
  }

  get grouped(): boolean {
    return this.bytes[this.#groupIdAt] !== 0
  }

  get groupId(): string | null {
    return new LooseScanner(this.bytes, this.#groupIdAt).string()
  }

  get groupSequence(): number {
    const scanner = new LooseScanner(this.bytes, this.#groupIdAt)
    scanner.skipString()
    return scanner.int()
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

  get type(): string | null {
    return this.#scanner(fields.type).string()
  }

  get compressed(): boolean {
    return this.bytes[this.#at(fields.compressed)] !== 0
  }

  get redeliveryCounter(): number {
    return this.bytes.readInt32BE(this.#at(fields.redeliveryCounter))
  }

  get arrival(): number {
    return readLong(this.bytes, this.#at(fields.arrival))
  }

  get userId(): string | null {
    return this.#scanner(fields.userID).string()
  }

  get brokerInTime(): number {
    return readLong(this.bytes, this.#at(fields.brokerInTime))
  }

  get brokerOutTime(): number {
    return readLong(this.bytes, this.#at(fields.brokerOutTime))
  }

  get hasBrokerPath(): boolean {
    return this.#brokerPathAt > 0
  }

  get brokerPath(): readonly string[] {
    return this.#brokerPathAt > 0 ? readBrokerPath(this.bytes, this.#brokerPathAt) : nowhere
  }

  get groupFirstForConsumer(): boolean {
    return this.bytes[this.#at(fields.jmsxGroupFirstForConsumer)] !== 0
  }

  get content(): Buffer | null {
    return this.#scanner(fields.content).data()
  }

  get marshalledProperties(): Buffer | null {
    return this.#scanner(fields.marshalledProperties).data()
  }

  findProperty(name: Uint8Array): number {
    return findPropertyValue(this.bytes, this.#propertiesAt, this.#propertiesEnd, name)
  }

  decodeProperties(): PrimitiveMap {
    return decodePrimitiveMap(this.marshalledProperties)
  }

  withChanges(changes: MessageChanges): StoredMessage {
    const bytes = Buffer.from(this.bytes)
    if (changes.persistent !== undefined) bytes[this.#at(fields.persistent)] = changes.persistent ? 1 : 0
    if (changes.expiration !== undefined) writeLong(bytes, this.#at(fields.expiration), changes.expiration)
    if (changes.redeliveryCounter !== undefined)
      bytes.writeInt32BE(changes.redeliveryCounter, this.#at(fields.redeliveryCounter))
    if (changes.timestamp !== undefined) writeLong(bytes, this.#at(fields.timestamp), changes.timestamp)
    if (changes.arrival !== undefined) writeLong(bytes, this.#at(fields.arrival), changes.arrival)
    if (changes.groupFirstForConsumer !== undefined)
      bytes[this.#at(fields.jmsxGroupFirstForConsumer)] = changes.groupFirstForConsumer ? 1 : 0
    const parts = new SpliceList(bytes)
    const replace = (field: number, replacement: Buffer): void => parts.replace(this.#range(field), replacement)
    if (changes.destination) replace(fields.destination, encodeDestination(changes.destination))
    if (changes.transactionId === null) replace(fields.transactionId, absent)
    if (changes.originalDestination !== undefined)
      replace(
        fields.originalDestination,
        changes.originalDestination ? encodeDestination(changes.originalDestination) : absent,
      )
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

const scheduledPrefix = Buffer.from('AMQ_SCHEDULED_')

/** In the order of their type codes. */
export const bodyKinds: readonly BodyKind[] = ['none', 'bytes', 'map', 'object', 'stream', 'text', 'blob']

const connectionIdCode = 120

/** Messages that come in together mostly have one destination. */
const lastDestination = new ByteMemo<Destination>()

const absent = Buffer.from([0])

const nowhere: readonly string[] = []

function repeatedDestination(bytes: Buffer, { start, end }: Range): Destination {
  const known = lastDestination.recall(bytes, start)
  if (known) return known
  const destination = readDestination(new LooseScanner(bytes, start))!
  lastDestination.remember(bytes, start, end, destination)
  return destination
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

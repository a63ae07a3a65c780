// Neutral fields → a message with its stored form: for the broker's own messages, and for protocols whose frames are not
// OpenWire's. The bytes are those that the OpenWire codec would write for the same fields; tests compare them.
import { FormatError } from '../base/format-error.ts'
import { encodePrimitiveMap, type PrimitiveMap } from '../marshal/primitive-map.ts'
import { encodeModifiedUtf8Into, modifiedUtf8Length } from '../marshal/modified-utf8.ts'
import { destinationCodeOf } from './destination-form.ts'
import type { Destination } from './destination.ts'
import { writeLong } from './loose-scanner.ts'
import { firstMessageCode, messageIdCode } from './message-fields.ts'
import type { BodyKind, Message } from './message.ts'
import { producerIdCode, type ProducerIdFields } from './producer-id.ts'
import { bodyKinds, StoredMessage } from './stored-message.ts'

/** A string's length has two bytes. */
const maxStringBytes = 65_535

/** Grows to what the texts of a message need. */
const firstWriterBytes = 1024

export interface NewMessage {
  readonly destination: Destination
  /** Who sends it; with the sequence it is the message's id. */
  readonly producer: ProducerIdFields
  readonly producerSequenceId: number
  /** JMSMessageID for protocols that have message ids of their own. */
  readonly messageIdText?: string | null
  readonly persistent?: boolean
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiration?: number
  /** 0..9, usually 4. */
  readonly priority?: number
  readonly timestamp?: number
  readonly correlationId?: string | null
  readonly replyTo?: Destination | null
  /** JMSType. */
  readonly type?: string | null
  readonly groupId?: string | null
  readonly groupSequence?: number
  readonly userId?: string | null
  readonly redeliveryCounter?: number
  readonly bodyKind?: Exclude<BodyKind, 'blob'>
  /** As it travels: the text with its length, a primitive map, … */
  readonly content?: Buffer | null
  readonly compressed?: boolean
  /** A map, or one that is marshalled already; an empty one is none. */
  readonly properties?: PrimitiveMap | Buffer | null
  /** When the broker got it. */
  readonly brokerInTime?: number
  /** Of advisories: nested structures as they stand in a stored form, with their presence. */
  readonly dataStructure?: Buffer | null
  readonly targetConsumerId?: Buffer | null
}

/** @throws {FormatError} for a text of more than 65,535 bytes. */
export function buildMessage(fields: NewMessage): Message {
  const properties = marshalled(fields.properties ?? null)
  writer.reset()
  writeHead(fields)
  const head = writer.position
  writeTail(fields)
  const tail = writer.position - head
  const content = fields.content ?? null
  const bytes = Buffer.allocUnsafe(head + dataBytes(content) + dataBytes(properties) + tail)
  writer.bytes.copy(bytes, 0, 0, head)
  const end = putData(bytes, putData(bytes, head, content), properties)
  writer.bytes.copy(bytes, end, head, head + tail)
  return StoredMessage.scan(bytes)
}

function writeHead(fields: NewMessage): void {
  writer.byte(firstMessageCode + bodyKinds.indexOf(fields.bodyKind ?? 'none'))
  // commandId, responseRequired
  writer.int(0)
  writer.byte(0)
  writer.producer(fields.producer)
  writer.destination(fields.destination)
  // transactionId, originalDestination
  writer.byte(0)
  writer.byte(0)
  writer.byte(1)
  writer.byte(messageIdCode)
  writer.string(fields.messageIdText ?? null)
  writer.producer(fields.producer)
  writer.long(fields.producerSequenceId)
  // The broker's sequence, originalTransactionId
  writer.long(0)
  writer.byte(0)
  writer.string(fields.groupId ?? null)
  writer.int(fields.groupSequence ?? 0)
  writer.string(fields.correlationId ?? null)
  writer.byte(fields.persistent === true ? 1 : 0)
  writer.long(fields.expiration ?? 0)
  writer.byte(fields.priority ?? 4)
  writer.destination(fields.replyTo ?? null)
  writer.long(fields.timestamp ?? 0)
  writer.string(fields.type ?? null)
}

/** What follows content and properties. */
function writeTail(fields: NewMessage): void {
  writer.nested(fields.dataStructure ?? null)
  writer.nested(fields.targetConsumerId ?? null)
  writer.byte(fields.compressed === true ? 1 : 0)
  writer.int(fields.redeliveryCounter ?? 0)
  // brokerPath, arrival
  writer.byte(0)
  writer.long(0)
  writer.string(fields.userId ?? null)
  // recievedByDFBridge, droppable, cluster
  writer.byte(0)
  writer.byte(0)
  writer.byte(0)
  writer.long(fields.brokerInTime ?? 0)
  // brokerOutTime, jmsxGroupFirstForConsumer
  writer.long(0)
  writer.byte(0)
}

function marshalled(properties: PrimitiveMap | Buffer | null): Buffer | null {
  if (properties === null || Buffer.isBuffer(properties)) return properties
  return properties.size === 0 ? null : encodePrimitiveMap(properties)
}

const dataBytes = (data: Buffer | null): number => (data === null ? 1 : 5 + data.length)

/** Returns the position behind it. */
function putData(bytes: Buffer, at: number, data: Buffer | null): number {
  bytes[at] = data === null ? 0 : 1
  if (data === null) return at + 1
  bytes.writeInt32BE(data.length, at + 1)
  data.copy(bytes, at + 5)
  return at + 5 + data.length
}

class FieldWriter {
  bytes = Buffer.allocUnsafe(firstWriterBytes)
  position = 0

  reset(): void {
    this.position = 0
  }

  byte(value: number): void {
    this.bytes[this.#advance(1)] = value
  }

  int(value: number): void {
    const at = this.#advance(4)
    this.bytes.writeInt32BE(value, at)
  }

  long(value: number): void {
    const at = this.#advance(8)
    writeLong(this.bytes, at, value)
  }

  string(text: string | null): void {
    if (text === null) return this.byte(0)
    const length = modifiedUtf8Length(text)
    if (length > maxStringBytes)
      throw new FormatError(
        'MESSAGE_FORMAT',
        `Cannot build message: a text has ${length} bytes, the most is ${maxStringBytes}`,
      )
    const at = this.#advance(3 + length)
    this.bytes[at] = 1
    this.bytes.writeUInt16BE(length, at + 1)
    encodeModifiedUtf8Into(this.bytes, at + 3, text, length)
  }

  nested(form: Buffer | null): void {
    if (form === null) return this.byte(0)
    const at = this.#advance(form.length)
    form.copy(this.bytes, at)
  }

  destination(destination: Destination | null): void {
    if (destination === null) return this.byte(0)
    this.byte(1)
    this.byte(destinationCodeOf(destination.kind))
    this.string(destination.name)
  }

  producer({ connectionId, sessionId, value }: ProducerIdFields): void {
    this.byte(1)
    this.byte(producerIdCode)
    this.string(connectionId)
    this.long(value)
    this.long(sessionId)
  }

  /** May replace `bytes`: call it before looking at them. */
  #advance(length: number): number {
    const start = this.position
    this.position = start + length
    if (this.position > this.bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.position)
      this.bytes.copy(larger, 0, 0, start)
      this.bytes = larger
    }
    return start
  }
}

const writer = new FieldWriter()

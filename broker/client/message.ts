// Messages as users write and read them ⇄ the commands that carry them. What bodies and properties may be is said in
// message-body.ts and message-properties.ts.
import type { Destination } from '../message/destination.ts'
import { messageIdText, transactionIdText } from '../openwire/id-text.ts'
import type { MessageCommand, ProducerId, TransactionId } from '../wire/openwire/commands.ts'
import type { PrimitiveMap, PrimitiveValue } from '../wire/openwire/properties.ts'
import {
  decodePrimitiveMap,
  decodePrimitiveStream,
  decodeTextBody,
  deflateBody,
  encodePrimitiveMap,
  inflateBody,
} from '../wire/openwire/properties.ts'
import { destinationOf, structureOf } from '../openwire/destination-structure.ts'
import type { DestinationLike } from './destination-text.ts'
import { toDestination } from './destination-text.ts'
import type { Fields } from './given.ts'
import { anything, aText, aWholeNumber, checkFields, isBytes, isMap, isPlainObject, refused } from './given.ts'
import type { BlobReference, MessageBody, MessageKind } from './message-body.ts'
import { aMessageKind, encodeBody, kindOfCommand } from './message-body.ts'
import { outgoingProperties } from './message-properties.ts'
import type { MessageRules } from './message-rules.ts'
import { ordinaryRules } from './message-rules.ts'
import type { MessageValues } from './message-value.ts'
import { unusable } from './message-value.ts'
import { groupIdName, groupSequenceName } from './property-name.ts'
import type { ReadableType, ReadableTypes } from './value-conversion.ts'
import { valueAs } from './value-conversion.ts'

export interface OutgoingMessage {
  /** Left out: by what the body is, see MessageBody. */
  readonly kind?: MessageKind | null | undefined
  readonly body?: MessageBody | undefined
  readonly properties?: MessageValues | null | undefined
  readonly correlationId?: string | null | undefined
  readonly replyTo?: DestinationLike | null | undefined
  /** JMSType. */
  readonly type?: string | null | undefined
  /** JMSXGroupID, also accepted as a property of that name. */
  readonly groupId?: string | null | undefined
  /** JMSXGroupSeq, also accepted as a property of that name. */
  readonly groupSequence?: number | null | undefined
}

const outgoingFields: Fields = {
  body: anything,
  properties: anything,
  correlationId: aText,
  replyTo: anything,
  type: aText,
  groupId: aText,
  groupSequence: aWholeNumber(-(2 ** 31), 2 ** 31 - 1),
  kind: aMessageKind,
}

/** What can be sent: a message, or only its body. */
export type Sendable = OutgoingMessage | string | Uint8Array | Extract<MessageValues, ReadonlyMap<string, unknown>>

interface SendHeader {
  readonly producerId: ProducerId
  readonly sequence: number
  readonly destination: Destination
  readonly transactionId: TransactionId | null
  readonly persistent: boolean
  readonly priority: number
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiration: number
  readonly timestamp: number
  readonly compress: boolean
}

/** Throws JmsError that names what cannot be sent. */
export function buildMessageCommand(
  given: Sendable,
  header: SendHeader,
  rules: MessageRules = ordinaryRules,
): MessageCommand {
  const message = outgoingOf(given)
  const { kind, content, blob } = encodeBody(message.body ?? null, message.kind ?? null, rules)
  const properties = message.properties ? outgoingProperties(message.properties, rules) : null
  const compressed = header.compress && content !== null
  const { producerId, sequence: producerSequenceId } = header
  const command = {
    kind,
    commandId: 0,
    responseRequired: false,
    producerId,
    destination: structureOf(header.destination),
    transactionId: header.transactionId,
    originalDestination: null,
    messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId, brokerSequenceId: 0 },
    originalTransactionId: null,
    groupID: oneOfBoth(groupIdName, message.groupId, properties?.groupId),
    groupSequence: oneOfBoth(groupSequenceName, message.groupSequence, properties?.groupSequence) ?? 0,
    correlationId: message.correlationId ?? null,
    persistent: header.persistent,
    expiration: header.expiration,
    priority: header.priority,
    replyTo: message.replyTo ? structureOf(toDestination(message.replyTo, 'reply to')) : null,
    timestamp: header.timestamp,
    type: message.type ?? null,
    content: compressed ? deflateBody(kind, content) : content,
    marshalledProperties: properties?.map.size ? encodePrimitiveMap(properties.map) : null,
    dataStructure: null,
    targetConsumerId: null,
    compressed,
    redeliveryCounter: 0,
    brokerPath: null,
    arrival: 0,
    userID: null,
    recievedByDFBridge: false,
    droppable: false,
    cluster: null,
    brokerInTime: 0,
    brokerOutTime: 0,
    jmsxGroupFirstForConsumer: false,
  } as MessageCommand
  return blob === null ? command : withBlob(command, blob)
}

export type MessageListener = (message: ReceivedMessage) => void | Promise<void>

/** A message that was received. Bodies and properties are decoded when they are asked for. */
export class ReceivedMessage {
  readonly #command: MessageCommand
  readonly #acknowledge: (message: ReceivedMessage) => Promise<void>
  /** How often it was delivered before. */
  readonly redeliveryCounter: number

  constructor(
    command: MessageCommand,
    redeliveryCounter: number,
    acknowledge: (message: ReceivedMessage) => Promise<void>,
  ) {
    this.#command = command
    this.redeliveryCounter = redeliveryCounter
    this.#acknowledge = acknowledge
  }

  get kind(): MessageKind {
    return kindOfCommand(this.#command)
  }

  /** JMSMessageID. */
  get messageId(): string {
    return this.#command.messageId === null ? '' : messageIdText(this.#command.messageId)
  }

  get destination(): Destination | null {
    return this.#command.destination === null ? null : destinationOf(this.#command.destination)
  }

  get replyTo(): Destination | null {
    return this.#command.replyTo === null ? null : destinationOf(this.#command.replyTo)
  }

  get correlationId(): string | null {
    return this.#command.correlationId
  }

  get type(): string | null {
    return this.#command.type
  }

  get timestamp(): number {
    return Number(this.#command.timestamp)
  }

  /** Milliseconds since the epoch; 0 = never. */
  get expiration(): number {
    return Number(this.#command.expiration)
  }

  get priority(): number {
    return this.#command.priority
  }

  get persistent(): boolean {
    return this.#command.persistent
  }

  get deliveryMode(): 'persistent' | 'non-persistent' {
    return this.#command.persistent ? 'persistent' : 'non-persistent'
  }

  get redelivered(): boolean {
    return this.redeliveryCounter > 0
  }

  /** JMSXDeliveryCount. */
  get deliveryCount(): number {
    return this.redeliveryCounter + 1
  }

  /** JMSXGroupID. */
  get groupId(): string | null {
    return this.#command.groupID
  }

  /** JMSXGroupSeq. */
  get groupSequence(): number {
    return this.#command.groupSequence
  }

  /** JMSXGroupFirstForConsumer: the broker has just given the group to this consumer. */
  get groupFirstForConsumer(): boolean {
    return this.#command.jmsxGroupFirstForConsumer
  }

  /** JMSXProducerTXID: the transaction that it was sent in. */
  get producerTransactionId(): string | null {
    const id = this.#command.originalTransactionId ?? this.#command.transactionId
    return id === null ? null : transactionIdText(id)
  }

  /** JMSXUserID. */
  get userId(): string | null {
    return this.#command.userID
  }

  /** Properties with their Java types. Throws FormatError when they are malformed. */
  get typedProperties(): PrimitiveMap {
    return decodePrimitiveMap(this.#command.marshalledProperties)
  }

  /** Properties as plain values. */
  get properties(): Readonly<Record<string, PrimitiveValue['value']>> {
    return Object.fromEntries([...this.typedProperties].map(([name, { value }]) => [name, value]))
  }

  /**
   * One property, read as `type` by the conversions of JMS; null when it is not there, or null. The JMSX properties that
   * OpenWire has fields for are among them. Throws JmsError when it cannot be read so.
   */
  property<T extends ReadableType>(name: string, type: T): ReadableTypes[T] | null {
    const field = name.startsWith('JMSX') ? this.#fieldProperty(name) : undefined
    return valueAs(field ?? this.typedProperties.get(name), type)
  }

  /** The text of a text message; null for other messages and without body. */
  get text(): string | null {
    return this.kind === 'text' ? decodeTextBody(this.bytes) : null
  }

  /** The entries of a map message; null for other messages. */
  get map(): PrimitiveMap | null {
    return this.kind === 'map' ? decodePrimitiveMap(this.bytes) : null
  }

  /** One entry of a map message, read as `type`; like `property`. */
  entry<T extends ReadableType>(name: string, type: T): ReadableTypes[T] | null {
    return valueAs(this.map?.get(name), type)
  }

  /** The values of a stream message in their order; null for other messages. `valueAs` reads one as another type. */
  get stream(): readonly PrimitiveValue[] | null {
    if (this.kind !== 'stream') return null
    const { bytes } = this
    return bytes === null ? [] : decodePrimitiveStream(bytes)
  }

  /** Of an object message what Java's serialization wrote; null for other messages and without an object. */
  get object(): Buffer | null {
    return this.kind === 'object' ? this.bytes : null
  }

  /** Where the content of a blob message is; null for other messages. */
  get blob(): Required<BlobReference> | null {
    if (this.#command.kind !== 'ActiveMQBlobMessage') return null
    const { remoteBlobUrl, mimeType, deletedByBroker } = this.#command
    return { url: remoteBlobUrl ?? '', mimeType, deletedByBroker }
  }

  /**
   * The body as it was before compression, in its encoded form; of a bytes message this is the body, which is never null. Throws
   * WireError when it cannot be inflated.
   */
  get bytes(): Buffer | null {
    const { kind, content, compressed } = this.#command
    if (content === null) return kind === 'ActiveMQBytesMessage' ? noBytes : null
    return compressed ? inflateBody(kind, content) : content
  }

  /** The message as it came over the wire. */
  get command(): MessageCommand {
    return this.#command
  }

  /** CLIENT_ACKNOWLEDGE: this and all that the session delivered before; INDIVIDUAL_ACKNOWLEDGE: this one. */
  acknowledge(): Promise<void> {
    return this.#acknowledge(this)
  }

  /** As ActiveMQ's PropertyExpression names them. */
  #fieldProperty(name: string): PrimitiveValue | undefined {
    switch (name) {
      case groupIdName:
        return textOrNull(this.groupId)
      case groupSequenceName:
        return { type: 'int', value: this.groupSequence }
      case 'JMSXDeliveryCount':
        return { type: 'int', value: this.deliveryCount }
      case 'JMSXUserID':
        return textOrNull(this.userId)
      case 'JMSXProducerTXID':
        return textOrNull(this.producerTransactionId)
      case 'JMSXGroupFirstForConsumer':
        return { type: 'boolean', value: this.groupFirstForConsumer }
    }
    return undefined
  }
}

const textOrNull = (value: string | null): PrimitiveValue =>
  value === null ? { type: 'null', value } : { type: 'string', value }

const noBytes = Buffer.alloc(0)

function outgoingOf(given: Sendable): OutgoingMessage {
  if (typeof given === 'string' || isBytes(given) || isMap(given)) return { body: given }
  if (!isPlainObject(given))
    throw refused('send', '', given, 'a text, bytes, a map, or an object with body, properties and so on', formatError)
  checkFields('send', given, outgoingFields, formatError)
  return given
}

/** A field of the message and a property mean the same. */
function oneOfBoth<T extends string | number>(
  name: string,
  field: T | null | undefined,
  property: T | null | undefined,
): T | null {
  const ofField = field ?? null
  const ofProperty = property ?? null
  if (ofField !== null && ofProperty !== null && ofField !== ofProperty)
    throw unusable(`property ${name}`, ofProperty, `what the field of the message says, ${JSON.stringify(ofField)}`)
  return ofField ?? ofProperty
}

const withBlob = (command: MessageCommand, { url, mimeType, deletedByBroker }: BlobReference): MessageCommand => ({
  ...command,
  kind: 'ActiveMQBlobMessage',
  remoteBlobUrl: url,
  mimeType: mimeType ?? null,
  deletedByBroker: deletedByBroker ?? false,
})

const formatError = 'javax.jms.MessageFormatException'

// Messages as users write and read them ⇄ the commands that carry them. Text, bytes and map bodies; Java objects and streams
// are handed out as bytes.
import type { Destination } from '../message/destination.ts'
import type { MessageCommand, ProducerId, TransactionId } from '../wire/openwire/commands.ts'
import type { PrimitiveMap, PrimitiveValue } from '../wire/openwire/properties.ts'
import {
  decodePrimitiveMap,
  decodeTextBody,
  deflateBody,
  encodePrimitiveMap,
  encodeTextBody,
  inflateBody,
} from '../wire/openwire/properties.ts'
import type { DestinationLike } from './destination-text.ts'
import type { Fields } from './given.ts'
import {
  anything,
  aText,
  aWholeNumber,
  bufferOf,
  checkFields,
  isBytes,
  isMap,
  isPlainObject,
  refused,
} from './given.ts'
import type { MessageValues } from './message-value.ts'
import { typedMap } from './message-value.ts'
import { destinationOf, structureOf } from '../openwire/destination-structure.ts'
import { toDestination } from './destination-text.ts'
import { messageIdText } from '../openwire/id-text.ts'

/** A text gives a text message, bytes a bytes message, a map or a plain object a map message, null a message without body. */
export type MessageBody = string | Uint8Array | MessageValues | null

export interface OutgoingMessage {
  readonly body?: MessageBody | undefined
  readonly properties?: MessageValues | null | undefined
  readonly correlationId?: string | null | undefined
  readonly replyTo?: DestinationLike | null | undefined
  /** JMSType. */
  readonly type?: string | null | undefined
  readonly groupId?: string | null | undefined
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
export function buildMessageCommand(given: Sendable, header: SendHeader): MessageCommand {
  const message = outgoingOf(given)
  const { kind, content } = encodeBody(message.body ?? null)
  const properties = message.properties ? typedMap('property', message.properties) : null
  const compressed = header.compress && content !== null
  const { producerId, sequence: producerSequenceId } = header
  return {
    kind,
    commandId: 0,
    responseRequired: false,
    producerId,
    destination: structureOf(header.destination),
    transactionId: header.transactionId,
    originalDestination: null,
    messageId: { kind: 'MessageId', textView: null, producerId, producerSequenceId, brokerSequenceId: 0 },
    originalTransactionId: null,
    groupID: message.groupId ?? null,
    groupSequence: message.groupSequence ?? 0,
    correlationId: message.correlationId ?? null,
    persistent: header.persistent,
    expiration: header.expiration,
    priority: header.priority,
    replyTo: message.replyTo ? structureOf(toDestination(message.replyTo, 'reply to')) : null,
    timestamp: header.timestamp,
    type: message.type ?? null,
    content: compressed ? deflateBody(kind, content) : content,
    marshalledProperties: properties?.size ? encodePrimitiveMap(properties) : null,
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
  }
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

  get redelivered(): boolean {
    return this.redeliveryCounter > 0
  }

  /** JMSXDeliveryCount. */
  get deliveryCount(): number {
    return this.redeliveryCounter + 1
  }

  get groupId(): string | null {
    return this.#command.groupID
  }

  get groupSequence(): number {
    return this.#command.groupSequence
  }

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

  /** The text of a text message; null for other messages and without body. */
  get text(): string | null {
    return this.#command.kind === 'ActiveMQTextMessage' ? decodeTextBody(this.bytes) : null
  }

  /** The entries of a map message; null for other messages. */
  get map(): PrimitiveMap | null {
    return this.#command.kind === 'ActiveMQMapMessage' ? decodePrimitiveMap(this.bytes) : null
  }

  /** The body as it was before compression, in its encoded form; of a bytes message this is the body. */
  get bytes(): Buffer | null {
    const { kind, content, compressed } = this.#command
    return content !== null && compressed ? inflateBody(kind, content) : content
  }

  /** The message as it came over the wire. */
  get command(): MessageCommand {
    return this.#command
  }

  /** CLIENT_ACKNOWLEDGE: this and all that the session delivered before; INDIVIDUAL_ACKNOWLEDGE: this one. */
  acknowledge(): Promise<void> {
    return this.#acknowledge(this)
  }
}

type BodyKind = 'ActiveMQMessage' | 'ActiveMQTextMessage' | 'ActiveMQBytesMessage' | 'ActiveMQMapMessage'

function outgoingOf(given: Sendable): OutgoingMessage {
  if (typeof given === 'string' || isBytes(given) || isMap(given)) return { body: given }
  if (!isPlainObject(given))
    throw refused('send', '', given, 'a text, bytes, a map, or an object with body, properties and so on', formatError)
  checkFields('send', given, outgoingFields, formatError)
  return given
}

function encodeBody(body: MessageBody): { kind: BodyKind; content: Buffer | null } {
  if (body === null) return { kind: 'ActiveMQMessage', content: null }
  if (typeof body === 'string') return { kind: 'ActiveMQTextMessage', content: encodeTextBody(body) }
  if (isBytes(body)) return { kind: 'ActiveMQBytesMessage', content: bufferOf(body) }
  if (!isMap(body) && !isPlainObject(body))
    throw refused(
      'send',
      'body',
      body,
      'a text, bytes, a map, a plain object (both as map message) or null',
      formatError,
    )
  return { kind: 'ActiveMQMapMessage', content: encodePrimitiveMap(typedMap('map entry', body)) }
}

const formatError = 'javax.jms.MessageFormatException'

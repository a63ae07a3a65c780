// Messages as users write and read them ⇄ the commands that carry them (spec openwire.md section 7). Text, bytes and map
// bodies; Java objects and streams are handed out as bytes.
import { FlotillaError } from '../base/errors.ts'
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
import { destinationOf, structureOf } from '../openwire/destination-structure.ts'
import { toDestination } from './destination-text.ts'
import { messageIdText } from '../openwire/id-text.ts'

/**
 * A value of a property or map body. Numbers become int, long or double by what fits; `{type, value}` says it exactly,
 * for example `{type: 'short', value: 3}`.
 */
export type MessageValue = string | number | bigint | boolean | null | Buffer | PrimitiveValue

export type MessageBody = string | Buffer | ReadonlyMap<string, MessageValue> | null

export interface OutgoingMessage {
  /** A text gives a text message, a buffer a bytes message, a map a map message, null a message without body. */
  readonly body?: MessageBody
  readonly properties?: Readonly<Record<string, MessageValue>>
  readonly correlationId?: string
  readonly replyTo?: DestinationLike
  /** JMSType. */
  readonly type?: string
  readonly groupId?: string
  readonly groupSequence?: number
}

export interface SendHeader {
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

export function buildMessageCommand(message: OutgoingMessage, header: SendHeader): MessageCommand {
  const { kind, content } = encodeBody(message.body ?? null)
  const properties = Object.entries(message.properties ?? {})
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
    replyTo: message.replyTo === undefined ? null : structureOf(toDestination(message.replyTo)),
    timestamp: header.timestamp,
    type: message.type ?? null,
    content: compressed ? deflateBody(kind, content) : content,
    marshalledProperties: properties.length === 0 ? null : encodePrimitiveMap(typedMap(properties)),
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

function encodeBody(body: MessageBody): { kind: BodyKind; content: Buffer | null } {
  if (body === null) return { kind: 'ActiveMQMessage', content: null }
  if (typeof body === 'string') return { kind: 'ActiveMQTextMessage', content: encodeTextBody(body) }
  if (Buffer.isBuffer(body)) return { kind: 'ActiveMQBytesMessage', content: body }
  return { kind: 'ActiveMQMapMessage', content: encodePrimitiveMap(typedMap([...body])) }
}

const typedMap = (entries: readonly (readonly [string, MessageValue])[]): PrimitiveMap =>
  new Map(entries.map(([name, value]) => [name, typedValue(name, value)]))

function typedValue(name: string, value: MessageValue): PrimitiveValue {
  if (value === null) return { type: 'null', value }
  if (typeof value === 'string') return { type: 'string', value }
  if (typeof value === 'boolean') return { type: 'boolean', value }
  if (typeof value === 'bigint') return { type: 'long', value }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return { type: 'double', value }
    return { type: value === (value | 0) ? 'int' : 'long', value }
  }
  if (Buffer.isBuffer(value)) return { type: 'bytes', value }
  if ('type' in value) return value
  throw new FlotillaError(
    'MESSAGE_VALUE',
    `Cannot send property ${name}: accepted are texts, numbers, booleans, bytes, null and typed values`,
  )
}

// A message as the broker holds it: the bytes of its stored form, the few fields that the broker always needs, and the others,
// which are read from the bytes when somebody asks for them.
//
// Stored form: OpenWire version 12, loose, no cache, without size prefix: the type byte (23..29), then the fields
// (message-fields.ts). It is what the store keeps, and the tail of a loose MessageDispatch. From loose frames of versions 10 to
// 12 without cache a message is taken as it is and sent as it is. In the tight encoding its fields are rewritten on the way in
// and on the way out; for older versions and with the cache it is decoded and encoded again (wire/openwire/stored-form.ts).
// Messages of other protocols and of the broker's own are made by build-message.ts.
//
// Nothing here knows frames, connections or destinations' state.
import type { PrimitiveMap } from '../marshal/primitive-map.ts'
import type { Destination } from './destination.ts'

/** Identifies a message across the whole network of brokers. */
export interface MessageIdentity {
  /** `<connectionId>:<sessionId>:<value>` */
  readonly producerId: string
  readonly producerSequenceId: number
}

/** The text `<producerId>:<producerSequenceId>`; made where somebody reads it. */
export type MessageIdText = string

export const messageIdText = ({ producerId, producerSequenceId }: MessageIdentity): MessageIdText =>
  `${producerId}:${producerSequenceId}`

export type BodyKind = 'none' | 'bytes' | 'map' | 'object' | 'stream' | 'text' | 'blob'

export interface Message extends MessageIdentity {
  /** The stored form. Owned by the message: never a view into a socket's buffer. */
  readonly bytes: Buffer
  readonly destination: Destination
  /** The connection whose producer sent it, perhaps one of another broker; '' when nobody can say. */
  readonly connectionId: string
  readonly messageId: MessageIdText
  readonly persistent: boolean
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiration: number
  /** 0..9; out-of-range values are clamped. */
  readonly priority: number
  /** True when it belongs to a group of messages (JMSXGroupID). */
  readonly grouped: boolean
  /** JMSXGroupID; made of the bytes where somebody reads it. */
  readonly groupId: string | null
  /** JMSXGroupSeq; 1 begins the group anew, less than 0 closes it. */
  readonly groupSequence: number
  /** True when it asks to be delivered later, or again and again: properties AMQ_SCHEDULED_…. */
  readonly scheduled: boolean
  /** True when it came over a bridge. */
  readonly hasBrokerPath: boolean
  /** The ids of the brokers that it has passed before this one, the last one last; made of the bytes where somebody reads it. */
  readonly brokerPath: readonly string[]
  /** For accounting: 1024 + length of the marshalled properties + length of the content (ActiveMQ: Message.getSize). */
  readonly size: number
  /** Where the broker's sequence stands in `bytes`, for those who send a copy with another one. */
  readonly brokerSequenceAt: number

  // From here on each costs a walk over the fields, once.

  /** JMSMessageID: the text that a foreign client gave the message, or the id's own. */
  readonly jmsMessageId: string
  /** Where it was sent to, if it was put elsewhere since: composites, dead letters. */
  readonly originalDestination: Destination | null
  readonly correlationId: string | null
  readonly replyTo: Destination | null
  /** JMSType. */
  readonly type: string | null
  /** When it was sent, as its sender says; milliseconds since the epoch, 0 = not said. */
  readonly timestamp: number
  /** JMSXUserID. */
  readonly userId: string | null
  /** What its sender or another broker counted; the queue here counts by itself. */
  readonly redeliveryCounter: number
  /** The transaction that it was sent in: `TX:…` or `XID:[…]`. */
  readonly transactionId: string | null
  /** The one that it was sent in before it was put elsewhere. */
  readonly originalTransactionId: string | null
  /** JMSXGroupFirstForConsumer, as its sender or another broker said. */
  readonly groupFirstForConsumer: boolean
  /** When the broker got it; milliseconds since the epoch. */
  readonly brokerInTime: number
  /** When another broker sent it on. */
  readonly brokerOutTime: number
  /** From when on the broker may deliver it, where it has put that off; else 0, or in the past. */
  readonly arrival: number
  readonly bodyKind: BodyKind
  /** The body as it travels: a view, possibly compressed. */
  readonly content: Buffer | null
  /** True when `content` has to be inflated first. */
  readonly compressed: boolean
  /** A primitive map, as a view; null = no properties. */
  readonly marshalledProperties: Buffer | null
  /** Where in `bytes` the value of a property stands, at its type code, by its encoded name; -1 when there is none. */
  findProperty(name: Uint8Array): number
  /** The properties as typed values. @throws {FormatError}: only their length was checked before. */
  decodeProperties(): PrimitiveMap
  /** A message of its own with other values; this one stays as it is. @throws {FormatError} for malformed properties. */
  withChanges(changes: MessageChanges): Message
}

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
  readonly timestamp?: number
  readonly arrival?: number
  readonly groupFirstForConsumer?: boolean
  /** Added to the properties that are there, replacing those of the same name. */
  readonly properties?: PrimitiveMap
}

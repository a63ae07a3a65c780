// A message as the broker holds it: the bytes of its stored form, and a view of the few fields that the broker needs.
//
// Stored form: OpenWire version 12, loose, no cache, without size prefix: the type byte (23..29), then the fields
// (spec openwire.md section 6). It is at once the form on disk and the tail of a loose MessageDispatch, so that a
// message is taken from one socket and written to another without being taken apart.
//
// Versions 10 and 11 have the same layout. Nothing here knows frames, connections or destinations' state.
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
  /** For accounting: 1024 + length of the marshalled properties + length of the content (spec openwire.md section 7). */
  readonly size: number
}

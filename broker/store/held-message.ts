// Messages as stores have them: in the stored form of message.ts, under a sequence, kept for somebody.

/** Position of a message in the store: grows with every message, never used twice. Also its brokerSequenceId. */
export type Sequence = number

export interface QueueHolder {
  readonly kind: 'queue'
  readonly name: string
}

/**
 * What a message is kept for, and removed from. So far a queue; a durable subscription will be another kind, by client id and
 * name, and so will the schedule that has a message until it is due. A topic message that no durable subscription holds is
 * never stored.
 */
export type MessageHolder = QueueHolder

/** Whoever uses it often keeps it: it is compared by what it says, not by identity. */
export const queueHolder = (name: string): QueueHolder => ({ kind: 'queue', name })

export interface AddedMessage {
  readonly holder: MessageHolder
  /** The stored form of message.ts. */
  readonly bytes: Buffer
  /** Producer of the message id and its sequence: for duplicate detection after failover. */
  readonly producerId: string
  readonly producerSequenceId: number
}

/** A message that was read back. */
export interface FoundMessage {
  readonly sequence: Sequence
  /** The stored form of message.ts. */
  readonly bytes: Buffer
}

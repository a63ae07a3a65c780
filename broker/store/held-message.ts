// Messages as stores have them: in the stored form of message.ts, under a sequence, kept for somebody.

/** Position of a message in the store: grows with every message, never used twice. Also its brokerSequenceId. */
export type Sequence = number

export interface QueueHolder {
  readonly kind: 'queue'
  readonly name: string
  /** Of the same queue, and with it one when room is shared out: priority-holder.ts. */
  readonly others?: readonly QueueHolder[]
}

/** A topic whose messages are kept for its durable subscriptions: once, however many there are. */
export interface TopicHolder {
  readonly kind: 'topic'
  readonly name: string
  /** As those of a queue. */
  readonly others?: readonly TopicHolder[]
}

/** A durable subscription: it has the messages of its topic that it has not acknowledged. Made by `subscriptionHolder`. */
export interface SubscriptionHolder {
  readonly kind: 'subscription'
  /** The concrete topic; a client's subscription to several topics is one of these for each. */
  readonly topic: string
  readonly clientId: string
  readonly name: string
  /** All of it in one text: subscriptions are compared by this. */
  readonly key: string
}

/**
 * What a message is added for. A topic without subscriptions keeps nothing. (The schedule that has a message until it is due
 * will be another kind.)
 */
export type MessageHolder = QueueHolder | TopicHolder

/** Who reads messages, and removes them. */
export type MessageOwner = QueueHolder | SubscriptionHolder

/** Whoever uses one of these often keeps it: it is compared by what it says, not by identity. */
export const queueHolder = (name: string): QueueHolder => ({ kind: 'queue', name })

export const topicHolder = (name: string): TopicHolder => ({ kind: 'topic', name })

export const subscriptionHolder = (topic: string, clientId: string, name: string): SubscriptionHolder => ({
  kind: 'subscription',
  topic,
  clientId,
  name,
  key: `${clientId.length}:${clientId}${name.length}:${name}${topic}`,
})

/** What a subscription asked for: kept, so that a new active knows it. The store itself decides nothing by it. */
export interface SubscriptionTerms {
  readonly selector: string | null
  readonly noLocal: boolean
  /** A broker made it that does not store noLocal (ActiveMQ with a database): it is what its next consumer says, and nobody subscribes anew by it. */
  readonly noLocalUnknown?: boolean
}

export interface AddedMessage {
  readonly holder: MessageHolder
  /** The stored form of message.ts. */
  readonly bytes: Buffer
  /** Producer of the message id and its sequence: for duplicate detection after failover. */
  readonly producerId: string
  readonly producerSequenceId: number
  /** Milliseconds since the epoch; 0 or left out: never. For those who look into a store from outside. */
  readonly expiration?: number
  /**
   * Of one that came over another broker's bridge: the producer of its message id, which `producerSequenceId` belongs to, too. The next
   * active is told of it (RecoveredState), also when it has been removed; not when it has left over a bridge.
   */
  readonly arrival?: string
  /** For a topic: its subscriptions that do not want this one. */
  readonly notFor?: readonly SubscriptionHolder[]
}

/** A message that was read back. */
export interface FoundMessage {
  readonly sequence: Sequence
  /** The stored form of message.ts. */
  readonly bytes: Buffer
}

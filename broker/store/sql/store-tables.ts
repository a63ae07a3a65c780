// What the SQL store asks of its tables, in rows. Implemented for PostgreSQL and for MySQL/MariaDB, whose statements differ; whoever
// calls knows neither.
//
// A batch is one transaction in one round trip: the server carries it out alone, so that a member that is paused in the middle keeps
// nobody waiting. Its first statement proves the term (and, under a lease, the name in the lock table) and holds the row until the commit; when that
// fails, nothing of the batch is there and it rejects with a SqlError of the kind Fenced.
import type { Sequence } from '../held-message.ts'

/** Where ActiveMQ keeps what a holder of ours has: `queue://X`, `topic://X`, and the priority, which is 0 unless the destination goes by priority. */
export interface Container {
  readonly container: string
  readonly priority: number
}

export interface MessageRow extends Container {
  readonly id: Sequence
  /** Of the message id; at most 250 characters. */
  readonly producerId: string
  readonly producerSequenceId: number
  /** Milliseconds since the epoch; 0 = never. */
  readonly expiration: number
  /** The blob of ActiveMQ: one message of OpenWire version 11, loose, without cache, behind its size in 4 bytes. */
  readonly blob: Buffer
}

export interface SubscriptionKey extends Container {
  readonly clientId: string
  readonly name: string
}

/** How far one has come: everything up to `lastAckedId`, and the ranges in `acked` (acked-ranges.ts); null = none. */
export interface ProgressRow extends SubscriptionKey {
  readonly lastAckedId: Sequence
  readonly acked: Buffer | null
}

/**
 * One to several topics is known by a row of its own, the marker (containers.ts), which is in no table of ActiveMQ's. What other
 * brokers have stored has one, too, when it is loaded.
 */
export interface SubscriptionRow extends ProgressRow {
  /** The topic; for one to several that of its marker, so that ActiveMQ knows to what its client subscribed. */
  readonly subscribedDestination: string
  readonly selector: string | null
  /** null: ActiveMQ made it, whose table does not say it. */
  readonly noLocal: boolean | null
}

export interface ProducerRow {
  readonly producerId: string
  readonly producerSequenceId: number
  /** Of its last message: those that were quiet longest are forgotten. */
  readonly id: Sequence
}

export interface ArrivalRow extends Container {
  readonly id: Sequence
  readonly producerId: string
  readonly producerSequenceId: number
}

/** No row is in two lists, and none twice in one: what came later took the place of what came before. Applied in any order. */
export interface WriteBatch {
  /** The largest sequence ever used. */
  readonly lastId: Sequence
  readonly addedMessages: readonly MessageRow[]
  readonly updatedMessages: readonly { readonly id: Sequence; readonly blob: Buffer }[]
  readonly removedMessages: readonly Sequence[]
  readonly addedQueues: readonly Container[]
  readonly removedQueues: readonly Container[]
  /** As they are when the batch is written: `progress` has none of these. */
  readonly addedSubscriptions: readonly SubscriptionRow[]
  readonly removedSubscriptions: readonly SubscriptionKey[]
  readonly progress: readonly ProgressRow[]
  readonly producers: readonly ProducerRow[]
  readonly forgottenProducers: readonly string[]
  readonly addedArrivals: readonly ArrivalRow[]
  readonly removedArrivals: readonly Sequence[]
}

/** A message that is there, without its blob. */
export interface FoundMessageRow extends Container {
  readonly id: Sequence
  /** Of its blob. */
  readonly bytes: number
}

export interface LoadedTables {
  /** As the state's row says; smaller than what is in the other tables when another broker has written since. */
  readonly lastId: Sequence
  /** The largest ID and LAST_ACKED_ID that there is. */
  readonly largestId: Sequence
  readonly queues: readonly Container[]
  readonly subscriptions: readonly SubscriptionRow[]
  readonly producers: readonly ProducerRow[]
  /** The newest last. */
  readonly arrivals: readonly ArrivalRow[]
  /** Of prepared XA transactions: left alone, and told of. */
  readonly preparedMessages: number
  readonly preparedAcknowledgements: number
}

export interface WriterProof {
  readonly term: number
  /** BROKER_NAME in the lock table, which a write has to find there; undefined where the lock is not a lease. */
  readonly leaseHolder: string | undefined
}

export interface StoreTables {
  /** Everything but messages. Rejects as `write` does when the proof does not hold. */
  load(proof: WriterProof): Promise<LoadedTables>
  /**
   * All messages that belong to no prepared transaction, ascending by id, in pages; `visit` is called with each page. Of another
   * broker's messages it also tells the producers (`load` knows ours).
   */
  scan(visit: (rows: readonly FoundMessageRow[]) => void): Promise<void>
  /** Of all messages that are there, the largest sequence of each of those producers that sent last; the newest last. */
  producersOfMessages(limit: number): Promise<readonly ProducerRow[]>
  write(batch: WriteBatch, proof: WriterProof): Promise<void>
  /** Those of these messages that are there, in any order. */
  read(ids: readonly Sequence[]): Promise<readonly { readonly id: Sequence; readonly blob: Buffer }[]>
  /** Largest blob, in bytes, that a row takes; known after `load`. */
  readonly largestBlob: number
  /**
   * Bytes of blobs and 500 for each row, up to which a batch is one round trip; known after `load`. A larger one is still one
   * transaction, but of several.
   */
  readonly largestBatch: number
}

// What the broker needs of storage, in messages. Memory, journal, SQL and replicated stores implement it and share one
// contract suite (test/contract/message-store.ts).
//
// Writes are synchronous calls that only queue work; `whenDurable` says when they are as durable as the store promises.
// Everything queued before one sync shares it (group commit), and callbacks run in call order. After a failed write the
// store is dead: no callback runs any more, `failed` resolves, and the broker steps down without answering anybody.
//
// Queues only: a topic message without durable subscriptions is never stored.

/** Position of a message in the store: grows with every message, never used twice. Also its brokerSequenceId. */
export type Sequence = number

/** Text of a transaction id, unique among the open ones: `TX:<connectionId>:<n>`. */
export type StoreTransactionId = string

export interface StoredMessage {
  readonly sequence: Sequence
  /** The stored form of message.ts. */
  readonly bytes: Buffer
}

export interface AddedMessage {
  readonly queue: string
  readonly bytes: Buffer
  /** Producer of the message id and its sequence: for duplicate detection after failover. */
  readonly producerId: string
  readonly producerSequenceId: number
}

export interface RecoveredQueue {
  readonly name: string
  readonly messageCount: number
  /** Sum of the stored forms, in bytes. */
  readonly messageBytes: number
}

export interface RecoveredState {
  readonly queues: readonly RecoveredQueue[]
  /** The largest sequence ever used; 0 for an empty store. */
  readonly lastSequence: Sequence
}

export interface StoreStatistics {
  readonly messages: number
  readonly bytesUsed: number
  /** Bytes of new messages that there is room for. */
  readonly roomBytes: number
  readonly syncs: number
  readonly recordsWritten: number
  /** Recovery or tail replay of the last open, in milliseconds. */
  readonly recoveryMs: number
}

export interface MessageStore {
  /**
   * Standby: keep what is needed in memory current while somebody else writes. Returns at once; stops with `open` or
   * `close`. A store for which that means nothing does nothing.
   */
  follow(): void

  /** Becomes the writer of `term`. Fences every smaller term, cuts a torn tail, drops unfinished transactions. */
  open(term: number): Promise<RecoveredState>

  /** Makes an empty queue known; idempotent. */
  addQueue(name: string): void
  /** Forgets a queue and all its messages; idempotent. */
  removeQueue(name: string): void

  /** Adds a message outside a transaction under a sequence larger than every earlier one. */
  add(message: AddedMessage, sequence: Sequence): void
  /**
   * As `add`, for a message that a consumer was given already. `settled` is called when it is durable; or when it was
   * removed before its write began: then it is never written. Not in the order of `whenDurable`.
   */
  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void
  /**
   * Removes a message outside a transaction; unknown sequences are ignored. `awaited` (true): somebody will be told, by
   * `whenDurable`, that it is gone for good; else it may come back after a crash.
   */
  remove(queue: string, sequence: Sequence, awaited?: boolean): void

  /** Records a message that becomes visible when `transaction` commits. */
  addInTransaction(transaction: StoreTransactionId, message: AddedMessage): void
  removeInTransaction(transaction: StoreTransactionId, queue: string, sequence: Sequence): void
  /** Atomic. The transaction's adds get `firstSequence`, `firstSequence + 1`, … in the order of their calls. */
  commit(transaction: StoreTransactionId, firstSequence: Sequence): void
  rollback(transaction: StoreTransactionId): void

  /**
   * Whether a new message of so many bytes may be added. Only asked about what clients send: what gives space back, and dead
   * letters, may always be written.
   */
  hasRoom(bytes: number): boolean
  /** `callback` is called whenever there may be more room than when `hasRoom` last said no. */
  whenRoom(callback: () => void): void

  /** Calls back once everything written by earlier calls is durable and this member still owns the store. */
  whenDurable(callback: () => void): void

  /**
   * Up to `maxMessages` and about `maxBytes` (at least one message) of `queue` with sequences in (after, upTo], ascending.
   * Only durable messages that were not removed. A record that fails its checksum is skipped and reported by the store.
   */
  read(
    queue: string,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly StoredMessage[]>

  /** The largest producerSequenceId committed for a producer; undefined when not known (any more). */
  lastProducerSequence(producerId: string): number | undefined

  statistics(): StoreStatistics

  /** Resolves with the reason when the store can no longer write; never rejects. */
  readonly failed: Promise<Error>

  /** Writes out and syncs what is queued, then closes. */
  close(): Promise<void>
}

// What the broker needs of storage, in messages. The memory store and the journal store implement it, and every store that
// is to be one passes test/contract/message-store.ts. The port is put together from one interface for each concern, so that
// who uses a store can say which part of it.
//
// Writes are synchronous calls that only queue work; `whenDurable` says when they are as durable as the store promises.
// Everything queued before one sync shares it (group commit), and callbacks run in call order. After a failed write the
// store is dead: no callback runs any more, `failed` resolves, and the broker steps down without answering anybody.
import type {
  AddedMessage,
  FoundMessage,
  MessageHolder,
  MessageOwner,
  QueueHolder,
  Sequence,
  SubscriptionHolder,
  SubscriptionTerms,
  TopicHolder,
} from './held-message.ts'
import type { StoreTransaction } from './store-transaction.ts'

export type { AddedMessage, FoundMessage, MessageHolder, MessageOwner, Sequence } from './held-message.ts'

/** Who writes, and what proves it: the handle of the lock that elected this member. */
export interface StoreOwner {
  readonly term: number
  /** Where the lock is a lease in a database: the name in its row, which every write of that database has to find there. */
  readonly leaseHolder?: string | undefined
  /** Throws, or rejects where the proof has to wait, when this member no longer owns the store. */
  verify(): void | Promise<void>
}

export interface RecoveredQueue {
  readonly name: string
  readonly messageCount: number
  /** Sum of the stored forms, in bytes. */
  readonly messageBytes: number
}

/** What a subscription has not acknowledged. */
export interface SubscriptionBacklog {
  readonly messageCount: number
  /** Sum of the stored forms, in bytes. */
  readonly messageBytes: number
}

export interface RecoveredSubscription extends SubscriptionTerms, SubscriptionBacklog {
  readonly topic: string
  readonly clientId: string
  readonly name: string
}

/** A message that came over another broker's bridge, which may send it again. */
export interface RecoveredArrival {
  /** What it was added for. */
  readonly holder: MessageHolder
  readonly sequence: Sequence
  /** Of its message id. */
  readonly producerId: string
  readonly producerSequenceId: number
}

/**
 * All that a new active begins with, a list for each kind of thing. Prepared transactions and schedules will have theirs
 * beside the queues.
 */
export interface RecoveredState {
  readonly queues: readonly RecoveredQueue[]
  readonly subscriptions: readonly RecoveredSubscription[]
  /**
   * The oldest first: the last `storeLimits.arrivals` of those that are there, or were removed but not because they have left over a
   * bridge. Some of them may be missing: a repetition is then taken for another message. None may be here that has left.
   */
  readonly arrivals: readonly RecoveredArrival[]
  /** The largest sequence ever used; 0 for an empty store. */
  readonly lastSequence: Sequence
}

/** How far a standby is behind what the active has written, as far as it knows. */
export interface StoreLag {
  readonly bytes: number
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

export interface StoreLifecycle {
  /**
   * Standby: keep what is needed in memory current while somebody else writes. Returns at once; stops with `open` or
   * `close`. A store for which that means nothing does nothing.
   */
  follow(): void
  /** What is left to follow; undefined while nothing is known of it, and for who does not follow. */
  lag(): StoreLag | undefined
  /**
   * Becomes the writer of the owner's term. Fences every smaller term, cuts a torn tail, drops unfinished transactions, and
   * reads whatever is to be answered from memory afterwards: `lastProducerSequence` is.
   */
  open(owner: StoreOwner): Promise<RecoveredState>
  /** Resolves with the reason when the store can no longer write; never rejects. */
  readonly failed: Promise<Error>
  /** Writes out and syncs what is queued, then closes. */
  close(): Promise<void>
}

export interface StoreHolders {
  /** The name of a destination as the store takes it, for what the broker names itself; left out: as it is. */
  readonly storableName?: (name: string) => string
  /** Makes a queue without messages known; idempotent. */
  addHolder(holder: QueueHolder): void
  /** Forgets a queue and all its messages; idempotent. */
  removeHolder(holder: QueueHolder): void
}

/**
 * Durable subscriptions. A message that is added for a topic is there for those subscriptions of the topic that are known
 * then and that it does not leave out (`notFor`); it is gone when the last of them has removed it, or is removed itself.
 */
export interface StoreSubscriptions {
  /** Makes a subscription known: it gets what is added from now on. Idempotent; the terms of a known one do not change. */
  addSubscription(holder: SubscriptionHolder, terms: SubscriptionTerms): void
  /** Forgets a subscription and what it had; idempotent. */
  removeSubscription(holder: SubscriptionHolder): void
  /** Nothing for an unknown one. */
  backlog(holder: SubscriptionHolder): SubscriptionBacklog
  /** Whether a message is one that it has and has not acknowledged; what an open transaction acknowledged it still has. */
  holds(holder: SubscriptionHolder, sequence: Sequence): boolean
}

export interface StoreMessages {
  /**
   * The largest message that a client may send; left out: any that a frame can bring. What the broker makes of one, a dead letter,
   * may be somewhat larger.
   */
  readonly largestMessageBytes?: number
  /** Adds a message outside a transaction under a sequence larger than every earlier one. */
  add(message: AddedMessage, sequence: Sequence): void
  /**
   * As `add`, for a message of a queue that a consumer was given already. `settled` is called when it is durable; or when it was
   * removed before its write began: then it is never written. Not in the order of `whenDurable`.
   */
  addDispatched(message: AddedMessage, sequence: Sequence, settled: () => void): void
  /**
   * Puts other bytes in place of those of a message of a queue, outside a transaction; unknown sequences are ignored. Of a crash
   * before it is durable one of both is left. What is told of the producer is not remembered.
   */
  update(message: AddedMessage, sequence: Sequence): void
  /**
   * Removes a message outside a transaction, for a subscription: acknowledged by this one; unknown sequences are ignored. `awaited` (true): somebody will be told, by
   * `whenDurable`, that it is gone for good; else it may come back after a crash. `left` (false): it went to another broker over a
   * bridge, and is no arrival any more.
   */
  remove(owner: MessageOwner, sequence: Sequence, awaited?: boolean, left?: boolean): void
}

export interface StoreTransactions {
  /** `Brief`: ends within the call that begins it, so that it is no open one, for which there is a limit. */
  begin(kind?: 'Brief'): StoreTransaction
}

export interface StoreRoom {
  /**
   * Whether a new message of so many bytes may be added for this holder. Room is shared (base/fair-share.ts): one holder
   * alone never takes the last of it, and who holds nothing finds room as long as any is left; messages of a topic count once,
   * for the topic. Only asked about what clients
   * send: what gives space back, and dead letters, may always be written.
   */
  hasRoom(holder: MessageHolder, bytes: number): boolean
  /**
   * `callback` is called whenever a holder that `hasRoom` said no to may have room: because there is more for all, or because
   * messages of its own are gone. Not from within a call, and not for others than were refused since it was last called.
   */
  whenRoom(callback: () => void): void
}

export interface StoreDurability {
  /** Calls back once everything written by earlier calls is durable and this member still owns the store. */
  whenDurable(callback: () => void): void
  /**
   * Only of stores that forget everything with the process: calls back when the message of a queue that has this sequence is not in
   * the store any more, later in any case. Another broker that still has it keeps it until then.
   */
  whenGone?(owner: MessageOwner, sequence: Sequence, callback: () => void): void
  /** Messages for whose end somebody waits by `whenGone`. */
  awaitedEnds?(): ReadonlySet<Sequence>
}

export interface StoreReading {
  /**
   * Up to `maxMessages` and about `maxBytes` (at least one message) of `owner` with sequences in (after, upTo], ascending; of a
   * topic those that any of its subscriptions has, each once. Only durable messages that were not removed. A record that fails its checksum is skipped and reported by the store.
   */
  read(
    owner: MessageOwner | TopicHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]>
  /**
   * The largest producerSequenceId committed for a producer; undefined when not known (any more). Known of those that were
   * active last (producer-table.ts), so that no store has to look for it when a message arrives.
   */
  lastProducerSequence(producerId: string): number | undefined
}

export interface MessageStore
  extends
    StoreLifecycle,
    StoreHolders,
    StoreSubscriptions,
    StoreMessages,
    StoreTransactions,
    StoreRoom,
    StoreDurability,
    StoreReading {
  statistics(): StoreStatistics
}

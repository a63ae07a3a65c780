// A local transaction: what was sent and acknowledged in it, until its end.
//
//   open ── commit ──► committing (written, not yet durable) ──► ended
//     └──── rollback ──────────────────────────────────────────► ended
//
// Persistent messages and removals go to the store's transaction at once; here is only what must happen in memory at the
// end. It changes no destination itself: region/transactions.ts does.
import { RefusalError } from '../base/errors.ts'
import type { Entry } from '../destination/entry.ts'
import type { MemoryUsage } from '../destination/memory-usage.ts'
import { Queue } from '../destination/queue/queue.ts'
import type { Subscription } from '../destination/subscription/subscription.ts'
import type { Topic } from '../destination/topic/topic.ts'
import type { Message } from '../message/message.ts'
import type { StoreTransactions } from '../store/message-store.ts'
import type { StoreTransaction } from '../store/store-transaction.ts'
import { transactionLimits } from './limits.ts'

/** A send that becomes visible at commit. */
export type TransactedSend =
  /** In the store; `message` is null when its body was not kept. */
  | { readonly kind: 'stored'; readonly queue: Queue; readonly message: Message | null; readonly priority: number }
  | StoredForTopic
  | VolatileSend

/** In the store, for durable subscriptions; others need the body. */
export interface StoredForTopic {
  readonly kind: 'storedForTopic'
  readonly topic: Topic
  readonly message: Message
  /** The topic's `subscribed` when it was sent: those that began later were not asked whether they want it. */
  readonly subscribed: number
}

/** In memory only, to a queue or a topic. */
export interface VolatileSend {
  readonly kind: 'volatile'
  readonly target: Queue | Topic
  readonly message: Message
}

export interface TransactedAcknowledgement {
  readonly subscription: Subscription
  readonly entry: Entry
}

/** How many sends and acknowledgements the open transactions of one connection have. */
export interface OpenMessages {
  count: number
}

export class LocalTransaction {
  readonly id: string
  readonly sends: TransactedSend[] = []
  readonly acknowledgements: TransactedAcknowledgement[] = []
  /** A message had expired when it was sent: its dead letter is in the store already, and the commit waits for it. */
  sentExpired = false
  /** Messages added to the store's transaction: as many sequences are taken at commit. */
  storedSends = 0
  volatileSends = 0
  readonly #memory: MemoryUsage
  readonly #ofConnection: OpenMessages
  #stored: StoreTransaction | null = null
  #counted = 0
  #memoryBytes = 0
  #rollbackCause: RefusalError | null = null

  constructor(id: string, memory: MemoryUsage, ofConnection: OpenMessages) {
    this.id = id
    this.#ofConnection = ofConnection
    this.#memory = memory
  }

  /** Its part in the store; null while nothing persistent was sent or acknowledged in it. */
  get stored(): StoreTransaction | null {
    return this.#stored
  }

  /** As `stored`, begun if need be. */
  inStore(store: StoreTransactions): StoreTransaction {
    return (this.#stored ??= store.begin())
  }

  /** Memory that its messages hold. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** Why it can only be rolled back, or null. */
  get rollbackCause(): RefusalError | null {
    return this.#rollbackCause
  }

  /** Nothing was sent or acknowledged in it, as far as this broker knows. */
  get isEmpty(): boolean {
    return this.sends.length === 0 && this.acknowledgements.length === 0 && !this.sentExpired
  }

  markRollbackOnly(cause: RefusalError): void {
    this.#rollbackCause ??= cause
  }

  /** Throws ResourceAllocationException when `count` more messages are too many. */
  checkRoom(count: number): void {
    const { maximumMessagesPerTransaction, maximumTransactedMessagesPerConnection } = transactionLimits
    if (this.#ofConnection.count + count > maximumTransactedMessagesPerConnection)
      throw new RefusalError(
        'RESOURCE_LIMIT',
        `Cannot add to transaction ${this.id}: the open transactions of its connection have ${this.#ofConnection.count} ` +
          `sends and acknowledgements (limit maximumTransactedMessagesPerConnection ` +
          `${maximumTransactedMessagesPerConnection}); commit more often`,
        { fields: { limit: 'maximumTransactedMessagesPerConnection' } },
      )
    if (this.sends.length + this.acknowledgements.length + count <= maximumMessagesPerTransaction) return
    throw new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot add to transaction ${this.id}: it has ${this.sends.length} sends and ${this.acknowledgements.length} ` +
        `acknowledgements (limit maximumMessagesPerTransaction ${maximumMessagesPerTransaction}); commit more often`,
      { fields: { limit: 'maximumMessagesPerTransaction' } },
    )
  }

  /** Keeps the body only if asked to, and only some. */
  addStored(queue: Queue, message: Message, keepBody: boolean): void {
    this.storedSends++
    this.#count()
    queue.openTransactions++
    const kept = keepBody && this.#memoryBytes + message.size <= transactionLimits.maximumBodyBytesKept
    if (kept) this.#take(message.size)
    this.sends.push({ kind: 'stored', queue, message: kept ? message : null, priority: message.priority })
  }

  /** Its body is kept. Throws ResourceAllocationException when memory does not allow it. */
  addStoredForTopic(topic: Topic, message: Message): void {
    this.#takeBody(message)
    this.storedSends++
    this.#count()
    topic.openTransactions++
    this.sends.push({ kind: 'storedForTopic', topic, message, subscribed: topic.subscribed })
  }

  /** Throws ResourceAllocationException when memory does not allow it. */
  addVolatile(target: Queue | Topic, message: Message): void {
    this.#takeBody(message)
    this.volatileSends++
    this.#count()
    if (target instanceof Queue) target.openTransactions++
    this.sends.push({ kind: 'volatile', target, message })
  }

  /** False when this entry is acknowledged in a transaction already. */
  addAcknowledgement(subscription: Subscription, entry: Entry): boolean {
    if (entry.transaction) return false
    entry.transaction = this
    this.#count()
    this.acknowledgements.push({ subscription, entry })
    return true
  }

  /** It is not open any more: its messages do not count for its connection. */
  close(): void {
    this.#ofConnection.count -= this.#counted
    this.#counted = 0
  }

  /** Ends it: hands out what was sent, having given back its memory. The caller delivers or drops. */
  takeSends(): readonly TransactedSend[] {
    this.#memory.release(this.#memoryBytes)
    this.#memoryBytes = 0
    for (const send of this.sends)
      if (send.kind === 'stored') send.queue.openTransactions--
      else if (send.kind === 'storedForTopic') send.topic.openTransactions--
      else if (send.target instanceof Queue) send.target.openTransactions--
    return this.sends.splice(0)
  }

  #count(): void {
    this.#counted++
    this.#ofConnection.count++
  }

  #takeBody({ size }: Message): void {
    const { maximumMemoryShare, memoryCeilingShare } = transactionLimits
    const own = this.#memoryBytes + size
    if (own > this.#memory.limit * maximumMemoryShare) throw this.#noMemory('maximumMemoryShare', maximumMemoryShare)
    if (this.#memory.headroom(memoryCeilingShare) < size) throw this.#noMemory('memoryCeilingShare', memoryCeilingShare)
    this.#take(size)
  }

  #take(bytes: number): void {
    this.#memoryBytes += bytes
    this.#memory.add(bytes)
  }

  #noMemory(limit: string, share: number): RefusalError {
    return new RefusalError(
      'RESOURCE_LIMIT',
      `Cannot add a message that needs memory to transaction ${this.id}: it holds ${this.#memoryBytes} bytes, the broker ` +
        `${this.#memory.used} of ${this.#memory.limit} (limit ${limit} ${share}); commit more often`,
      { fields: { limit } },
    )
  }
}

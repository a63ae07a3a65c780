// Where messages wait that are not stored and find no room in memory (ActiveMQ's temp store): on disk, and nowhere else. They are
// not durable and never recovered: whatever an earlier process left is gone.
//
// Writes are synchronous calls that only queue work. After a failed write the store is dead: no callback runs any more, and
// `failed` resolves.
import type { QueueHolder } from './held-message.ts'
import type { AddedMessage, Sequence, StoreReading, StoreRoom } from './message-store.ts'

/** Until it is open there is room for nothing; then as StoreRoom says. */
export interface TempMessages extends StoreRoom, Pick<StoreReading, 'read'> {
  /**
   * Adds a message under a sequence larger than every earlier one, also where there is no room for it. Nothing of its producer
   * is kept.
   */
  add(message: AddedMessage, sequence: Sequence): void
  /** Calls back once everything added by earlier calls can be read, in call order. */
  whenWritten(callback: () => void): void
  /** Removes a message; unknown sequences are ignored. */
  remove(holder: QueueHolder, sequence: Sequence): void
  /** Forgets a holder and all its messages; idempotent. */
  removeHolder(holder: QueueHolder): void
}

export interface TempStoreStatistics {
  readonly messages: number
  readonly bytesUsed: number
  /** What was configured; the disk may have less. */
  readonly limitBytes: number
  /** Bytes of new messages that there is room for. */
  readonly roomBytes: number
}

export interface TempStore extends TempMessages {
  /** Empty it is, at once, however much there is to be removed. */
  open(): Promise<void>
  statistics(): TempStoreStatistics
  /** Resolves with the reason when it can no longer write; never rejects. */
  readonly failed: Promise<Error>
  /** Removes all there is. */
  close(): Promise<void>
}

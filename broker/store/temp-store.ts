// Where messages wait that are not stored and find no room in memory (ActiveMQ's temp store): on disk, and nowhere else. Nothing
// of it outlives the process: a new active begins with an empty one.
import type { AddedMessage, FoundMessage, MessageHolder, Sequence } from './held-message.ts'

export interface TempMessages {
  /** Under a sequence larger than every earlier one. It may be more than there is room for. */
  add(message: AddedMessage, sequence: Sequence): void
  /** Calls back once everything added by earlier calls can be read, in call order. */
  whenWritten(callback: () => void): void
  /** Unknown sequences are ignored. */
  remove(holder: MessageHolder, sequence: Sequence): void
  /** Forgets a holder and all its messages; idempotent. */
  removeHolder(holder: MessageHolder): void
  /** As StoreRoom.hasRoom. */
  hasRoom(holder: MessageHolder, bytes: number): boolean
  /** As StoreRoom.whenRoom. */
  whenRoom(callback: () => void): void
  /** As StoreReading.read: only messages that are written and were not removed. */
  read(
    holder: MessageHolder,
    after: Sequence,
    upTo: Sequence,
    maxMessages: number,
    maxBytes: number,
  ): Promise<readonly FoundMessage[]>
}

// A transaction of a store, in the hands of whoever began it: it has no name by which somebody else could find it.
//
//   begin ── add, remove ── commit ──► its messages are there, what it removed is gone: all of it or nothing
//                       └── rollback ─► nothing of it is left
//
// Nothing may be asked of a transaction that has ended. One that is open when the store closes, or its process dies, was
// rolled back. (A prepared one, for XA, will outlive both: `prepare` will stand here, with the xid by which the new active
// finds it in RecoveredState.)
import type { AddedMessage, MessageOwner, Sequence } from './held-message.ts'

export interface StoreTransaction {
  /** Records a message that becomes visible with the commit. What is for a topic without subscriptions is lost now. */
  add(message: AddedMessage): void
  /** Records a removal; unknown sequences are ignored. */
  remove(owner: MessageOwner, sequence: Sequence): void
  /** Its adds get `firstSequence`, `firstSequence + 1`, … in the order of their calls. */
  commit(firstSequence: Sequence): void
  rollback(): void
}

// What a member keeps its messages in, and what says that it may: the two go together, because a lock guards one store.
// The lock's holder is the store's owner: `store.open(await lock.acquire(signal))`.
import type { Lock } from '../lock/lock.ts'
import type { MessageStore } from '../store/message-store.ts'

export type StorageKind = 'Memory' | 'Journal'

/** Used once: followed, owned, closed. */
export interface Storage {
  readonly kind: StorageKind
  readonly lock: Lock
  readonly store: MessageStore
}

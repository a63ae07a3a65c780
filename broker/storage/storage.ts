// What a member keeps its messages in, and what says that it may: the two go together, because a lock guards one store.
// The lock's holder is the store's owner: `store.open(await lock.acquire(signal))`.
import type { Lock } from '../lock/lock.ts'
import type { ReplicationSnapshot } from '../management/contract.ts'
import type { MessageStore } from '../store/message-store.ts'
import type { TempStore } from '../store/temp-store.ts'

export type StorageKind = 'Memory' | 'Journal' | 'JDBC' | 'Replicated'

/** Used once: followed, owned, closed. */
export interface Storage {
  readonly kind: StorageKind
  readonly lock: Lock
  readonly store: MessageStore
  /** Where messages go that do not fit into memory and need not survive it; null: they have to wait. */
  readonly temp: TempStore | null
  /** Of a store that is copied between members. */
  readonly replication?: () => ReplicationSnapshot
}

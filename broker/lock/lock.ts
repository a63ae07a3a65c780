// Who may be active. A lock elects one member of a group and hands out a term that grows with every election; every
// write of the store carries the term, and a smaller one is refused.

import type { StorageRefusedError } from './storage-refused-error.ts'

export type LockKind = 'None' | 'File' | 'Lease' | 'Database' | 'ZooKeeper' | 'KubernetesLease'

export interface LockHandle {
  readonly term: number
  /** Of a lease in a database: the name that its row has. */
  readonly leaseHolder?: string | undefined
  /**
   * Proves that this member still holds the lock at the time of the call: throws LockLostError if not, or rejects with it
   * where the proof has to wait for somebody else. Cheap enough to be asked before every batch of acknowledgements.
   */
  verify(): void | Promise<void>
  /** Resolves with the reason when the lock was lost or can no longer be proven; never rejects. */
  readonly lost: Promise<Error>
  /** Lets go of it, also when it was lost; the store must be closed by then. */
  release(): Promise<void>
}

export interface LockHolder {
  /** Name that all members of its group have; not in what an earlier version wrote. */
  readonly brokerName?: string | undefined
  /** Name of the member, as given by its configuration. */
  readonly member: string
  readonly term: number
  /** Where its end can be waited for: a request that is answered by nothing else. */
  readonly watchUrl?: string | undefined
}

/** What keeps a member from having the lock, as far as its attempts have shown. */
export type LockObstacle =
  /** No attempt has come to an end. */
  | { readonly kind: 'Unknown' }
  /** Another member has it. */
  | { readonly kind: 'Held' }
  /** It cannot even be tried at this moment, whoever has it. */
  | { readonly kind: 'Trouble'; readonly reason: string }

export interface Lock {
  readonly kind: LockKind
  /** Why a member of this broker may not even wait for the lock, at this moment; undefined when it may. */
  refusal(): Promise<StorageRefusedError | undefined>
  /**
   * Waits, trying again every acquireInterval, until the lock is held or `signal` aborts (then rejects with its reason).
   *
   * Rejects with StorageRefusedError as soon as `refusal` would say so; it never has the lock of another broker's storage,
   * also not one that is free.
   */
  acquire(signal: AbortSignal): Promise<LockHandle>
  /** Of an `acquire` that waits. */
  readonly obstacle: LockObstacle
  /** Who holds or last held it, as far as that can be read without the lock. */
  holder(): Promise<LockHolder | undefined>
}

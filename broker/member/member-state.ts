// What a member is at this moment: written by those who run it (broker.ts, election.ts), read by those who tell of it
// (member-admin.ts). It decides nothing.
import type { LockHandle } from '../lock/lock.ts'
import type { BrokerRole } from '../management/contract.ts'
import type { TransportConnector } from '../net/transport-connector.ts'
import type { Drain } from '../network/drain/drain.ts'
import type { ActiveParts } from './active-parts.ts'

/** An active member, from the moment it takes clients. */
export interface Activity {
  readonly parts: ActiveParts
  readonly drain: Drain
  /** RFC 3339. */
  readonly since: string
  /** From the lock to recovered destinations. */
  readonly recoveryMs: number
}

export class MemberState {
  readonly #roleListeners = new Set<() => void>()
  readonly #bridgeListeners = new Set<() => void>()
  #role: BrokerRole = 'Starting'
  /** Why the storage is not this member's to wait for; a member that is refused stays Starting. */
  refusal: string | null = null
  /** The lock is held; also while the store is being opened for it. */
  handle: LockHandle | undefined
  /** In the order of the configuration; none before there is a region. */
  connectors: readonly TransportConnector[] = []
  activity: Activity | undefined

  get role(): BrokerRole {
    return this.#role
  }

  set role(role: BrokerRole) {
    if (role === this.#role) return
    this.#role = role
    for (const listener of this.#roleListeners) listener()
  }

  /** Calls the listener each time the role is another one. Returns how to end that. */
  onRoleChange(listener: () => void): () => void {
    this.#roleListeners.add(listener)
    return () => void this.#roleListeners.delete(listener)
  }

  /** A bridge of the network is there, or is no longer. */
  bridgeChanged(): void {
    for (const listener of this.#bridgeListeners) listener()
  }

  /** Calls the listener then. Returns how to end that. */
  onBridgeChange(listener: () => void): () => void {
    this.#bridgeListeners.add(listener)
    return () => void this.#bridgeListeners.delete(listener)
  }
}

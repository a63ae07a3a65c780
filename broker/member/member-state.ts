// What a member is at this moment: written by those who run it (broker.ts, election.ts), read by those who tell of it
// (member-admin.ts). It decides nothing.
import type { LockHandle } from '../lock/lock.ts'
import type { BrokerRole } from '../management/contract.ts'
import type { TransportConnector } from '../net/transport-connector.ts'
import type { ActiveParts } from './active-parts.ts'

/** An active member, from the moment it takes clients. */
export interface Activity {
  readonly parts: ActiveParts
  /** RFC 3339. */
  readonly since: string
  /** From the lock to recovered destinations. */
  readonly recoveryMs: number
}

export class MemberState {
  role: BrokerRole = 'Starting'
  /** Why the storage is not this member's to wait for; a member that is refused stays Starting. */
  refusal: string | null = null
  /** The lock is held; also while the store is being opened for it. */
  handle: LockHandle | undefined
  /** In the order of the configuration; none before there is a region. */
  connectors: readonly TransportConnector[] = []
  activity: Activity | undefined
}

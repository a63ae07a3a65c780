// Who should be the active: the port behind which ZooKeeper stands. It only proposes. Whether a member may serve is decided by a quorum of
// members' promises (replication), so that an elector may be wrong, late or split without anything being lost.
import type { LogPosition } from '../../replication/position.ts'
import type { Peer } from '../../replication/peer.ts'

/** What a member tells of itself, to be elected by. */
export interface Candidacy {
  readonly position: LogPosition
  /** Newest term that it has promised to anybody, or has heard that another member has: the next one to be proposed is beyond it. */
  readonly promised: number
  readonly isVoter: boolean
  /** Member that it follows and has heard of lately; itself when it is active. */
  readonly active: string | null
}

/** This member is to be the active of `term`, which is larger than every one that was proposed before. */
export interface Proposal {
  readonly term: number
  /** No client was ever answered, as far as is known there. */
  readonly founding: boolean
}

export type ElectorState =
  /** It cannot be asked. */
  | { readonly kind: 'Connecting'; readonly reason: string }
  /** Nobody is elected, or too few are there. */
  | { readonly kind: 'Waiting'; readonly reason: string }
  | { readonly kind: 'Elected'; readonly member: string; readonly term: number }

export interface ElectorListener {
  /** All members that are there, this one included, whenever they change. */
  peers(peers: readonly Peer[]): void
  /** To be answered with `declined` when nothing comes of it. */
  proposed(proposal: Proposal): void
  /** An earlier proposal to this member holds no longer, also when it is served. */
  withdrawn(term: number, reason: string): void
  /** This member may not take part at all. */
  refused(error: Error): void
}

export interface Elector {
  readonly state: ElectorState
  /** For how long the state has been another one than Elected, in milliseconds; 0: it is not, or has just begun to. */
  readonly unsettledMs: number
  /** Takes part until `close`. */
  start(address: string, listener: ElectorListener): void
  /** What is told of this member has changed; told more often than it can be published, some are left out. */
  candidacy(candidacy: Candidacy): void
  /** A quorum follows this member in the proposed term. Resolves when that is known: then clients may be answered. */
  served(term: number): Promise<void>
  /** It is not the active of that term and will not be: who else? */
  declined(term: number, reason: string): void
  /** Gives back what it was elected to, so that others need not wait. */
  close(): Promise<void>
}

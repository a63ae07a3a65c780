// The replication of one member as a pure state machine: what comes in changes its state at once, what is to be done about it is
// taken out as `Ready` and carried out by a driver (the shape of etcd-io/raft's node.go). No clock, no disk, no network: the same code runs
// in the broker and in the simulation of whole groups.
//
//   in                                               out (`takeReady`)
//   step(from, message)   from another member        operations   for this member's disk, strictly in order; told back by done(id)
//   connected, disconnected                          messages     to be sent in order per member
//   tick()                every tickMs               reads        bytes of its own journal that a member lacks; told back by read(…)
//   campaign(proposal)    the elector named it       events       for the lock and for whoever waits for confirmation
//   opened, appended, written, removed               from the journal of an active
//
// Safety rests on two rules alone, as in Raft: a member promises each term to one candidate, durably, and only to one whose journal is
// at least as far as its own; and an active confirms only what a quorum of members in its own term has. A member that was empty
// promises nothing and counts for nothing until it is in sync and a quorum of the others has told it that no newer term was promised.
import type { LogPosition, SegmentRef } from './position.ts'
import type { ReplicationMessage } from './message.ts'

/** What survives a restart besides the journal itself. */
export interface DurableState {
  /** Newest term that was promised; 0: none. Nothing older is accepted. */
  readonly promised: number
  /** To whom. */
  readonly candidate: string | null
  /** False: empty, or not in sync since it was. */
  readonly isVoter: boolean
}

export interface CoreOptions {
  readonly self: string
  /** How many members there should be, this one included. */
  readonly replicas: number
  readonly durable: DurableState
  /** What the journal has: ascending. */
  readonly segments: readonly SegmentRef[]
  /** Members that an answer to clients waits for besides the active itself: quorum - 1, or 0 in the local modes. */
  readonly confirmations: number
  /** Whether members acknowledge what is on their disk, or what is written. */
  readonly sync: boolean
  readonly heartbeatTicks: number
  /** An active that has not heard of a quorum for so long serves no longer; a member takes an active for gone. */
  readonly contactTicks: number
  /** Bytes on their way to one member, at most. */
  readonly windowBytes: number
  /** Of one write message, at most. */
  readonly chunkBytes: number
}

/** `done(id)` means: this one and all before it. A driver may carry out several as one. */
export type DiskOperation =
  /** Durable when done. Names the journal's directory after `promised`, too, so that writers of older terms find nothing. */
  | { readonly kind: 'state'; readonly id: number; readonly state: DurableState }
  /** Durable when done. */
  | {
      readonly kind: 'trim'
      readonly id: number
      readonly cut: readonly { readonly number: number; readonly length: number }[]
      readonly drop: readonly number[]
    }
  /** offset 0: makes the segment. On the disk when done if `sync`, else written. */
  | {
      readonly kind: 'write'
      readonly id: number
      readonly segment: SegmentRef
      readonly offset: number
      readonly bytes: Buffer
      readonly sync: boolean
    }
  | { readonly kind: 'remove'; readonly id: number; readonly segments: readonly number[] }

export interface ReadRequest {
  readonly member: string
  readonly segment: number
  readonly from: number
  readonly to: number
}

export type CoreEvent =
  /** A quorum has promised: this member may open its journal in this term. */
  | { readonly kind: 'elected'; readonly term: number }
  /** The campaign for this term has failed. */
  | { readonly kind: 'defeated'; readonly term: number; readonly reason: string }
  /** This member was active, or elected, and is no longer. */
  | { readonly kind: 'deposed'; readonly term: number; readonly reason: string }
  /** Enough other members have everything up to here. */
  | { readonly kind: 'confirmed'; readonly segment: number; readonly offset: number }
  /** Position, active member, or who is in sync has changed: what is published of it may have to follow. Not told of every write. */
  | { readonly kind: 'changed' }
  /** The connection with this member makes no sense any more, or has never: it is cut and made again. */
  | { readonly kind: 'disconnect'; readonly member: string; readonly reason: string }

export interface Ready {
  readonly operations: readonly DiskOperation[]
  readonly messages: readonly { readonly to: string; readonly message: ReplicationMessage }[]
  readonly reads: readonly ReadRequest[]
  readonly events: readonly CoreEvent[]
}

export type CoreRole = 'Follower' | 'Candidate' | 'Elected' | 'Active'

export interface MemberProgress {
  readonly member: string
  readonly connected: boolean
  readonly inSync: boolean
  readonly isVoter: boolean
  /** undefined: not attached. */
  readonly acknowledged: { readonly segment: number; readonly offset: number } | undefined
  /** Bytes of the active's journal that it does not have. */
  readonly lagBytes: number
}

export interface CoreStatus {
  readonly role: CoreRole
  readonly promised: number
  /** That it knows of: what it has promised, or heard that others have. */
  readonly newestTerm: number
  readonly position: LogPosition
  readonly isVoter: boolean
  /** Whose term's writes this member takes and whom it has heard of within contactTicks; itself when active. */
  readonly active: string | null
  /** Of a follower: the active counts it as in sync. */
  readonly inSync: boolean
  /** Of an active: all others that it knows of. */
  readonly members: readonly MemberProgress[]
  /** Of an active: it has heard of a quorum within contactTicks. */
  readonly hasQuorum: boolean
}

export interface ReplicationCore {
  step(from: string, message: ReplicationMessage): void
  /** This member's own connection to that one is there, or gone: `attach` and requests go over it. */
  connected(member: string): void
  disconnected(member: string): void
  tick(): void
  /** Answered by the event `elected` or `defeated`. An older campaign is over. */
  campaign(term: number, founding: boolean): void
  /** Ends a campaign, an election or being active in `term`: event `deposed` or `defeated`. */
  withdraw(term: number, reason: string): void
  /** The elected one has opened its journal: everything that counts of older segments, its own tail cut. */
  opened(segments: readonly SegmentRef[]): void
  /** A write of the active's journal begins: `segment.length` is what it has with these bytes; they are not changed later. */
  appended(segment: SegmentRef, offset: number, bytes: Buffer): void
  /** The active's own disk has this much of the segment: from there it can be read. */
  written(segment: number, offset: number): void
  /** The active removed these. */
  removed(segments: readonly number[]): void
  done(id: number): void
  /** bytes undefined: the segment is gone. */
  read(request: ReadRequest, bytes: Buffer | undefined): void
  takeReady(): Ready
  readonly status: CoreStatus
}

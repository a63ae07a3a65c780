// What members of a replicated store tell each other. `term` is always that of the active or candidate on whose behalf it is said; a
// member that has promised a newer one answers `refused` and does nothing.
//
//   candidate → all       promiseRequest        ← promised | refused
//   active → member       attach                ← inventory | refused
//                         trim, write*, remove*  ← acknowledged* | refused      in this order, on one connection
//                         heartbeat             ← heartbeatAnswer | refused
//   anybody → anybody     query                 ← answer
import type { LogPosition, SegmentRef } from './position.ts'

/** Will you accept nothing older than this term, and nobody else in it? */
export interface PromiseRequest {
  readonly type: 'promiseRequest'
  readonly term: number
  readonly candidate: string
  readonly position: LogPosition
  /** Nobody was ever answered, as far as the election knows: there is nothing to lose, and empty members may promise. */
  readonly founding: boolean
  readonly round: CampaignRound
}

/**
 * 1: will you promise? 2: a quorum has; do you, by now? Only those answers elect. A member that has lost its disk, and its promise with it, asks
 * a quorum of the others for newer promises before it counts again: whatever it said before that quorum's promises proves nothing.
 */
export type CampaignRound = 1 | 2

/** Said only when the promise is durable. */
export interface Promised {
  readonly type: 'promised'
  readonly term: number
  /** Of the request. */
  readonly round: CampaignRound
}

export type RefusalReason =
  /** A newer term was promised, or this one to another candidate. */
  | 'term'
  /** The candidate lacks what this member has. */
  | 'behind'
  /** This member was empty and is not in sync yet: its promise would prove nothing. */
  | 'empty'

export interface Refused {
  readonly type: 'refused'
  /** Of what is refused. */
  readonly term: number
  readonly promised: number
  readonly reason: RefusalReason
  readonly position: LogPosition
}

export interface Attach {
  readonly type: 'attach'
  readonly term: number
}

/** What a member has when an active attaches it. Nothing of what was sent before on other connections comes after it. */
export interface Inventory {
  readonly type: 'inventory'
  readonly term: number
  /** Ascending. */
  readonly segments: readonly SegmentRef[]
  /** Whether it counts for a quorum: false while it has not been in sync since it was empty. */
  readonly isVoter: boolean
}

/** Segments that the active does not have like that are shortened, or go; the active reads what is missing from here on. */
export interface Trim {
  readonly type: 'trim'
  readonly term: number
  /** Those to be shortened, with their new lengths. */
  readonly cut: readonly { readonly number: number; readonly length: number }[]
  readonly drop: readonly number[]
}

/** Bytes of a segment. Where `offset` is 0 the segment is made; else it goes on where the last write to it ended. */
export interface Write {
  readonly type: 'write'
  readonly term: number
  /** number, term and salt of the segment; `length` is what it has with these bytes. */
  readonly segment: SegmentRef
  readonly offset: number
  /** Where this is all the active has: how much nobody else need be told. */
  readonly bytes: Buffer
  /** Whether to acknowledge when it is on the disk, or as soon as it is written. */
  readonly sync: boolean
}

/** Nobody needs these segments any more. */
export interface Remove {
  readonly type: 'remove'
  readonly term: number
  readonly segments: readonly number[]
}

/** Everything sent up to the end of this write is there (with `sync`: on the disk). */
export interface Acknowledged {
  readonly type: 'acknowledged'
  readonly term: number
  readonly segment: number
  readonly offset: number
}

export interface Heartbeat {
  readonly type: 'heartbeat'
  readonly term: number
  /** The active counts this member as in sync. */
  readonly inSync: boolean
}

export interface HeartbeatAnswer {
  readonly type: 'heartbeatAnswer'
  readonly term: number
  readonly isVoter: boolean
}

/** How far are you? Changes nothing. */
export interface Query {
  readonly type: 'query'
}

export interface Answer {
  readonly type: 'answer'
  /** The newest term that is promised, durably. */
  readonly promised: number
  readonly position: LogPosition
  readonly isVoter: boolean
  /** Member whose term's frames this one takes and has heard of lately; null: none. */
  readonly active: string | null
}

export type ReplicationMessage =
  | PromiseRequest
  | Promised
  | Refused
  | Attach
  | Inventory
  | Trim
  | Write
  | Remove
  | Acknowledged
  | Heartbeat
  | HeartbeatAnswer
  | Query
  | Answer

const answerTypes: ReadonlySet<ReplicationMessage['type']> = new Set([
  'promised',
  'refused',
  'inventory',
  'acknowledged',
  'heartbeatAnswer',
  'answer',
])

/** Whether it goes back over the connection that has asked. */
export const isAnswer = ({ type }: ReplicationMessage): boolean => answerTypes.has(type)

// How far a member's journal goes. Segments are the units of replication: each was written by the active of one term alone, and its
// header names everything before it that counts (journal/format.ts). So two journals that have a segment of the same number, term and salt
// have the same history in front of it, and of two members the one with the larger position has all that the other has of any
// quorum's history.
import type { Predecessor } from '../journal/format.ts'

/** A segment of a journal and how much of it is there. */
export type SegmentRef = Predecessor

export interface LogPosition {
  /** In which the segment was begun. */
  readonly term: number
  readonly segment: number
  /** Bytes of the segment, header included. */
  readonly offset: number
}

/** Of an empty journal. */
export const originPosition: LogPosition = { term: 0, segment: 0, offset: 0 }

/** Negative: a is behind b; 0: the same; positive: a is ahead. */
export const comparePositions = (a: LogPosition, b: LogPosition): number =>
  a.term - b.term || a.segment - b.segment || a.offset - b.offset

export const lastPosition = (segments: readonly SegmentRef[]): LogPosition => {
  const last = segments.at(-1)
  return last ? { term: last.term, segment: last.number, offset: last.length } : originPosition
}

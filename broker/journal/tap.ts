// Who sees what a journal writes, as it is written: a replicated store sends it to other members.
import type { Predecessor } from './format.ts'

export interface JournalTap {
  /** The writer's term has begun; what counts of older segments. Before anything is written. */
  opened(segments: readonly Predecessor[]): void
  /**
   * A write begins. `segment.length` is what the segment has with these bytes; its header comes first, at offset 0. The buffers
   * are valid during the call only. A write that finds no space is told once and then tried again.
   */
  writing(segment: Predecessor, offset: number, buffers: readonly Buffer[]): void
  /** It is on this member's disk. */
  written(segment: number, end: number): void
  /** The files of these segments are about to go: the record of that is confirmed. */
  removed(segments: readonly number[]): void
}

// Messages in a row, as the summary of a segment tells of them: read where they stand, by loops that do nothing else. Ten
// million messages are a common backlog, and somebody waits for its recovery.
import { entryParts, type SummaryRun } from '../../journal/summary.ts'
import type { MessageLocation } from './message-location.ts'
import type { Sequence } from '../held-message.ts'

const { meta } = entryParts

/** Where entries of the two kinds of added messages say what (store-records.ts). An ordinal is a sequence's end as well. */
export const addParts = { queue: meta, sequence: meta + 4, ordinal: meta + 6, headLength: meta + 10 } as const
export const addInTxParts = { queue: meta, transaction: meta + 4, ordinal: meta + 8, headLength: meta + 12 } as const

/** Neighbouring entries for messages of one queue, in one segment. */
export interface MessageRun extends SummaryRun {
  readonly segment: number
  /** What has to be added to a message's ordinal to get its sequence. */
  readonly firstSequence: Sequence
  readonly parts: { readonly ordinal: number; readonly headLength: number }
}

/** `at`: an entry of the run. */
export const sequenceAt = ({ view, firstSequence, parts }: MessageRun, at: number): Sequence =>
  firstSequence + view.getUint32(at + parts.ordinal)

export const locationAt = (run: MessageRun, at: number): MessageLocation => ({
  sequence: sequenceAt(run, at),
  segment: run.segment,
  position: run.view.getUint32(at + entryParts.position) * 8,
  bodyLength: run.view.getUint32(at + entryParts.bodyLength),
  headLength: run.view.getUint16(at + run.parts.headLength),
})

export function largestSequence(run: MessageRun): Sequence {
  let largest = 0
  for (let at = run.start; at < run.end; at += run.stride) largest = Math.max(largest, sequenceAt(run, at))
  return largest
}

/** Where the entries that have the same two numbers at these places as the one at `start` end. */
export function endOfEqual({ view, end, stride }: SummaryRun, start: number, first: number, second: number): number {
  const [wantedFirst, wantedSecond] = [view.getUint32(start + first), view.getUint32(start + second)]
  let at = start + stride
  while (at < end && view.getUint32(at + first) === wantedFirst && view.getUint32(at + second) === wantedSecond)
    at += stride
  return at
}

// Finds what an acknowledgement means in the list of a subscription's dispatched messages, as the
// PrefetchSubscription and TopicSubscription of ActiveMQ do. It only finds and checks; region/acknowledge.ts carries out.
import { RefusalError } from '../../base/errors.ts'
import type { DispatchedList, EntryReference } from './dispatched-list.ts'
import type { Entry } from '../entry.ts'

export interface AcknowledgedRange {
  readonly first: EntryReference | null
  readonly last: EntryReference | null
  readonly messageCount: number
}

/**
 * The entries from `first` (null = the oldest) to `last` in dispatch order. With `checkCount` their number must be
 * `messageCount`. Refuses with "Unmatched acknowledge: …", as ActiveMQ does.
 */
export function findRange(dispatched: DispatchedList, range: AcknowledgedRange, checkCount: boolean): Entry[] {
  if (!range.last) throw unmatched('it names no last message')
  let entry = range.first ? dispatched.find(range.first) : dispatched.first
  if (range.first && !entry)
    throw unmatched(`Could not find Message-ID ${range.first.messageId} in dispatched-list (start of ack)`)
  const last = dispatched.find(range.last)
  const entries: Entry[] = []
  while (entry && entries.at(-1) !== last) {
    entries.push(entry)
    entry = entry.next
  }
  if (!last || entries.at(-1) !== last)
    throw unmatched(`Could not find Message-ID ${range.last.messageId} in dispatched-list (end of ack)`)
  if (checkCount && entries.length !== range.messageCount)
    throw unmatched(
      `Expected message count (${range.messageCount}) differs from count in dispatched-list (${entries.length})`,
    )
  return entries
}

/** The one entry `last`. Refuses when it was not dispatched, or is acknowledged already. */
export function findLast(dispatched: DispatchedList, range: AcknowledgedRange): Entry {
  const entry = range.last ? dispatched.find(range.last) : null
  if (!entry)
    throw new RefusalError(
      'INVALID_REQUEST',
      `Could not correlate acknowledgment with dispatched message: ${range.last?.messageId ?? 'none named'}`,
    )
  return entry
}

/**
 * What a topic acknowledgement takes out: the range if it is there, else as many of the oldest as it counts. A topic
 * subscription must not stop because of a lost or doubled acknowledgement, and nothing is lost by removing.
 */
export function findTopicRange(dispatched: DispatchedList, range: AcknowledgedRange, individual: boolean): Entry[] {
  const last = range.last ? dispatched.find(range.last) : null
  if (last && individual) return [last]
  const first = range.first ? dispatched.find(range.first) : null
  const entries: Entry[] = []
  for (let entry = first ?? dispatched.first; entry; entry = entry.next) {
    if (!last && entries.length >= range.messageCount) break
    entries.push(entry)
    if (entry === last) break
  }
  return entries
}

const unmatched = (reason: string): RefusalError =>
  new RefusalError('INVALID_REQUEST', `Unmatched acknowledge: ${reason}`)

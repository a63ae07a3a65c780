// What a queue needs of the window over its messages: one for all of them, or one that goes by priority. The first of both does
// not look at the priorities that it is told.
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import { destinationLimits } from '../limits.ts'
import type { MessageWindow } from '../window/message-window.ts'
import type { QueueConsumer } from './queue-consumer.ts'
import type { QueueLookers } from './queue-lookers.ts'

type Same = Pick<
  MessageWindow<QueueEntry, QueueConsumer>,
  | 'size'
  | 'hasCold'
  | 'loading'
  | 'first'
  | 'takeFirst'
  | 'arrive'
  | 'comeBack'
  | 'entriesBehind'
  | 'takeExpired'
  | 'sweepPage'
  | 'refill'
  | 'passedOver'
  | 'endLook'
  | 'close'
>

export interface QueueWindow extends Same {
  recover(count: number, upTo: Sequence, besides: readonly Sequence[], priority: number): void
  arriveStored(sequence: Sequence, message: Message | null, priority: number): void
  offerArrival(sequence: Sequence, message: Message, lookers: QueueLookers, priority: number): boolean
  passThrough(sequence: Sequence, message: Message, priority: number): QueueEntry
  gone(sequence: Sequence, priority: number): void
  takeExpiredCold(sequence: Sequence, message: Message, priority: number): QueueEntry | undefined
  look(lookers: QueueLookers): void
}

/** Looks through up to `maxMessages` that only the store has, page by page, and hands out those that have expired. */
export async function sweepPages(
  window: QueueWindow,
  maxMessages: number,
  expire: (entry: QueueEntry) => void,
): Promise<void> {
  const { pageMessages } = destinationLimits
  for (let left = maxMessages; left > 0; left -= pageMessages)
    if (!(await window.sweepPage(Math.min(left, pageMessages), expire))) return
}

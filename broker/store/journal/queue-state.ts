// What the journal store has of one queue or topic.
import type { MessageIndex } from './message-index.ts'
import type { TopicState } from './topic-subscriptions.ts'

export interface QueueState {
  readonly number: number
  /** '' until its name turns up during recovery. */
  name: string
  readonly index: MessageIndex
  /** What open transactions of this writer add to it. */
  uncommittedBytes: number
  /** null for a queue. */
  readonly topic: TopicState | null
}

export const emptyQueue = (number: number, index: MessageIndex, topic: TopicState | null): QueueState => ({
  number,
  name: '',
  index,
  uncommittedBytes: 0,
  topic,
})

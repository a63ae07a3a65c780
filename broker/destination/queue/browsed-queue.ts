// What those who look at the messages of a queue need of it, and the queue of them.
import type { Destination } from '../../message/destination.ts'
import type { Message } from '../../message/message.ts'
import type { Sequence } from '../../store/held-message.ts'
import type { QueueEntry } from '../entry.ts'
import type { MessageCursor } from '../window/message-cursor.ts'

export interface BrowsedQueue {
  readonly destination: Destination
  readonly deleted: boolean
  /** Bytes of bodies that it may keep in memory besides those that it has. */
  readonly memoryRoom: number
  /** Reads what the store and the temp store have of it, in flight or not. */
  readonly cursor: MessageCursor
  /** Its entries that wait in memory, ascending, from behind `after`. */
  waitingBehind(after: Sequence): Iterable<QueueEntry>
  /** Its other entries, in no order: those that wait to be delivered again, and those that its consumers hold. */
  elsewhere(): Iterable<QueueEntry>
  /** How often a message was delivered that only the store has. */
  deliveredBefore(message: Message): number
  addWatcher(watcher: QueueWatcher): void
  removeWatcher(watcher: QueueWatcher): void
}

export interface QueueWatcher {
  /** A message has left the queue. */
  gone(queue: BrowsedQueue, sequence: Sequence): void
  /** The queue is deleted. */
  dispatch(): void
}

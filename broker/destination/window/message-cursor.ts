// With what a window reads on in the messages that somebody has in the store: a queue, a
// durable subscription; a browser does, too.
import type { FoundMessage, Sequence } from '../../store/held-message.ts'

export interface MessageCursor {
  /** Up to `maxMessages` and about `maxBytes` (at least one message) with sequences in (after, upTo], ascending. */
  read(after: Sequence, upTo: Sequence, maxMessages: number, maxBytes: number): Promise<readonly FoundMessage[]>
}

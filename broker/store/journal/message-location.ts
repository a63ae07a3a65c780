// Where a message is in the journal.
import type { Sequence } from '../held-message.ts'

/** Reused between calls where the comment of a function says so. */
export interface MessageLocation {
  sequence: Sequence
  segment: number
  /** Of the record in its segment. */
  position: number
  /** Of the record's body: what the store wraps around the message, and the message. */
  bodyLength: number
  /** How many bytes of the body stand in front of the message. */
  headLength: number
}

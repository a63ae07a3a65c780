// What can be wrong with a journal.
import { FlotillaError } from '../base/errors.ts'

export type JournalErrorCode =
  /** The journal was written by a newer term: this member was replaced. */
  | 'JOURNAL_FENCED'
  /** Bytes on disk are not what they should be; fields name file and offset. */
  | 'JOURNAL_CORRUPT'
  /** Written by a newer release. */
  | 'JOURNAL_VERSION'
  /** A write or sync failed, or ownership was lost: nothing is written any more. */
  | 'JOURNAL_FAILED'
  /** Not open, or closed. */
  | 'JOURNAL_CLOSED'
  | 'JOURNAL_LIMIT'

export class JournalError extends FlotillaError {
  declare readonly code: JournalErrorCode

  constructor(code: JournalErrorCode, message: string, options: ConstructorParameters<typeof FlotillaError>[2] = {}) {
    super(code, message, options)
  }
}

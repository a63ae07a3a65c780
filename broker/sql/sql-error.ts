// What went wrong with a database, by what can be done about it.
import { FlotillaError } from '../base/errors.ts'

export type SqlErrorKind =
  /** No connection, or none any more: refused, cut, silent, starting or stopping, too many connections. Comes back by itself. */
  | 'Unreachable'
  /** User, password, database or rights: somebody has to change them. */
  | 'Denied'
  /** A standby, or set to read only. */
  | 'ReadOnly'
  /** No space on its disk, or in its tablespace. Nothing of the transaction is there. */
  | 'NoSpace'
  /** Deadlock, serialization failure, time-out of a lock: nothing of the transaction is there, and it may be tried again at once. */
  | 'Conflict'
  /** A table or a column is not there. */
  | 'Missing'
  /** A row with this key is there already. */
  | 'Duplicate'
  /** The write is not that of the owner any more: a larger term, or another name in the lock table. */
  | 'Fenced'
  /** Everything else: a mistake of ours, or of whoever set up the database. */
  | 'Invalid'

export class SqlError extends FlotillaError {
  readonly kind: SqlErrorKind
  /** SQLSTATE of the SQL standard or of the database; undefined where the database said nothing. */
  readonly sqlState: string | undefined
  /** The database's own number of it, where it has one: MySQL and MariaDB. */
  readonly vendorCode: number | undefined

  constructor(
    kind: SqlErrorKind,
    message: string,
    options: {
      readonly sqlState?: string | undefined
      readonly vendorCode?: number | undefined
      readonly cause?: unknown
    } = {},
  ) {
    super(`SQL_${kind.toUpperCase()}`, message, { cause: options.cause })
    this.kind = kind
    this.sqlState = options.sqlState
    this.vendorCode = options.vendorCode
  }
}

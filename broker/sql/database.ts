// What the broker needs of a database, whichever it is: sessions that run statements, and errors that say what to do next. Implemented over
// pg (postgres/) and mysql2 (mysql/); the texts of statements differ, so whoever writes them has one form for each `kind`.
import type { SqlError } from './sql-error.ts'

/** MariaDB is one of the kind mysql: what differs between the two is seen by the driver's side only. */
export type DatabaseKind = 'postgresql' | 'mysql'

/** What a parameter may be. Arrays for PostgreSQL are buffers in its binary form (binary-array.ts). */
export type SqlValue = string | number | boolean | Buffer | null

export interface SqlStatement {
  /**
   * Of mysql it may be several statements, separated by semicolons, and then has no values. Of postgresql it is one statement; or
   * several, without values, which are one transaction.
   */
  readonly text: string
  readonly values?: readonly SqlValue[]
  /** Under which the server keeps it prepared, for what is run often. */
  readonly name?: string
}

/** Columns in the order of the statement: BIGINT as number, binary as Buffer, text as string, NULL as null. */
export type SqlRow = readonly unknown[]

export interface SqlResult {
  readonly rows: readonly SqlRow[]
  /** Rows that a write has changed; that were found by its WHERE, also when they had these values before. */
  readonly changed: number
}

/** One connection. Statements are run in the order of their calls. */
export interface SqlSession {
  readonly kind: DatabaseKind
  /**
   * A result for each statement of the text; one round trip. Rejects with SqlError; after one of the kind Unreachable the session
   * is lost, and whether the statement was carried out is not known.
   */
  run(statement: SqlStatement): Promise<readonly SqlResult[]>
  /** Resolves with the reason when the connection is gone, also when nothing is asked of it; never rejects, never after `close`. */
  readonly lost: Promise<SqlError>
  /** Also of one that is lost; what still runs is given up. */
  close(): Promise<void>
}

export interface SessionOptions {
  /** As the database's list of sessions shows it: flotilla/<brokerName>/<member>/<purpose>. */
  readonly applicationName: string
  /** Milliseconds after which a statement that is not answered counts as a lost connection. */
  readonly answerTimeoutMs: number
}

export interface Database {
  readonly kind: DatabaseKind
  /** For people: hosts, port and database, without any credentials. */
  readonly place: string
  /**
   * Reads URL, credentials and CA anew, so that what was changed in their files holds from the next connection on. Rejects with SqlError that
   * names the host and what is wrong with it.
   */
  connect(options: SessionOptions): Promise<SqlSession>
}

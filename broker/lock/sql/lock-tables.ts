// The statements of both locks over one session. Those on ACTIVEMQ_LOCK are ActiveMQ's (Statements.getLeaseObtainStatement and the others
// of LeaseDatabaseLocker and DefaultDatabaseLocker), so that its brokers and ours keep each other out; but times are the database's
// clock, read in the statement, and members' clocks do not matter.
//
//   ACTIVEMQ_LOCK    BROKER_NAME, TIME: who has the lease, and its end
//   FLOTILLA_STATE   BROKER_NAME: whose tables these are; TERM, MEMBER, WATCH_URL: of who holds or last held the lock
import type { DatabaseKind, SqlResult, SqlRow, SqlSession, SqlValue } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import type { LockHolder } from '../lock.ts'

/** The row of the lock, and what the database's clock says. */
export interface SeenLease {
  readonly leaseHolder: string | null
  readonly leaseEndMs: number | null
  readonly nowMs: number
}

export interface SeenLock extends SeenLease {
  /** Whose the tables are; null: nobody has held the lock. */
  readonly owner: string | null
  readonly holder: LockHolder | undefined
}

export interface NewHolder {
  readonly brokerName: string
  readonly member: string
  readonly watchUrl: string | undefined
}

/**
 * Milliseconds since the epoch. Of MySQL the time of the statement's start, in UTC: SYSDATE is not to be had under sysdate-is-now, and the
 * session's time zone may have an hour twice. A lease that begins too early ends too early, which is safe.
 */
const now: Readonly<Record<DatabaseKind, string>> = {
  postgresql: '(extract(epoch from clock_timestamp()) * 1000)::bigint',
  mysql: `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`,
}

/** As ActiveMQ sees it: what has no name may have a time, of a database-locker's keep-alive. */
export const isLeased = ({ leaseHolder, leaseEndMs, nowMs }: SeenLease): boolean =>
  leaseHolder !== null && leaseEndMs !== null && leaseEndMs >= nowMs

/** Somebody else has the row, or waited for what we have: nothing is done. */
export const isConflict = (error: unknown): boolean => error instanceof SqlError && error.kind === 'Conflict'

export class LockTables {
  readonly #session: SqlSession
  readonly #names: TableNames
  readonly #now: string

  constructor(session: SqlSession, names: TableNames) {
    this.#session = session
    this.#names = names
    this.#now = now[session.kind]
  }

  /** undefined: one of the rows is not there. */
  async look(): Promise<SeenLock | undefined> {
    const { lock, state } = this.#names
    const { rows } = await this.#run(
      `SELECT l.BROKER_NAME, l.TIME, ${this.#now}, s.TERM, s.BROKER_NAME, s.MEMBER, s.WATCH_URL` +
        ` FROM ${lock} l, ${state} s WHERE l.ID = 1 AND s.ID = 1`,
    )
    return rows[0] && seenOf(rows[0])
  }

  /** Those that are not there: ActiveMQ makes its own with the table, and does not mind when that fails. */
  async insertRows(): Promise<void> {
    const { lock, state } = this.#names
    for (const insert of [
      `INSERT INTO ${lock} (ID) VALUES (1)`,
      `INSERT INTO ${state} (ID, TERM, LAST_ID) VALUES (1, 0, 0)`,
    ])
      try {
        await this.#run(insert)
      } catch (error) {
        if (!(error instanceof SqlError && error.kind === 'Duplicate')) throw error
      }
  }

  obtainLease(holder: string, durationMs: number): Promise<boolean> {
    return this.#change(
      `UPDATE ${this.#names.lock} SET BROKER_NAME = ?, TIME = ${this.#now} + ? WHERE (TIME IS NULL OR TIME < ${this.#now}) AND ID = 1`,
      [holder, durationMs],
    )
  }

  renewLease(holder: string, durationMs: number): Promise<boolean> {
    return this.#change(
      `UPDATE ${this.#names.lock} SET BROKER_NAME = ?, TIME = ${this.#now} + ? WHERE BROKER_NAME = ? AND ID = 1`,
      [holder, durationMs, holder],
    )
  }

  freeLease(holder: string): Promise<boolean> {
    return this.#change(
      `UPDATE ${this.#names.lock} SET BROKER_NAME = NULL, TIME = 0 WHERE BROKER_NAME = ? AND ID = 1`,
      [holder],
    )
  }

  begin(): Promise<unknown> {
    return this.#run('BEGIN')
  }

  /**
   * Of a transaction: waits for the lock's row, and has it until the end of the transaction. undefined: it is not there. Reads nothing
   * without locking it: that would keep what MySQL cleans, as long as the transaction lasts.
   */
  async lockRow(): Promise<SeenLease | undefined> {
    const { rows } = await this.#run(
      `SELECT BROKER_NAME, TIME, ${this.#now} FROM ${this.#names.lock} WHERE ID = 1 FOR UPDATE`,
    )
    return rows[0] && leaseOf(rows[0])
  }

  rollback(): Promise<unknown> {
    return this.#run('ROLLBACK')
  }

  /**
   * One more than the last term, which is durable before anybody learns of it. undefined: the tables are another broker's, or `leaseHolder` does not
   * have the lease. Waits for a batch that the store of the last holder is writing.
   */
  async raiseTerm(by: NewHolder, leaseHolder?: string): Promise<number | undefined> {
    const { lock, state } = this.#names
    const isMysql = this.#session.kind === 'mysql'
    const term = isMysql ? 'LAST_INSERT_ID(TERM + 1)' : 'TERM + 1'
    const { brokerName, member, watchUrl = null } = by
    const { rows, changed } = await this.#run(
      `UPDATE ${state} SET TERM = ${term}, BROKER_NAME = ?, MEMBER = ?, WATCH_URL = ? WHERE ID = 1 AND (BROKER_NAME IS NULL OR BROKER_NAME = ?)` +
        (leaseHolder === undefined ? '' : ` AND EXISTS (SELECT 1 FROM ${lock} WHERE ID = 1 AND BROKER_NAME = ?)`) +
        (isMysql ? '' : ' RETURNING TERM'),
      [brokerName, member, watchUrl, brokerName, ...(leaseHolder === undefined ? [] : [leaseHolder])],
    )
    if (changed === 0) return undefined
    // What this session wrote last, whoever has raised it since.
    const [raised] = isMysql ? (await this.#run('SELECT LAST_INSERT_ID()')).rows : rows
    return Number(raised![0])
  }

  async #change(text: string, values: readonly SqlValue[]): Promise<boolean> {
    return (await this.#run(text, values)).changed > 0
  }

  /** `?` stands for a value of either kind of database. */
  async #run(text: string, values?: readonly SqlValue[]): Promise<SqlResult> {
    let count = 0
    const numbered = this.#session.kind === 'mysql' ? text : text.replaceAll('?', () => `$${++count}`)
    const [result] = await this.#session.run(values ? { text: numbered, values } : { text: numbered })
    return result!
  }
}

const leaseOf = ([leaseHolder, leaseEnd, nowMs]: SqlRow): SeenLease => ({
  leaseHolder: textOf(leaseHolder) ?? null,
  leaseEndMs: leaseEnd === null ? null : Number(leaseEnd),
  nowMs: Number(nowMs),
})

function seenOf(row: SqlRow): SeenLock {
  const [, , , term, owner, member, watchUrl] = row
  return {
    ...leaseOf(row),
    owner: textOf(owner) ?? null,
    holder:
      typeof member === 'string'
        ? { brokerName: textOf(owner), member, term: Number(term), watchUrl: textOf(watchUrl) }
        : undefined,
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

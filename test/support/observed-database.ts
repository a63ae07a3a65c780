// A real database for locks under test, whose statements can be waited for, be swallowed, and lose their connections.
import { silentLogger } from '../../broker/base/logger.ts'
import { systemClock } from '../../broker/base/clock.ts'
import type { Database, SessionOptions, SqlSession, SqlStatement } from '../../broker/sql/database.ts'
import { JdbcSource } from '../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../broker/sql/mysql/mysql-database.ts'
import { PostgresDatabase } from '../../broker/sql/postgres/postgres-database.ts'
import type { TestDatabase } from './databases.ts'
import { runSql } from './run-sql.ts'

/** As the broker connects to it. */
export async function openTestDatabase({ kind, url }: TestDatabase): Promise<Database> {
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  const parts = { source, clock: systemClock, logger: silentLogger }
  return kind === 'postgresql' ? new PostgresDatabase(parts) : new MysqlDatabase(parts)
}

/** Ends the sessions that have a transaction open, as an administrator does. */
export async function endTransactions({ kind, url }: TestDatabase): Promise<void> {
  if (kind === 'postgresql') {
    const open = "datname = current_database() AND state = 'idle in transaction'"
    await runSql(url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${open}`)
    return
  }
  const sessions = await runSql(
    url,
    `SELECT p.ID AS id FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
      WHERE p.DB = DATABASE()`,
  )
  for (const { id } of sessions) await runSql(url, `KILL ${String(id)}`)
}

interface Seen {
  readonly statement: SqlStatement
  readonly isAnswered: boolean
}

export class ObservedDatabase implements Database {
  readonly kind: Database['kind']
  readonly #database: Database
  readonly #listeners = new Set<(seen: Seen) => void>()
  readonly #sessions = new Set<SqlSession>()
  #lost = Promise.withResolvers<void>()
  #swallows = false

  constructor(database: Database) {
    this.kind = database.kind
    this.#database = database
  }

  get place(): string {
    return this.#database.place
  }

  async connect(options: SessionOptions): Promise<SqlSession> {
    const session = await this.#database.connect(options)
    this.#sessions.add(session)
    void session.lost.then(() => {
      this.#lost.resolve()
      this.#lost = Promise.withResolvers()
    })
    return {
      kind: session.kind,
      lost: session.lost,
      close: () => session.close(),
      run: async (statement) => {
        if (this.#swallows) return new Promise(() => {})
        this.#tell({ statement, isAnswered: false })
        const results = await session.run(statement)
        this.#tell({ statement, isAnswered: true })
        return results
      },
    }
  }

  /** Resolves when such a statement is sent, or is answered, the next time. */
  next(text: RegExp, isAnswered: boolean): Promise<void> {
    return new Promise((resolve) => {
      const listener = (seen: Seen): void => {
        if (seen.isAnswered !== isAnswered || !text.test(seen.statement.text)) return
        this.#listeners.delete(listener)
        resolve()
      }
      this.#listeners.add(listener)
    })
  }

  /** From now on nothing of what is asked gets to the database, and connections stay: as when this process hangs. */
  swallow(): void {
    this.#swallows = true
  }

  /** Ends all connections that there are. */
  async cut(): Promise<void> {
    for (const session of this.#sessions) await session.close()
    this.#sessions.clear()
  }

  /** Resolves when a session is lost, the next time. */
  nextLost(): Promise<void> {
    return this.#lost.promise
  }

  #tell(seen: Seen): void {
    for (const listener of this.#listeners) listener(seen)
  }
}

// A session that finds out when its wire is silent: a firewall that has forgotten a connection swallows what either end says, and each end waits
// for the other. When an answer is late, the server is asked over another connection whether it still works on it. One that does is
// waited for, however long it takes; one that waits for us has answered, or was never asked, and the session is lost.
import type { Clock, Timer } from '../base/clock.ts'
import type { Database, DatabaseKind, SessionOptions, SqlResult, SqlSession, SqlStatement } from './database.ts'
import { sqlLimits } from './limits.ts'
import { SqlError } from './sql-error.ts'

/** Whose number the server has for a session; and whether it works for that one: what it does not tell counts as work. */
const texts: Readonly<Record<DatabaseKind, { readonly id: string; readonly works: (id: number) => string }>> = {
  postgresql: {
    id: 'SELECT pg_backend_pid()',
    works: (id) => `SELECT 1 FROM pg_stat_activity WHERE pid = ${id} AND (state IS NULL OR state <> 'idle')`,
  },
  mysql: {
    id: 'SELECT CONNECTION_ID()',
    works: (id) => `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${id} AND COMMAND <> 'Sleep'`,
  },
}

/** A database whose sessions do so; `probe` in the name shows those that ask. */
export class ProbedDatabase implements Database {
  readonly kind: DatabaseKind
  readonly place: string
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.kind = database.kind
    this.place = database.place
    this.#database = database
    this.#clock = clock
  }

  async connect(options: SessionOptions): Promise<SqlSession> {
    const session = await this.#database.connect(options)
    const probe = { ...options, applicationName: `${options.applicationName}/probe` }
    try {
      const [result] = await session.run({ text: texts[session.kind].id })
      const id = Number(result!.rows[0]![0])
      return new ProbedSession(session, id, () => this.#database.connect(probe), this.#clock)
    } catch (error) {
      await session.close()
      throw error
    }
  }
}

class ProbedSession implements SqlSession {
  readonly kind: DatabaseKind
  readonly lost: Promise<SqlError>
  readonly #session: SqlSession
  readonly #id: number
  readonly #connect: () => Promise<SqlSession>
  readonly #clock: Clock
  #tellLost: (error: SqlError) => void = () => {}
  #unanswered = 0
  /** How many answers have come: with another one since, the server is not silent. */
  #answers = 0
  #timer: Timer | undefined

  constructor(session: SqlSession, id: number, connect: () => Promise<SqlSession>, clock: Clock) {
    this.kind = session.kind
    this.#session = session
    this.#id = id
    this.#connect = connect
    this.#clock = clock
    this.lost = new Promise((resolve) => (this.#tellLost = resolve))
    void session.lost.then((error) => this.#tellLost(error))
  }

  async run(statement: SqlStatement): Promise<readonly SqlResult[]> {
    if (++this.#unanswered === 1) this.#expect()
    try {
      return await this.#session.run(statement)
    } finally {
      this.#unanswered--
      this.#answers++
      this.#timer?.cancel()
      if (this.#unanswered > 0) this.#expect()
    }
  }

  close(): Promise<void> {
    this.#timer?.cancel()
    return this.#session.close()
  }

  #expect(): void {
    this.#timer = this.#clock.after(sqlLimits.lateAnswerMs, () => void this.#probe())
  }

  async #probe(): Promise<void> {
    const answers = this.#answers
    const isLate = (): boolean => this.#answers === answers && this.#unanswered > 0
    let probe: SqlSession | undefined
    try {
      probe = await this.#connect()
      // Twice: an answer may be on its way.
      const isSilent = isLate() && !(await this.#works(probe)) && (await this.#staysLate(isLate))
      if (isSilent && !(await this.#works(probe)) && isLate()) return await this.#lose()
    } catch {
      // It cannot be asked now.
    } finally {
      await probe?.close()
    }
    if (isLate()) this.#expect()
  }

  async #works(probe: SqlSession): Promise<boolean> {
    const [result] = await probe.run({ text: texts[this.kind].works(this.#id) })
    return result!.rows.length > 0
  }

  async #staysLate(isLate: () => boolean): Promise<boolean> {
    await new Promise<void>((resolve) => this.#clock.after(sqlLimits.answerUnderWayMs, resolve))
    return isLate()
  }

  async #lose(): Promise<void> {
    const state = 'the server waits for us, and nothing that it says arrives'
    this.#tellLost(new SqlError('Unreachable', `Cannot go on with the session with the database: ${state}`))
    await this.#session.close()
  }
}

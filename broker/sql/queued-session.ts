// A session over one connection of a driver: statements in the order of their calls, one at a time, each with a limit to how long its answer may
// take. That is how a wire is noticed that swallows everything: nothing else tells of it while the other end is waited for.
import type { Clock, Timer } from '../base/clock.ts'
import type { DatabaseKind, SessionOptions, SqlResult, SqlSession, SqlStatement } from './database.ts'
import { sqlLimits } from './limits.ts'
import { SqlError } from './sql-error.ts'

/** What a driver has to do. */
export interface DriverConnection {
  readonly kind: DatabaseKind
  /** For errors: host and port. */
  readonly host: string
  /** Rejects with SqlError. Not called again before it is settled. */
  execute(statement: SqlStatement): Promise<readonly SqlResult[]>
  /** Called once at most, when the connection is gone and nobody ended or destroyed it. */
  onLost: (error: SqlError) => void
  /** Takes leave and resolves when the connection is closed. Nothing is running. */
  end(): Promise<void>
  /** Ends it at once; may be called again. What runs need not be settled. */
  destroy(): void
}

interface Waiting {
  readonly statement: SqlStatement
  readonly resolve: (results: readonly SqlResult[]) => void
  readonly reject: (error: SqlError) => void
}

export class QueuedSession implements SqlSession {
  readonly kind: DatabaseKind
  readonly lost: Promise<SqlError>
  readonly #connection: DriverConnection
  readonly #clock: Clock
  readonly #answerTimeoutMs: number
  readonly #tellLost: (error: SqlError) => void
  /** The first one runs. */
  readonly #waiting: Waiting[] = []
  #timer: Timer | null = null
  /** Why no statement is run any more. */
  #over: SqlError | null = null
  #closing: Promise<void> | null = null

  constructor(
    connection: DriverConnection,
    clock: Clock,
    { answerTimeoutMs }: Pick<SessionOptions, 'answerTimeoutMs'>,
  ) {
    const { promise, resolve } = Promise.withResolvers<SqlError>()
    this.kind = connection.kind
    this.lost = promise
    this.#tellLost = resolve
    this.#connection = connection
    this.#clock = clock
    this.#answerTimeoutMs = answerTimeoutMs
    connection.onLost = (error) => this.#lose(error)
  }

  run(statement: SqlStatement): Promise<readonly SqlResult[]> {
    if (this.#over) return Promise.reject(this.#over)
    const { promise, resolve, reject } = Promise.withResolvers<readonly SqlResult[]>()
    this.#waiting.push({ statement, resolve, reject })
    if (this.#waiting.length === 1) this.#runFirst()
    return promise
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #runFirst(): void {
    const first = this.#waiting[0]
    if (!first) return
    this.#timer = this.#clock.after(this.#answerTimeoutMs, () => this.#lose(this.#noAnswer()))
    this.#connection.execute(first.statement).then(
      (results) => this.#settle(first, () => first.resolve(results)),
      (error: SqlError) => {
        if (this.#waiting[0] === first && error.kind === 'Unreachable') this.#lose(error)
        else this.#settle(first, () => first.reject(error))
      },
    )
  }

  #settle(first: Waiting, settle: () => void): void {
    if (this.#waiting[0] !== first) return
    this.#timer?.cancel()
    this.#waiting.shift()
    settle()
    this.#runFirst()
  }

  #noAnswer(): SqlError {
    return new SqlError(
      'Unreachable',
      `Cannot go on with the database at ${this.#connection.host}: no answer for ${this.#answerTimeoutMs} ms`,
    )
  }

  #lose(error: SqlError): void {
    if (this.#over) return
    this.#giveUp(error)
    this.#connection.destroy()
    this.#tellLost(error)
  }

  #giveUp(error: SqlError): void {
    this.#over = error
    this.#timer?.cancel()
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  async #close(): Promise<void> {
    if (this.#over) return
    const isBusy = this.#waiting.length > 0
    this.#giveUp(
      new SqlError('Unreachable', `Cannot use the session with the database at ${this.#connection.host}: it is closed`),
    )
    if (!isBusy) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = this.#clock.after(sqlLimits.leaveMs, resolve)
      await Promise.race([this.#connection.end(), promise])
      timer.cancel()
    }
    this.#connection.destroy()
  }
}

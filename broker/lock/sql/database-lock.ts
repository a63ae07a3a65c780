// The lock on the row of ACTIVEMQ_LOCK, held by an open transaction, as ActiveMQ's DefaultDatabaseLocker has it: the database itself frees it when the holder's
// session ends, and then whoever waits for the row has it at once. A session that breaks off without a word ends when the server has
// not heard from it for some keep-alives; the holder has given up before.
//
// The term is raised on another session: it has to be durable, and the transaction with the row never ends well.
import type { SqlSession, SqlStatement } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../lock.ts'
import type { StorageRefusedError } from '../storage-refused-error.ts'
import { DatabaseHandle, patienceMs } from './database-handle.ts'
import { sqlLockLimits } from './limits.ts'
import { LockCandidate, type Attempt, type SqlLockOptions } from './lock-candidate.ts'
import { isConflict, isLeased, LockTables, type SeenLease } from './lock-tables.ts'

export interface DatabaseLockOptions extends SqlLockOptions {
  /** How often the holder proves that its session lives; 0 = never, then only its end tells. */
  readonly keepAlivePeriodMs?: number
}

export class DatabaseLock implements Lock {
  readonly kind = 'Database'
  readonly #options: DatabaseLockOptions & { readonly keepAlivePeriodMs: number }
  readonly #candidate: LockCandidate

  constructor(options: DatabaseLockOptions) {
    this.#options = { keepAlivePeriodMs: sqlLockLimits.keepAlivePeriodMs, ...options }
    this.#candidate = new LockCandidate(options, {
      settings: (kind) => databaseSettings(kind, this.#options.keepAlivePeriodMs),
      answerTimeoutMs: sqlLockLimits.answerTimeoutMs,
      attempt: (session, signal) => this.#attempt(session, signal),
    })
  }

  acquire(signal: AbortSignal): Promise<LockHandle> {
    return this.#candidate.acquire(signal)
  }

  get obstacle(): LockObstacle {
    return this.#candidate.obstacle
  }

  refusal(): Promise<StorageRefusedError | undefined> {
    return this.#candidate.refusal()
  }

  holder(): Promise<LockHolder | undefined> {
    return this.#candidate.holder()
  }

  async #attempt(session: SqlSession, signal: AbortSignal): Promise<Attempt> {
    const tables = new LockTables(session, this.#options.names)
    await this.#candidate.look(tables)
    await tables.begin()
    const lease = await this.#lockRow(session, tables, signal)
    // Whoever has it as a lease has it, too: members whose configurations differ.
    if (lease && !isLeased(lease)) return { handle: await this.#become(session, signal) }
    await tables.rollback()
    return { retryMs: lease ? Infinity : 0 }
  }

  /** Waits in the database, where the place in the queue is kept and the end of the holder is seen at once. */
  async #lockRow(session: SqlSession, tables: LockTables, signal: AbortSignal): Promise<SeenLease | undefined> {
    const timer = this.#options.clock.after(sqlLockLimits.heldAfterMs, () => this.#candidate.noteHeld())
    const giveUp = (): void => void session.close()
    signal.addEventListener('abort', giveUp)
    try {
      return await tables.lockRow()
    } catch (error) {
      if (isConflict(error)) return undefined
      throw error
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', giveUp)
    }
  }

  async #become(session: SqlSession, signal: AbortSignal): Promise<DatabaseHandle> {
    const { database, names, logger, clock, keepAlivePeriodMs } = this.#options
    const sentMs = clock.monotonicMs()
    const untilMs = keepAlivePeriodMs > 0 ? sentMs + patienceMs(keepAlivePeriodMs) : Infinity
    const beside = await this.#candidate.connect('term')
    try {
      const isHeld = (): boolean => !signal.aborted && clock.monotonicMs() < untilMs
      const term = await this.#candidate.raiseTerm(new LockTables(beside, names), isHeld)
      if (term === undefined) throw new SqlError('Conflict', `Cannot raise the term in ${names.state}: its row is gone`)
      logger.info('Acquired the lock', { database: database.place, term })
      return new DatabaseHandle({ ...this.#options, session, place: database.place, term, untilMs })
    } finally {
      await beside.close()
    }
  }
}

/** In whole seconds, because MySQL counts in them; it ends sessions that ask nothing, PostgreSQL those that do so in a transaction. */
function databaseSettings(kind: SqlSession['kind'], keepAlivePeriodMs: number): SqlStatement {
  const { lockWaitMs, keepAlivesMissed } = sqlLockLimits
  const idleS = Math.ceil((keepAlivePeriodMs * keepAlivesMissed) / 1000)
  if (kind === 'postgresql')
    return {
      text:
        `SET lock_timeout = ${lockWaitMs}; SET idle_in_transaction_session_timeout = ${idleS * 1000}; ` +
        // A server or a role may limit transactions, from version 17 on; this one lasts as long as its member is active.
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'",
    }
  const idle = idleS > 0 ? `, wait_timeout = ${idleS}` : ''
  return { text: `SET SESSION innodb_lock_wait_timeout = ${lockWaitMs / 1000}${idle}` }
}

// The row of ACTIVEMQ_LOCK that is held by an open transaction.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { SqlSession } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import type { LockHandle } from '../lock.ts'
import { Hold } from './hold.ts'
import { sqlLockLimits } from './limits.ts'
import { LockTables } from './lock-tables.ts'
import { waitAtMost } from './wait-at-most.ts'

export interface DatabaseHandleOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly names: TableNames
  /** In the transaction that has the row. */
  readonly session: SqlSession
  readonly place: string
  readonly term: number
  readonly keepAlivePeriodMs: number
  /** Of the monotonic clock: as long it is proven already. */
  readonly untilMs: number
}

/** How long the holder trusts a proof. */
export const patienceMs = (keepAlivePeriodMs: number): number => keepAlivePeriodMs * sqlLockLimits.keepAlivesUnanswered

export class DatabaseHandle implements LockHandle {
  readonly term: number
  readonly lost: Promise<Error>
  readonly #options: DatabaseHandleOptions
  readonly #hold: Hold
  readonly #tables: LockTables
  #timer: Timer | undefined

  constructor(options: DatabaseHandleOptions) {
    const { term, session, names, place, clock, logger, keepAlivePeriodMs, untilMs } = options
    this.term = term
    this.#options = options
    this.#tables = new LockTables(session, names)
    this.#hold = new Hold({
      clock,
      logger,
      fields: { database: place, term },
      unproven: () => `the database has not answered for ${patienceMs(keepAlivePeriodMs)} ms`,
    })
    this.lost = this.#hold.lost
    this.#hold.proveUntil(untilMs)
    this.#keepAlive()
    void session.lost.then((error) => this.#loseSession(error))
    void this.lost.then(() => this.#timer?.cancel())
  }

  verify(): void {
    this.#hold.verify()
  }

  async release(): Promise<void> {
    const wasLost = this.#hold.isOver
    if (!this.#hold.release()) return
    this.#timer?.cancel()
    if (!wasLost)
      this.#hold.noteReleased(await waitAtMost(this.#options.clock, sqlLockLimits.releaseMs, this.#tables.rollback()))
    await this.#options.session.close()
  }

  #keepAlive(): void {
    const { clock, keepAlivePeriodMs } = this.#options
    if (keepAlivePeriodMs > 0) this.#timer = clock.after(keepAlivePeriodMs, () => void this.#prove())
  }

  /**
   * Locks the row again, which it has: ActiveMQ updates it, and each time leaves a version of it that nothing can clean before this
   * transaction ends, and that each later update reads past. Nobody else sees any of them.
   */
  async #prove(): Promise<void> {
    const { clock, names, keepAlivePeriodMs } = this.#options
    try {
      const sentMs = clock.monotonicMs()
      if (!(await this.#tables.lockRow())) this.#hold.lose(`the row of ${names.lock} is gone`)
      this.#hold.proveUntil(sentMs + patienceMs(keepAlivePeriodMs))
      if (!this.#hold.isOver) this.#keepAlive()
    } catch (error) {
      this.#loseSession(error)
    }
  }

  #loseSession(error: unknown): void {
    this.#hold.lose(`its session with the database is lost: ${errorMessage(error)}`, error)
  }
}

// A lease that is held: renewed on a session that is replaced when it breaks, and given up by its holder before it ends.
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { SqlSession } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import type { LockHandle } from '../lock.ts'
import { Hold } from './hold.ts'
import { sqlLockLimits } from './limits.ts'
import { isConflict, LockTables } from './lock-tables.ts'
import { waitAtMost } from './wait-at-most.ts'

export interface LeaseHandleOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly names: TableNames
  readonly session: SqlSession
  readonly connect: () => Promise<SqlSession>
  readonly place: string
  readonly term: number
  readonly leaseHolder: string
  readonly renewal: { readonly durationMs: number; readonly trustedMs: number; readonly renewIntervalMs: number }
  /** Of the monotonic clock: as long it is proven already. */
  readonly untilMs: number
}

export class LeaseHandle implements LockHandle {
  readonly term: number
  readonly leaseHolder: string
  readonly lost: Promise<Error>
  readonly #options: LeaseHandleOptions
  readonly #hold: Hold
  #session: SqlSession | undefined
  #timer: Timer | undefined
  /** Why it cannot be renewed; undefined when it can. */
  #trouble: string | undefined

  constructor(options: LeaseHandleOptions) {
    const { term, leaseHolder, session, place, clock, logger, renewal, untilMs } = options
    this.term = term
    this.leaseHolder = leaseHolder
    this.#options = options
    this.#session = session
    this.#hold = new Hold({
      clock,
      logger,
      fields: { database: place, term },
      unproven: () =>
        `its lease of ${renewal.durationMs} ms was not renewed: ${this.#trouble ?? 'this process has not come to it'}`,
    })
    this.lost = this.#hold.lost
    this.#hold.proveUntil(untilMs)
    this.#renewAfter(renewal.renewIntervalMs)
    void this.lost.then(() => this.#timer?.cancel())
  }

  verify(): void {
    this.#hold.verify()
  }

  /** The lease is free at once. One that was lost, or that the database does not hear of, ends by itself. */
  async release(): Promise<void> {
    const wasLost = this.#hold.isOver
    if (!this.#hold.release()) return
    this.#timer?.cancel()
    const session = this.#session
    this.#session = undefined
    if (!wasLost) this.#hold.noteReleased(session !== undefined && (await this.#free(session)))
    await session?.close()
  }

  #free(session: SqlSession): Promise<boolean> {
    const { clock, names } = this.#options
    return waitAtMost(clock, sqlLockLimits.releaseMs, new LockTables(session, names).freeLease(this.leaseHolder))
  }

  #renewAfter(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const { clock, names, renewal } = this.#options
    try {
      const session = await this.#connected()
      if (!session) return
      const tables = new LockTables(session, names)
      const sentMs = clock.monotonicMs()
      if (!(await this.#answer(session, tables))) return await this.#giveUp(tables)
      this.#proven(sentMs + renewal.trustedMs)
      if (!this.#hold.isOver) this.#renewAfter(Math.max(0, renewal.renewIntervalMs - (clock.monotonicMs() - sentMs)))
    } catch (error) {
      await this.#retry(error)
    }
  }

  /** Sooner than a session gives up: there has to be time for another one. */
  async #answer(session: SqlSession, tables: LockTables): Promise<boolean> {
    const { clock, renewal } = this.#options
    const { renewalAnswerShare, rowWaitMs } = sqlLockLimits
    const answerMs = Math.max(renewal.durationMs * renewalAnswerShare, rowWaitMs + rowWaitMs / 4)
    let isSilent = false
    const timer = clock.after(answerMs, () => {
      isSilent = true
      void session.close()
    })
    try {
      return await tables.renewLease(this.leaseHolder, renewal.durationMs)
    } catch (error) {
      throw isSilent ? new SqlError('Unreachable', `no answer for ${answerMs} ms`, { cause: error }) : error
    } finally {
      timer.cancel()
    }
  }

  /** undefined: it is not needed any more. */
  async #connected(): Promise<SqlSession | undefined> {
    if (this.#session) return this.#session
    const session = await this.#options.connect()
    if (!this.#hold.isOver) return (this.#session = session)
    await session.close()
    return undefined
  }

  #proven(untilMs: number): void {
    const { logger, place } = this.#options
    if (this.#hold.isOver) return
    this.#hold.proveUntil(untilMs)
    if (this.#trouble !== undefined) logger.info('The lease is renewed again', { database: place, term: this.term })
    this.#trouble = undefined
  }

  async #retry(error: unknown): Promise<void> {
    const { logger, place } = this.#options
    const reason = errorMessage(error)
    if (this.#hold.isOver) return
    if (this.#trouble === undefined)
      logger.warn('Cannot renew the lease now, and keep on trying', { database: place, term: this.term, reason })
    this.#trouble = reason
    if (!isConflict(error)) await this.#leaveSession()
    if (!this.#hold.isOver) this.#renewAfter(sqlLockLimits.renewalRetryMs)
  }

  async #leaveSession(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.close()
  }

  async #giveUp(tables: LockTables): Promise<void> {
    const by = await tables.look().then(
      (seen) => (seen?.leaseHolder ? `that of ${seen.leaseHolder}` : "nobody's"),
      () => "another's",
    )
    this.#hold.lose(`the lease in ${this.#options.names.lock} is ${by}`)
  }
}

// A member that wants a lock in a database: it keeps one session, looks whose the tables are before each attempt, waits while another member has
// the lock, and goes on trying while the database is away. What an attempt is, each lock knows (lease-lock.ts, database-lock.ts).
import type { Clock } from '../../base/clock.ts'
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { Database, SqlSession, SqlStatement } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { AttemptPauses } from '../attempt-pauses.ts'
import type { OpenWatch } from '../holder-watch.ts'
import type { LockHandle, LockHolder, LockObstacle } from '../lock.ts'
import { StorageRefusedError } from '../storage-refused-error.ts'
import { ensureTables } from './ensure-tables.ts'
import { sqlLockLimits } from './limits.ts'
import { isConflict, LockTables, type SeenLock } from './lock-tables.ts'
import { waitAtMost } from './wait-at-most.ts'

export interface SqlLockOptions {
  readonly database: Database
  readonly names: TableNames
  /** Whether tables that are not there are made; else they are waited for. */
  readonly createTables: boolean
  /** Name that all members of the group have: whose tables they are. */
  readonly brokerName: string
  /** Name of this member, shown to people and to the other members. */
  readonly member: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** How often a standby tries. */
  readonly acquireIntervalMs?: number
  /** Rejects with SqlError while this member could do nothing with the lock, because its store gets no connections. */
  readonly ready?: () => Promise<void>
  /** Where others can ask this member and wait for its end, once it holds the lock. */
  readonly watchUrl?: () => string
}

/** What an attempt has come to: the lock; or another has it, and is asked again, at the latest after acquireInterval. */
export type Attempt = { readonly handle: LockHandle } | { readonly retryMs: number }

export interface Contest {
  /** What each session of the lock is told first. */
  readonly settings: (kind: SqlSession['kind']) => SqlStatement
  readonly answerTimeoutMs: number
  /** How the end of the holder is waited for, where an attempt does not do so. */
  readonly openWatch?: OpenWatch | undefined
  /** The session is the handle's, when the attempt has the lock. */
  readonly attempt: (session: SqlSession, signal: AbortSignal) => Promise<Attempt>
}

export class LockCandidate {
  readonly #options: SqlLockOptions
  readonly #contest: Contest
  readonly #pauses: AttemptPauses
  #obstacle: LockObstacle = { kind: 'Unknown' }
  #areTablesThere = false
  #seen: { readonly owner: string | null; readonly holder: LockHolder | undefined; readonly atMs: number } | undefined
  #looking: Promise<void> | undefined

  constructor(options: SqlLockOptions, contest: Contest) {
    this.#options = options
    this.#contest = contest
    this.#pauses = new AttemptPauses({ ...options, openWatch: contest.openWatch })
  }

  get obstacle(): LockObstacle {
    return this.#obstacle
  }

  /** undefined also while the database cannot be asked: then it is waited for. */
  async refusal(): Promise<StorageRefusedError | undefined> {
    await waitAtMost(this.#options.clock, sqlLockLimits.refusalAnswerMs, this.#lookAnew())
    return this.#foreign()
  }

  async holder(): Promise<LockHolder | undefined> {
    const { clock } = this.#options
    if (!this.#seen || clock.monotonicMs() - this.#seen.atMs >= sqlLockLimits.holderFreshMs)
      await waitAtMost(clock, sqlLockLimits.holderAnswerMs, this.#lookAnew())
    return this.#seen?.holder
  }

  /** Rejects with StorageRefusedError, or with the reason of `signal`; never because of the database. */
  async acquire(signal: AbortSignal): Promise<LockHandle> {
    this.#obstacle = { kind: 'Unknown' }
    let session: SqlSession | undefined
    let troubles = 0
    try {
      for (;;) {
        signal.throwIfAborted()
        let delayMs = this.#intervalMs
        try {
          session ??= await this.connect('lock')
          await this.#options.ready?.()
          signal.throwIfAborted()
          const attempt = await this.#contest.attempt(session, signal)
          if ('handle' in attempt) {
            session = undefined
            return await unlessGivenUp(attempt.handle, signal)
          }
          troubles = 0
          this.noteHeld()
          this.#pauses.follow(this.#seen?.holder)
          delayMs = Math.min(attempt.retryMs, this.#intervalMs)
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof SqlError)) throw error
          this.#complain(error)
          await session?.close()
          session = undefined
          delayMs = Math.min(this.#intervalMs * 2 ** troubles++, sqlLockLimits.troubleIntervalMs)
        }
        await this.#pauses.pause(delayMs, signal)
      }
    } finally {
      this.#pauses.stop()
      await session?.close()
    }
  }

  /** With the tables there, and nobody else's. Throws StorageRefusedError. */
  async look(tables: LockTables): Promise<SeenLock> {
    let seen = await tables.look()
    if (!seen) {
      await tables.insertRows()
      seen = await tables.look()
    }
    if (!seen)
      throw new SqlError(
        'Missing',
        `Cannot use table ${this.#options.names.lock}: its row with ID 1 is removed again and again`,
      )
    this.#note(seen.owner, seen.holder)
    const refusal = this.#foreign()
    if (refusal) throw refusal
    return seen
  }

  /**
   * The new term; undefined: the lease is another's meanwhile. Waits for a batch that the last holder's store is writing, until then `isHeld` has to
   * be true. Throws StorageRefusedError when the tables are another broker's.
   */
  async raiseTerm(tables: LockTables, isHeld: () => boolean, leaseHolder?: string): Promise<number | undefined> {
    const { brokerName, watchUrl } = this.#options
    const url = watchUrl?.()
    const by = {
      brokerName,
      member: cut(this.#options.member, sqlLockLimits.nameLength),
      watchUrl: url !== undefined && url.length <= sqlLockLimits.nameLength ? url : undefined,
    }
    for (;;)
      try {
        const term = await tables.raiseTerm(by, leaseHolder)
        if (term === undefined) await this.look(tables)
        else this.#note(brokerName, { ...by, term })
        return term
      } catch (error) {
        if (!isConflict(error) || !isHeld()) throw error
      }
  }

  /** A session for the lock; for what, is shown in the database's list. */
  async connect(purpose: string): Promise<SqlSession> {
    const { names, createTables } = this.#options
    const { createTimeoutMs } = sqlLockLimits
    const session = await this.#connect(purpose)
    try {
      await session.run(this.#contest.settings(session.kind))
      if (!this.#areTablesThere)
        await ensureTables(session, names, createTables ? () => this.#connect('tables', createTimeoutMs) : undefined)
      this.#areTablesThere = true
      return session
    } catch (error) {
      await session.close()
      throw error
    }
  }

  noteHeld(): void {
    if (this.#obstacle.kind === 'Held') return
    const { database, logger } = this.#options
    this.#obstacle = { kind: 'Held' }
    logger.info('Waiting for the lock', { database: database.place, holder: this.#seen?.holder?.member })
  }

  get #intervalMs(): number {
    return this.#options.acquireIntervalMs ?? sqlLockLimits.acquireIntervalMs
  }

  #connect(purpose: string, answerTimeoutMs = this.#contest.answerTimeoutMs): Promise<SqlSession> {
    const { database, brokerName, member } = this.#options
    return database.connect({ applicationName: `flotilla/${brokerName}/${member}/${purpose}`, answerTimeoutMs })
  }

  /** On a session of its own, because the one that waits may wait for long. */
  #lookAnew(): Promise<void> {
    this.#looking ??= this.#readOwner().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #readOwner(): Promise<void> {
    let session
    try {
      session = await this.#connect('look')
      const seen = await new LockTables(session, this.#options.names).look()
      this.#note(seen?.owner ?? null, seen?.holder)
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      // Without tables nobody has the lock; else the last that is known.
      if (error.kind === 'Missing') this.#note(null, undefined)
    } finally {
      await session?.close()
    }
  }

  #note(owner: string | null, holder: LockHolder | undefined): void {
    this.#seen = { owner, holder, atMs: this.#options.clock.monotonicMs() }
  }

  #foreign(): StorageRefusedError | undefined {
    const { database, names, brokerName } = this.#options
    const owner = this.#seen?.owner ?? null
    if (owner === null || owner === brokerName) return undefined
    return new StorageRefusedError(
      `Cannot use database ${database.place}: its tables belong to broker ${owner}, and this one is ${brokerName}; give this one a tablePrefix of its own, or, if ${owner} is gone for good and its messages are to be taken over, set BROKER_NAME of ${names.state} to NULL`,
      { fields: { database: database.place, brokerName, owner } },
    )
  }

  /** Once for each new reason: it may last for days. */
  #complain(error: SqlError): void {
    const { database, logger } = this.#options
    const reason = errorMessage(error)
    if (error.kind === 'Missing') this.#areTablesThere = false
    if (this.#obstacle.kind === 'Trouble' && reason === this.#obstacle.reason) return
    this.#obstacle = { kind: 'Trouble', reason }
    logger.warn('Cannot try the lock now, and keep on trying', { database: database.place, reason })
  }
}

/** At most so many UTF-16 units, and no half character. */
const cut = (text: string, length: number): string => text.slice(0, length).toWellFormed()

async function unlessGivenUp(handle: LockHandle, signal: AbortSignal): Promise<LockHandle> {
  if (!signal.aborted) return handle
  await handle.release()
  throw signal.reason
}

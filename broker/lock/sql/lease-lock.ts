// A lock for a time, in ACTIVEMQ_LOCK, as ActiveMQ's LeaseDatabaseLocker has it: whoever holds it renews it, and whoever finds it run out takes
// it. A holder that is gone without a word is followed when its lease is over, however it went and whatever became of its connection.
//
// Two things keep two members apart. The database's clock alone says when the lease ends; the holder reckons with its monotonic clock from
// before the renewal was sent, and gives up before. And a write of the store finds its name and term in the database, or is not done.
import type { SqlSession, SqlStatement } from '../../sql/database.ts'
import type { OpenWatch } from '../holder-watch.ts'
import type { Lock, LockHandle, LockHolder, LockObstacle } from '../lock.ts'
import type { StorageRefusedError } from '../storage-refused-error.ts'
import { LeaseHandle } from './lease-handle.ts'
import { sqlLockLimits } from './limits.ts'
import { LockCandidate, type Attempt, type SqlLockOptions } from './lock-candidate.ts'
import { isConflict, isLeased, LockTables } from './lock-tables.ts'

export interface LeaseLockOptions extends SqlLockOptions {
  /** How long the lock is had after the last renewal. */
  readonly durationMs?: number
  readonly renewIntervalMs?: number
  /** How the end of the holder is waited for; not at all if not given. */
  readonly openWatch?: OpenWatch
}

export class LeaseLock implements Lock {
  readonly kind = 'Lease'
  readonly #options: LeaseLockOptions & { readonly durationMs: number; readonly renewIntervalMs: number }
  readonly #candidate: LockCandidate
  #leaseHolder = ''

  constructor(options: LeaseLockOptions) {
    const { leaseDurationMs, renewIntervalMs, answerTimeoutMs } = sqlLockLimits
    this.#options = { durationMs: leaseDurationMs, renewIntervalMs, ...options }
    this.#candidate = new LockCandidate(options, {
      settings: leaseSettings,
      answerTimeoutMs,
      openWatch: options.openWatch,
      attempt: (session, signal) => this.#attempt(session, signal),
    })
  }

  acquire(signal: AbortSignal): Promise<LockHandle> {
    this.#leaseHolder = this.#newName()
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
    const { names, clock, durationMs } = this.#options
    const tables = new LockTables(session, names)
    const askedMs = clock.nowMs()
    const seen = await this.#candidate.look(tables)
    const answeredMs = clock.nowMs()
    // Ours: the answer to an earlier attempt was lost.
    const isOurs = seen.leaseHolder === this.#leaseHolder
    if (isLeased(seen) && !isOurs) return { retryMs: seen.leaseEndMs! - seen.nowMs + 1 }
    const sentMs = clock.monotonicMs()
    if (!(await this.#obtain(tables, isOurs))) return { retryMs: Infinity }
    this.#compareClocks(seen.nowMs, askedMs, answeredMs)
    try {
      const untilMs = sentMs + trusted(durationMs)
      const isHeld = (): boolean => !signal.aborted && clock.monotonicMs() < untilMs
      const term = await this.#candidate.raiseTerm(tables, isHeld, this.#leaseHolder)
      return term === undefined ? { retryMs: Infinity } : { handle: this.#handle(session, term, untilMs) }
    } catch (error) {
      await tables.freeLease(this.#leaseHolder).catch(() => {})
      throw error
    }
  }

  /** Somebody who has locked the row, as ActiveMQ's database-locker does, has the lock. */
  async #obtain(tables: LockTables, isOurs: boolean): Promise<boolean> {
    const { durationMs } = this.#options
    try {
      return await (isOurs
        ? tables.renewLease(this.#leaseHolder, durationMs)
        : tables.obtainLease(this.#leaseHolder, durationMs))
    } catch (error) {
      if (isConflict(error)) return false
      throw error
    }
  }

  #handle(session: SqlSession, term: number, untilMs: number): LeaseHandle {
    const { database, logger } = this.#options
    logger.info('Acquired the lock', { database: database.place, term })
    const { durationMs, renewIntervalMs } = this.#options
    return new LeaseHandle({
      ...this.#options,
      session,
      connect: () => this.#candidate.connect('lock'),
      place: database.place,
      term,
      leaseHolder: this.#leaseHolder,
      renewal: { durationMs, trustedMs: trusted(durationMs), renewIntervalMs },
      untilMs,
    })
  }

  /** Harmless among our members; ActiveMQ's reckon with their own clocks, unless they are told not to. */
  #compareClocks(databaseMs: number, askedMs: number, answeredMs: number): void {
    const { database, logger } = this.#options
    const differenceMs = databaseMs - (askedMs + answeredMs) / 2
    const uncertainMs = (answeredMs - askedMs) / 2
    if (Math.abs(differenceMs) - uncertainMs <= sqlLockLimits.clockDifferenceMs) return
    logger.warn('The clock of the database differs from ours', {
      database: database.place,
      differenceMs: Math.round(differenceMs),
    })
  }

  /** Of each life of a member another one: nobody renews what another life has. In ASCII, because ActiveMQ's table may know nothing else. */
  #newName(): string {
    const { brokerName, member, random } = this.#options
    const digits = Array.from({ length: 12 }, () => Math.floor(random.next() * 16).toString(16))
    return `flotilla:${brokerName}/${asciiOf(member).slice(0, sqlLockLimits.memberLength)}/${digits.join('')}`
  }
}

const asciiOf = (text: string): string => text.replace(/[^ -~]/g, '?')

const trusted = (durationMs: number): number => durationMs * (1 - sqlLockLimits.clockRateShare)

const leaseSettings = (kind: SqlSession['kind']): SqlStatement => {
  const { rowWaitMs } = sqlLockLimits
  return {
    text:
      kind === 'postgresql'
        ? `SET lock_timeout = ${rowWaitMs}`
        : `SET SESSION innodb_lock_wait_timeout = ${rowWaitMs / 1000}`,
  }
}

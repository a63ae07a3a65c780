// The lease by itself: its times, and a database that is away, silent, or of another time.
import { beforeEach, describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { lockLimits } from '../../../../broker/lock/limits.ts'
import type { LockHandle } from '../../../../broker/lock/lock.ts'
import { LeaseLock, type LeaseLockOptions } from '../../../../broker/lock/sql/lease-lock.ts'
import { SqlError } from '../../../../broker/sql/sql-error.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { DelayClock, FakeWatches } from '../../../support/fake-watches.ts'
import { LoggedLines } from '../../../support/logged-lines.ts'
import { PlayedLockDatabase } from '../../../support/played-lock-database.ts'

const never = new AbortController().signal
const refused = new SqlError('Unreachable', 'connection refused')

let clock: ManualClock
let database: PlayedLockDatabase
let log: LoggedLines
beforeEach(() => {
  clock = new ManualClock()
  database = new PlayedLockDatabase(clock)
  log = new LoggedLines()
})

const lockOf = (member: string, options: Partial<LeaseLockOptions> = {}): LeaseLock =>
  new LeaseLock({
    database,
    names: tableNames(''),
    createTables: true,
    brokerName: 'orders',
    member,
    clock,
    random: seededRandom(1),
    logger: log,
    acquireIntervalMs: 250,
    durationMs: 5000,
    renewIntervalMs: 1000,
    ...options,
  })

const proof = async (handle: LockHandle): Promise<void> => handle.verify()

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Lets time pass in small steps, and whatever is asked meanwhile be answered. */
async function pass(durationMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += 50) {
    clock.advance(50)
    await turn()
  }
}

describe('the holder', () => {
  test('stands in the table under a name of this life, and tells whom to watch', async () => {
    const lock = lockOf('orders-0', { watchUrl: () => 'http://10.1.2.3:8161/watch' })
    const first = await lock.acquire(never)
    expect(database.lease.holder).toMatch(/^flotilla:orders\/orders-0\/[0-9a-f]{12}$/)
    expect(first.leaseHolder).toBe(database.lease.holder)
    expect(await lock.holder()).toEqual({
      brokerName: 'orders',
      member: 'orders-0',
      term: 1,
      watchUrl: 'http://10.1.2.3:8161/watch',
    })
    await first.release()
    const second = await lock.acquire(never)
    expect(second.leaseHolder).not.toBe(first.leaseHolder)
    await second.release()
  })

  test('of a name that is too long for the column stands there with as much as fits', async () => {
    const handle = await lockOf('m'.repeat(1000), { watchUrl: () => `http://${'h'.repeat(300)}/` }).acquire(never)
    expect(handle.leaseHolder!.length).toBeLessThanOrEqual(250)
    expect(database.state).toMatchObject({ member: 'm'.repeat(250), watchUrl: null })
    await handle.release()
  })

  test('renews it each second, and frees it in the end', async () => {
    const handle = await lockOf('a').acquire(never)
    await pass(60_000)
    await handle.verify()
    expect(database.lease.endMs).toBeGreaterThan(clock.nowMs() + 3900)
    await handle.release()
    expect(database.lease).toEqual({ holder: null, endMs: 0 })
    expect(database.openSessions).toBe(0)
    expect(clock.pendingTimers).toBe(0)
  })

  test('says that it is released only when the database has heard of it', async () => {
    await (await lockOf('a').acquire(never)).release()
    const last = (level: 'info' | 'warn'): string | undefined => log.of(level).at(-1)?.[0]
    expect(last('info')).toBe('Released the lock')
    const handle = await lockOf('a').acquire(never)
    database.trouble = refused
    await handle.release()
    expect(last('info')).toBe('Acquired the lock')
    expect(last('warn')).toBe('The database does not hear that the lock is released, which ends by itself')
    expect(database.lease.holder).toBe(handle.leaseHolder)
  })

  test('gives up before its lease ends in the database when that does not answer', async () => {
    const handle = await lockOf('a').acquire(never)
    await pass(2000)
    const endMs = database.lease.endMs!
    database.isSilent = true
    while (clock.nowMs() < endMs - 250) {
      await handle.verify()
      await pass(50)
    }
    await expect(proof(handle)).rejects.toThrow('its lease of 5000 ms was not renewed: no answer for 1250 ms')
    expect(await handle.lost).toMatchObject({ code: 'LOCK_LOST' })
  })

  test('that was paused for longer than its lease finds out at its next proof, before any timer', async () => {
    let pausedMs = 0
    const paused = {
      nowMs: () => clock.nowMs() + pausedMs,
      monotonicMs: () => clock.monotonicMs() + pausedMs,
      after: clock.after.bind(clock),
    }
    const handle = await lockOf('a', { clock: paused }).acquire(never)
    await handle.verify()
    pausedMs = 6000
    await expect(proof(handle)).rejects.toThrow('this process has not come to it')
    await handle.release()
  })

  test('goes on over a break that is shorter than its lease, and tells of it once', async () => {
    const handle = await lockOf('a').acquire(never)
    database.trouble = refused
    await pass(3500)
    database.trouble = undefined
    await pass(3500)
    await handle.verify()
    expect(log.of('warn')).toEqual([
      [
        'Cannot renew the lease now, and keep on trying',
        { database: 'db:5432/orders', term: 1, reason: 'connection refused' },
      ],
    ])
    expect(log.of('info').map(([message]) => message)).toContain('The lease is renewed again')
    await handle.release()
    expect(database.openSessions).toBe(0)
  })

  test('loses it over a longer one, with the reason', async () => {
    const handle = await lockOf('a').acquire(never)
    database.trouble = refused
    await pass(5000)
    expect((await handle.lost).message).toBe(
      'Cannot go on as holder of the lock: its lease of 5000 ms was not renewed: connection refused',
    )
    await handle.release()
    expect(clock.pendingTimers).toBe(0)
  })

  test('learns with its next renewal who has taken it', async () => {
    const handle = await lockOf('a').acquire(never)
    database.lease = { holder: 'broker-a', endMs: clock.nowMs() + 9000 }
    await pass(1000)
    expect((await handle.lost).message).toContain('the lease in ACTIVEMQ_LOCK is that of broker-a')
    await handle.release()
    expect(database.lease.holder).toBe('broker-a')
  })
})

describe('a standby', () => {
  test('has it when the lease of a holder that is gone has ended, and not before', async () => {
    database.lease = { holder: 'flotilla:orders/gone/0', endMs: clock.nowMs() + 4210 }
    const acquired = lockOf('b').acquire(never)
    await turn()
    await pass(4200)
    expect(database.lease.holder).toBe('flotilla:orders/gone/0')
    clock.advance(11)
    const handle = await acquired
    expect(handle.term).toBe(1)
    await handle.release()
  })

  test('keeps to the clock of the database, and warns of one that differs', async () => {
    database.aheadMs = 3_600_000
    database.lease = { holder: 'flotilla:orders/gone/0', endMs: clock.nowMs() + 3_600_000 + 500 }
    const acquired = lockOf('b').acquire(never)
    await turn()
    await pass(550)
    const handle = await acquired
    expect(log.of('warn')).toEqual([
      ['The clock of the database differs from ours', { database: 'db:5432/orders', differenceMs: 3_600_000 }],
    ])
    await pass(20_000)
    await handle.verify()
    await handle.release()
  })

  test('whose database is away says why, tries less often, and has it when it comes', async () => {
    database.trouble = refused
    const lock = lockOf('a')
    expect(await lock.refusal()).toBeUndefined()
    expect(await lock.holder()).toBeUndefined()
    const acquired = lock.acquire(never)
    await pass(60_000)
    expect(lock.obstacle).toEqual({ kind: 'Trouble', reason: 'connection refused' })
    expect(log.of('warn')).toEqual([
      ['Cannot try the lock now, and keep on trying', { database: 'db:5432/orders', reason: 'connection refused' }],
    ])
    database.trouble = undefined
    await pass(3000)
    const handle = await acquired
    await handle.release()
    expect(database.openSessions).toBe(0)
  })

  test('whose store gets no connections leaves the lock to others, and says why', async () => {
    let trouble: SqlError | undefined = new SqlError('Unreachable', 'too many connections')
    const lock = lockOf('a', {
      ready: async () => {
        if (trouble) throw trouble
      },
    })
    const acquired = lock.acquire(never)
    await pass(10_000)
    expect(lock.obstacle).toEqual({ kind: 'Trouble', reason: 'too many connections' })
    expect(database.state.term).toBe(0)
    const other = await lockOf('b').acquire(never)
    await other.release()
    trouble = undefined
    await pass(3000)
    const handle = await acquired
    expect(handle.term).toBe(other.term + 1)
    await handle.release()
  })

  test('that had it without getting the answer has it', async () => {
    database.losesAnswer = /SET BROKER_NAME/
    const acquired = lockOf('a').acquire(never)
    await turn()
    expect(database.lease.holder).toMatch(/^flotilla:orders\/a\//)
    await pass(250)
    const handle = await acquired
    await handle.verify()
    expect(handle.term).toBe(1)
    await handle.release()
  })

  test('of another broker is refused with both names, also while nobody runs', async () => {
    const handle = await lockOf('a').acquire(never)
    await handle.release()
    const stranger = lockOf('z', { brokerName: 'invoices' })
    const text =
      'Cannot use database db:5432/orders: its tables belong to broker orders, and this one is invoices; give this one a tablePrefix of its own'
    expect((await stranger.refusal())?.message).toContain(text)
    await expect(stranger.acquire(never)).rejects.toThrow(text)
    expect(database.lease.holder).toBeNull()
    expect(database.openSessions).toBe(0)
  })

  test('that gives up leaves no session and no timer behind', async () => {
    const handle = await lockOf('a').acquire(never)
    const giveUp = new AbortController()
    const waiting = lockOf('b').acquire(giveUp.signal)
    await turn()
    await pass(1000)
    expect(database.openSessions).toBe(2)
    giveUp.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
    expect(database.openSessions).toBe(1)
    await handle.release()
    expect(clock.pendingTimers).toBe(0)
  })

  test('does not answer for its holder longer than a moment while the database is silent', async () => {
    const lock = lockOf('b')
    database.state = { term: 3, owner: 'orders', member: 'a', watchUrl: null }
    expect(await lock.holder()).toMatchObject({ member: 'a', term: 3 })
    database.isSilent = true
    clock.advance(10_000)
    const answer = lock.holder()
    await turn()
    clock.advance(500)
    expect(await answer).toMatchObject({ member: 'a', term: 3 })
  })
})

describe('a standby that watches the holder', () => {
  const watchUrl = (): string => 'http://10.1.2.3:8161/watch'
  let watches: FakeWatches
  let delays: DelayClock
  beforeEach(() => {
    watches = new FakeWatches()
    delays = new DelayClock()
    database = new PlayedLockDatabase(delays)
  })

  test('has the lease at once when the holder has let go of it and ended', async () => {
    const first = await lockOf('a', { watchUrl }).acquire(never)
    const acquired = lockOf('b', { clock: delays, openWatch: watches.openWatch }).acquire(never)
    await delays.delays(1)
    expect(watches.open).toMatchObject([{ url: watchUrl() }])
    await first.release()
    watches.open[0]!.end(true)
    const second = await acquired
    expect([second.term, watches.open]).toEqual([2, []])
    await second.release()
  })

  test('asks in a hurry for a moment, and then as usual, when the lease of a holder that was killed goes on', async () => {
    database.lease = { holder: 'flotilla:orders/a/0', endMs: delays.nowMs() + 5000 }
    database.state = { term: 1, owner: 'orders', member: 'a', watchUrl: watchUrl() }
    const acquired = lockOf('b', { clock: delays, openWatch: watches.openWatch }).acquire(never)
    await delays.delays(1)
    watches.open[0]!.end(true)
    for (let attempt = 1; attempt <= lockLimits.hurriedAttempts; attempt++) {
      await delays.delays(attempt + 1)
      delays.advance(lockLimits.hurriedIntervalMs)
      // Nobody is there any more.
      watches.open[0]?.end(false)
    }
    await delays.delays(lockLimits.hurriedAttempts + 2)
    expect(delays.asked.slice(0, -1)).toEqual([250, ...Array<number>(lockLimits.hurriedAttempts).fill(10)])
    expect(delays.asked.at(-1)).toBe(250)
    for (let asked = delays.asked.length; database.lease.holder === 'flotilla:orders/a/0'; asked++) {
      await delays.delays(asked)
      delays.advance(delays.asked[asked - 1]!)
      await turn()
    }
    const handle = await acquired
    expect(delays.monotonicMs()).toBe(5001)
    await handle.release()
    expect([watches.open, delays.pendingTimers]).toEqual([[], 0])
  })

  test('that gives up watches nobody any more', async () => {
    const first = await lockOf('a', { watchUrl }).acquire(never)
    const giveUp = new AbortController()
    const waiting = lockOf('b', { clock: delays, openWatch: watches.openWatch }).acquire(giveUp.signal)
    await delays.delays(1)
    giveUp.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
    expect(watches.open).toEqual([])
    await first.release()
  })
})

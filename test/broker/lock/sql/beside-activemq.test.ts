// Our locks and ActiveMQ's, which is played by the statements of its lockers (Statements of activemq-jdbc-store), on real databases: whoever has the
// lock keeps the other out, and is followed when it ends.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemRandom } from '../../../../broker/base/random.ts'
import type { LockHandle } from '../../../../broker/lock/lock.ts'
import { DatabaseLock } from '../../../../broker/lock/sql/database-lock.ts'
import { LeaseLock } from '../../../../broker/lock/sql/lease-lock.ts'
import type { SqlLockOptions } from '../../../../broker/lock/sql/lock-candidate.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import type { SqlError } from '../../../../broker/sql/sql-error.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { ObservedDatabase, openTestDatabase } from '../../../support/observed-database.ts'

const never = new AbortController().signal
const databases = await Promise.all((await testDatabases()).map((server) => freshDatabase(server)))
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(() => Promise.all(databases.map(({ drop }) => drop())))

let settings = 0

describe.each(databases)('on $kind', (server) => {
  interface Setting {
    readonly options: SqlLockOptions
    readonly database: ObservedDatabase
    /** A session of ActiveMQ's. */
    readonly activemq: SqlSession
    readonly table: string
  }

  async function open(): Promise<Setting> {
    const database = new ObservedDatabase(await openTestDatabase(server))
    const names = tableNames(`t${++settings}_`)
    const activemq = await database.connect({ applicationName: 'activemq', answerTimeoutMs: 60_000 })
    ends.push(() => activemq.close())
    const options = {
      database,
      names,
      createTables: true,
      brokerName: 'orders',
      member: 'a',
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      acquireIntervalMs: 20,
    }
    return { options, database, activemq, table: names.lock }
  }

  /** With tables and a row, which somebody has to have made. */
  async function opened(): Promise<Setting> {
    const setting = await open()
    await release(await new LeaseLock(setting.options).acquire(never))
    return setting
  }

  const release = (handle: LockHandle): Promise<void> => handle.release()

  const changed = async (session: SqlSession, text: string): Promise<number> =>
    (await session.run({ text }))[0]!.changed

  // LeaseDatabaseLocker.
  const obtain = ({ activemq, table }: Setting, nowMs: number, leaseMs: number): Promise<number> =>
    changed(
      activemq,
      `UPDATE ${table} SET BROKER_NAME='other', TIME=${nowMs + leaseMs} WHERE (TIME IS NULL OR TIME < ${nowMs}) AND ID = 1`,
    )
  const renew = ({ activemq, table }: Setting, nowMs: number, leaseMs: number): Promise<number> =>
    changed(
      activemq,
      `UPDATE ${table} SET BROKER_NAME='other', TIME=${nowMs + leaseMs} WHERE BROKER_NAME='other' AND ID = 1`,
    )
  const free = ({ activemq, table }: Setting): Promise<number> =>
    changed(activemq, `UPDATE ${table} SET BROKER_NAME=NULL, TIME=0 WHERE BROKER_NAME='other' AND ID = 1`)

  // DefaultDatabaseLocker, with a limit to its wait.
  async function lockRow({ activemq, table }: Setting): Promise<boolean> {
    const limit =
      server.kind === 'postgresql' ? "SET lock_timeout = '100ms'" : 'SET SESSION innodb_lock_wait_timeout = 1'
    await activemq.run({ text: limit })
    await activemq.run({ text: 'BEGIN' })
    try {
      await activemq.run({ text: `SELECT * FROM ${table} FOR UPDATE` })
      expect(await changed(activemq, `UPDATE ${table} SET TIME = 1700000000000 WHERE ID = 1`)).toBe(1)
      return true
    } catch (error) {
      expect((error as SqlError).kind).toBe('Conflict')
      await activemq.run({ text: 'ROLLBACK' })
      return false
    }
  }

  test('ActiveMQ waits for our lease, and has it when it is released', async () => {
    const setting = await open()
    const handle = await new LeaseLock(setting.options).acquire(never)
    expect(await obtain(setting, Date.now(), 9000)).toBe(0)
    expect(await renew(setting, Date.now(), 9000)).toBe(0)
    await handle.verify()
    await handle.release()
    expect(await obtain(setting, Date.now(), 9000)).toBe(1)
    expect(await renew(setting, Date.now(), 9000)).toBe(1)
  })

  test("we wait for ActiveMQ's lease, and have it when it is released, and when it has run out", async () => {
    const setting = await opened()
    expect(await obtain(setting, Date.now(), 60_000)).toBe(1)
    const looked = setting.database.next(/^SELECT l/, true)
    const lock = new LeaseLock(setting.options)
    const waiting = lock.acquire(never)
    await looked
    await setting.database.next(/^SELECT l/, true)
    expect(lock.obstacle).toEqual({ kind: 'Held' })
    expect(await free(setting)).toBe(1)
    await release(await waiting)
    expect(await obtain(setting, Date.now(), 300)).toBe(1)
    await release(await lock.acquire(never))
    expect(await renew(setting, Date.now(), 9000)).toBe(0)
  })

  test('ActiveMQ waits for our row, and has it when it is released', async () => {
    const setting = await open()
    const handle = await new DatabaseLock(setting.options).acquire(never)
    expect(await lockRow(setting)).toBe(false)
    await handle.verify()
    await handle.release()
    expect(await lockRow(setting)).toBe(true)
  })

  test("we wait for ActiveMQ's row, whichever lock we have, and have it at once when it lets go", async () => {
    const setting = await opened()
    for (const lock of [new DatabaseLock(setting.options), new LeaseLock(setting.options)]) {
      expect(await lockRow(setting)).toBe(true)
      const asked = setting.database.next(/FOR UPDATE$|TIME IS NULL/, false)
      const waiting = lock.acquire(never)
      await asked
      await setting.activemq.run({ text: 'ROLLBACK' })
      await release(await waiting)
    }
  })

  test('of our members one with a lease and one with the row keep each other out', async () => {
    const setting = await opened()
    const lease = await new LeaseLock(setting.options).acquire(never)
    const asked = setting.database.next(/^ROLLBACK/, true)
    const waiting = new DatabaseLock({ ...setting.options, member: 'b' }).acquire(never)
    await asked
    await lease.verify()
    await lease.release()
    const row = await waiting
    expect(row.term).toBe(lease.term + 1)
    const refused = setting.database.next(/TIME IS NULL/, false)
    const next = new LeaseLock({ ...setting.options, member: 'c' }).acquire(never)
    await refused
    await row.verify()
    await row.release()
    const last = await next
    expect(last.term).toBe(row.term + 1)
    await last.release()
  })
})

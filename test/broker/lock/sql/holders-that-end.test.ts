// How a holder of a lock in a real database ends, and when the next one has it.
import { afterAll, describe, expect, test } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemRandom } from '../../../../broker/base/random.ts'
import type { LockHandle } from '../../../../broker/lock/lock.ts'
import { DatabaseLock } from '../../../../broker/lock/sql/database-lock.ts'
import { LeaseLock } from '../../../../broker/lock/sql/lease-lock.ts'
import type { SqlLockOptions } from '../../../../broker/lock/sql/lock-candidate.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { endTransactions, ObservedDatabase, openTestDatabase } from '../../../support/observed-database.ts'
import { runSql } from '../../../support/run-sql.ts'

const never = new AbortController().signal
const databases = await Promise.all((await testDatabases()).map((server) => freshDatabase(server)))
afterAll(() => Promise.all(databases.map(({ drop }) => drop())))

const proof = async (handle: LockHandle): Promise<void> => handle.verify()

let settings = 0

describe.each(databases)('on $kind', (server) => {
  async function members(): Promise<{
    readonly optionsOf: (member: string) => SqlLockOptions & { readonly database: ObservedDatabase }
    readonly names: ReturnType<typeof tableNames>
  }> {
    const database = await openTestDatabase(server)
    const names = tableNames(`t${++settings}_`)
    return {
      names,
      optionsOf: (member) => ({
        database: new ObservedDatabase(database),
        names,
        createTables: true,
        brokerName: 'orders',
        member,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        acquireIntervalMs: 20,
      }),
    }
  }

  test('the row is free at once when the session of its holder ends, and whoever had it knows', async () => {
    const { optionsOf } = await members()
    const first = await new DatabaseLock(optionsOf('a')).acquire(never)
    const options = optionsOf('b')
    const asked = options.database.next(/FOR UPDATE$/, false)
    const waiting = new DatabaseLock(options).acquire(never)
    await asked
    await endTransactions(server)
    const second = await waiting
    expect(second.term).toBe(first.term + 1)
    expect((await first.lost).message).toContain('its session with the database is lost')
    await first.release()
    await second.release()
  })

  test('the server ends the session of a holder that hangs, which has given up before', async () => {
    const { optionsOf } = await members()
    const options = optionsOf('a')
    const first = await new DatabaseLock({ ...options, keepAlivePeriodMs: 250 }).acquire(never)
    options.database.swallow()
    const waiting = new DatabaseLock(optionsOf('b')).acquire(never)
    const order = await Promise.race([first.lost.then(() => 'lost'), waiting.then(() => 'had')])
    expect(order).toBe('lost')
    await expect(proof(first)).rejects.toThrow('the database has not answered for 750 ms')
    const second = await waiting
    expect(second.term).toBe(first.term + 1)
    await second.release()
    await first.release()
  })

  test('a lease outlives the session of its holder, which goes on over a new one', async () => {
    const { optionsOf } = await members()
    const options = optionsOf('a')
    const handle = await new LeaseLock({ ...options, renewIntervalMs: 50 }).acquire(never)
    await options.database.next(/^UPDATE/, true)
    await options.database.cut()
    await options.database.next(/^UPDATE/, true)
    await handle.verify()
    await handle.release()
  })

  test('a lease of a holder that is gone is had when it has ended', async () => {
    const { optionsOf, names } = await members()
    const options = optionsOf('a')
    const first = await new LeaseLock({ ...options, durationMs: 1500, renewIntervalMs: 500 }).acquire(never)
    options.database.swallow()
    const second = await new LeaseLock({ ...optionsOf('b'), durationMs: 1500, renewIntervalMs: 500 }).acquire(never)
    await expect(proof(first)).rejects.toThrow('its lease of 1500 ms was not renewed')
    expect(second.term).toBe(first.term + 1)
    await second.release()
    const [state] = await runSql(server.url, `SELECT MEMBER AS member FROM ${names.state}`)
    expect(state).toEqual({ member: 'b' })
    await first.release()
  })

  test('whoever takes over waits for the batch that the last one is writing', async () => {
    const { optionsOf, names } = await members()
    const first = await new LeaseLock(optionsOf('a')).acquire(never)
    const store = await (await openTestDatabase(server)).connect({ applicationName: 'store', answerTimeoutMs: 60_000 })
    await store.run({ text: 'BEGIN' })
    await store.run({ text: `UPDATE ${names.state} SET LAST_ID = 7 WHERE ID = 1 AND TERM = ${first.term}` })
    await first.release()
    const options = optionsOf('b')
    const raises = options.database.next(/SET TERM/, false)
    const waiting = new LeaseLock(options).acquire(never)
    await raises
    await store.run({ text: 'COMMIT' })
    const second = await waiting
    const [late] = await store.run({
      text: `UPDATE ${names.state} SET LAST_ID = 8 WHERE ID = 1 AND TERM = ${first.term}`,
    })
    expect(late!.changed).toBe(0)
    await second.release()
    await store.close()
  })

  test('a row that somebody has removed is made again', async () => {
    const { optionsOf, names } = await members()
    for (const lock of [new LeaseLock(optionsOf('a')), new DatabaseLock(optionsOf('b'))]) {
      const first = await lock.acquire(never)
      await first.release()
      await runSql(server.url, `DELETE FROM ${names.lock}`)
      const second = await lock.acquire(never)
      expect(second.term).toBe(first.term + 1)
      await second.release()
    }
  })
})

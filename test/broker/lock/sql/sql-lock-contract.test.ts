// Both locks in a database as locks: on each database that this machine has.
import { afterAll } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemRandom } from '../../../../broker/base/random.ts'
import type { Lock } from '../../../../broker/lock/lock.ts'
import { DatabaseLock } from '../../../../broker/lock/sql/database-lock.ts'
import { LeaseLock } from '../../../../broker/lock/sql/lease-lock.ts'
import type { SqlLockOptions } from '../../../../broker/lock/sql/lock-candidate.ts'
import { tableNames, type TableNames } from '../../../../broker/sql/table-names.ts'
import { lockContract, type LockSetting } from '../../../contract/lock.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { endTransactions, ObservedDatabase, openTestDatabase } from '../../../support/observed-database.ts'
import { runSql } from '../../../support/run-sql.ts'

const databases = await Promise.all((await testDatabases()).map((server) => freshDatabase(server)))
afterAll(() => Promise.all(databases.map(({ drop }) => drop())))

for (const test of databases) {
  const database = new ObservedDatabase(await openTestDatabase(test))
  const optionsOf = (names: TableNames, member: string, brokerName: string): SqlLockOptions => ({
    database,
    names,
    createTables: true,
    brokerName,
    member,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    acquireIntervalMs: 20,
  })

  /** Tables are made by the first who wants them, and are as new for the next test. */
  const settingOf =
    (prefix: string, lockOf: (options: SqlLockOptions) => Lock, shared: LockSetting['shared']) => (): LockSetting => {
      const names = tableNames(prefix)
      let isUsed = false
      return {
        lockOf(member, brokerName = 'orders') {
          isUsed = true
          return lockOf(optionsOf(names, member, brokerName))
        },
        ...(shared && { shared }),
        async dispose() {
          if (!isUsed) return
          await runSql(test.url, `UPDATE ${names.lock} SET BROKER_NAME = NULL, TIME = NULL`)
          await runSql(test.url, `UPDATE ${names.state} SET TERM = 0, BROKER_NAME = NULL, MEMBER = NULL`)
        },
      }
    }

  lockContract(
    `LeaseLock on ${test.kind}`,
    settingOf('lease_', (options) => new LeaseLock({ ...options, renewIntervalMs: 50 }), {
      waiting: () => database.next(/^SELECT l\.BROKER_NAME/, true),
      elapse() {},
      async takeAway() {
        const isLookedFor = database.next(/^SELECT l\.BROKER_NAME/, true)
        await runSql(test.url, `UPDATE ${tableNames('lease_').lock} SET BROKER_NAME = 'z', TIME = 0`)
        await isLookedFor
        await new Promise((resolve) => setImmediate(resolve))
      },
    }),
  )

  lockContract(
    `DatabaseLock on ${test.kind}`,
    settingOf('row_', (options) => new DatabaseLock({ ...options, keepAlivePeriodMs: 2000 }), {
      waiting: () => database.next(/FOR UPDATE$/, false),
      elapse() {},
      async takeAway() {
        const lost = database.nextLost()
        await endTransactions(test)
        await lost
      },
    }),
  )
}

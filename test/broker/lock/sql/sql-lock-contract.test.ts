// Both locks in a database as locks: on each database that this machine has.
import { afterAll } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemRandom } from '../../../../broker/base/random.ts'
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

let settings = 0

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

  const leases = (): LockSetting => {
    const names = tableNames(`t${++settings}_`)
    return {
      lockOf: (member, brokerName = 'orders') =>
        new LeaseLock({ ...optionsOf(names, member, brokerName), renewIntervalMs: 50 }),
      shared: {
        waiting: () => database.next(/^SELECT l\.BROKER_NAME/, true),
        elapse() {},
        async takeAway() {
          const isLookedFor = database.next(/^SELECT l\.BROKER_NAME/, true)
          await runSql(test.url, `UPDATE ${names.lock} SET BROKER_NAME = 'z', TIME = 0 WHERE ID = 1`)
          await isLookedFor
          await new Promise((resolve) => setImmediate(resolve))
        },
      },
      dispose() {},
    }
  }
  lockContract(`LeaseLock on ${test.kind}`, leases)

  const rows = (): LockSetting => {
    const names = tableNames(`t${++settings}_`)
    return {
      lockOf: (member, brokerName = 'orders') =>
        new DatabaseLock({ ...optionsOf(names, member, brokerName), keepAlivePeriodMs: 500 }),
      shared: {
        waiting: () => database.next(/FOR UPDATE$/, false),
        elapse() {},
        async takeAway() {
          const lost = database.nextLost()
          await endTransactions(test)
          await lost
        },
      },
      dispose() {},
    }
  }
  lockContract(`DatabaseLock on ${test.kind}`, rows)
}

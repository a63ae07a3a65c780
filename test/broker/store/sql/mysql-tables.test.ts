// The tables in a real MySQL or MariaDB, where this machine has one.
import { describe, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import { storeTablesContract } from '../../../contract/store-tables.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'

const server = (await testDatabases()).find(({ kind }) => kind === 'mysql')

if (server)
  storeTablesContract(async () => {
    const { url, drop } = await freshDatabase(server)
    const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
    const database = new MysqlDatabase({ source, clock: systemClock, logger: silentLogger })
    return {
      connect: () => database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }),
      open: openTables,
      // What waits is seen in INNODB_TRX only by those who look less often than every 0.1 s.
      waitingWith: (text) =>
        `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE '%${text}%'`,
      close: drop,
    }
  })
else describe.skip('MySQL', () => test('this machine has none', () => {}))

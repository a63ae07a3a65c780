// The tables in a real MySQL or MariaDB, where this machine has one.
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import { storeTablesContract } from '../../../contract/store-tables.ts'
import { freshDatabase, testDatabases, type TestDatabase } from '../../../support/databases.ts'

const server = (await testDatabases()).find(({ kind }) => kind === 'mysql')

const options = { applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }

async function openDatabase(of: TestDatabase): Promise<{ readonly database: MysqlDatabase; drop(): Promise<void> }> {
  const { url, drop } = await freshDatabase(of)
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  return { database: new MysqlDatabase({ source, clock: systemClock, logger: silentLogger }), drop }
}

if (server) {
  storeTablesContract(async () => {
    const { database, drop } = await openDatabase(server)
    return {
      connect: () => database.connect(options),
      open: openTables,
      // What waits is seen in INNODB_TRX only by those who look less often than every 0.1 s.
      waitingWith: (text) =>
        `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE '%${text}%'`,
      close: drop,
    }
  })

  test('a column that ActiveMQ made too small, and a server that takes small packets, say how large a blob may be', async () => {
    const { database, drop } = await openDatabase(server)
    const session = await database.connect(options)
    const names = tableNames('')
    for (const statement of createTables('mysql', names)) await session.run(statement)
    const tables = openTables(session, names)
    await tables.load({ term: 0, leaseHolder: undefined })
    const [packet] = await session.run({ text: 'SELECT @@max_allowed_packet' })
    expect(tables.largestBlob).toBe(tables.largestBatch)
    expect(tables.largestBatch * 2).toBeLessThan(packet!.rows[0]![0] as number)
    await session.run({ text: `ALTER TABLE ${names.messages} MODIFY MSG BLOB` })
    await tables.load({ term: 0, leaseHolder: undefined })
    expect(tables.largestBlob).toBe(65_535)
    await session.close()
    await drop()
  })
} else describe.skip('MySQL', () => test('this machine has none', () => {}))

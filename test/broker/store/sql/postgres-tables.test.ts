// The tables in a real PostgreSQL.
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import { storeTablesContract } from '../../../contract/store-tables.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'

storeTablesContract(async () => {
  const server = (await testDatabases()).find(({ kind }) => kind === 'postgresql')!
  const { url, drop } = await freshDatabase(server)
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  const database = new PostgresDatabase({ source, clock: systemClock, logger: silentLogger })
  return {
    connect: () => database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }),
    open: openTables,
    waitingWith: (text) =>
      `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${text}%'`,
    close: drop,
  }
})

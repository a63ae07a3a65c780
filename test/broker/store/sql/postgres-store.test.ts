// The SQL store in a real PostgreSQL.
import { afterAll, beforeAll } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { PostgresTables } from '../../../../broker/store/sql/postgres-tables.ts'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { sqlStores } from '../../../support/sql-stores.ts'

let made: Awaited<ReturnType<typeof freshDatabase>>
let database: PostgresDatabase
let session: SqlSession
let stores = 0

beforeAll(async () => {
  made = await freshDatabase((await testDatabases()).find(({ kind }) => kind === 'postgresql')!)
  const source = await JdbcSource.open({ url: made.url }, () => Promise.reject(new Error('no file')))
  database = new PostgresDatabase({ source, clock: systemClock, logger: silentLogger })
  session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
}, 120_000)

afterAll(async () => {
  await session.close()
  await made.drop()
})

messageStoreContract('SqlStore in PostgreSQL', async () => {
  const names = tableNames(`s${++stores}_`)
  for (const statement of createTables('postgresql', names)) await session.run(statement)
  return sqlStores({
    database,
    openTables: (of, all) => new PostgresTables(of, all),
    names,
    raiseTerm: async (term) => void (await session.run({ text: `UPDATE ${names.state} SET TERM = ${term}` })),
  })
})

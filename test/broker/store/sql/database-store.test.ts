// The SQL store in real databases: those that this machine has.
import { afterAll, beforeAll } from '@jest/globals'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import type { Database, SqlSession } from '../../../../broker/sql/database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { openDatabase } from '../../../../broker/storage/open-jdbc.ts'
import { brokerConfigSchema } from '../../../../broker/config/schema.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { sqlStores } from '../../../support/sql-stores.ts'

/** To make tables takes longer than a test; some want two stores at once. */
const sets = ['a_', 'b_'].map(tableNames)

for (const server of await testDatabases()) {
  let made: Awaited<ReturnType<typeof freshDatabase>>
  let database: Database
  let session: SqlSession
  let stores = 0

  beforeAll(async () => {
    made = await freshDatabase(server)
    const { store } = brokerConfigSchema.parse({ store: { type: 'JDBC', url: made.url } })
    if (store.type !== 'JDBC') throw new Error('another store')
    const readFile = (): Promise<string> => Promise.reject(new Error('no file'))
    database = await openDatabase(store, { clock: systemClock, logger: silentLogger, readFile })
    session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
    for (const names of sets) for (const statement of createTables(server.kind, names)) await session.run(statement)
  }, 120_000)

  afterAll(async () => {
    await session.close()
    await made.drop()
  })

  messageStoreContract(`SqlStore in ${server.kind}`, async () => {
    const names = sets[++stores % sets.length]!
    const { messages, acks, queues, subscriptions, producers, arrivals, state } = names
    for (const table of [messages, acks, queues, subscriptions, producers, arrivals])
      await session.run({ text: `DELETE FROM ${table}` })
    await session.run({ text: `UPDATE ${state} SET LAST_ID = 0` })
    const raiseTerm = async (term: number): Promise<void> =>
      void (await session.run({ text: `UPDATE ${names.state} SET TERM = ${term}` }))
    return sqlStores({ database, openTables, names, raiseTerm })
  })
}

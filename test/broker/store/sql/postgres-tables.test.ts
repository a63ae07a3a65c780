// The tables in a real PostgreSQL.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { CollectedBatch } from '../../../../broker/store/sql/collected-batch.ts'
import { tableLimits } from '../../../../broker/store/sql/limits.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import type { WriteBatch } from '../../../../broker/store/sql/store-tables.ts'
import { storeTablesContract } from '../../../contract/store-tables.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { message } from '../../../support/store-content.ts'

async function openDatabase(): Promise<{ readonly database: PostgresDatabase; drop(): Promise<void> }> {
  const server = (await testDatabases()).find(({ kind }) => kind === 'postgresql')!
  const { url, drop } = await freshDatabase(server)
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  return { database: new PostgresDatabase({ source, clock: systemClock, logger: silentLogger }), drop }
}

const options = { applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }

storeTablesContract(async () => {
  const { database, drop } = await openDatabase()
  return {
    connect: () => database.connect(options),
    open: openTables,
    waitingWith: (text) =>
      `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${text}%'`,
    close: drop,
  }
})

test('nothing is planned, while there are no rows, that would read all of them when there are many', async () => {
  const { database, drop } = await openDatabase()
  const session = await database.connect(options)
  const names = tableNames('')
  for (const statement of createTables('postgresql', names)) await session.run(statement)
  const planned: string[] = []
  const explaining: SqlSession = {
    kind: 'postgresql',
    lost: session.lost,
    close: () => session.close(),
    run: async ({ text, values = [], name }) => {
      if (name === undefined) return session.run({ text })
      const [plan] = await session.run({ text: `EXPLAIN ${text}`, values })
      planned.push(...plan!.rows.map(([line]) => String(line)))
      return [{ rows: [], changed: 0 }]
    },
  }
  const tables = openTables(explaining, names)
  const key = { container: 'topic://T', priority: 0, clientId: 'c', name: 'n' }
  const all: WriteBatch = {
    lastId: 1,
    addedMessages: [],
    updatedMessages: [{ id: 1, blob: Buffer.of(1) }],
    removedMessages: [2],
    addedQueues: [],
    removedQueues: [{ container: 'queue://A', priority: 0 }],
    addedSubscriptions: [],
    removedSubscriptions: [key],
    progress: [{ ...key, lastAckedId: 1, acked: null }],
    producers: [{ producerId: 'p', producerSequenceId: 1, id: 1 }],
    forgottenProducers: ['q'],
    addedArrivals: [],
    removedArrivals: [1],
  }
  await expect(tables.write(all, { term: 1, leaseHolder: 'me' })).rejects.toThrow()
  await tables.read([1])
  await tables.scan(() => {})
  await session.close()
  await drop()
  expect(planned.filter((line) => /Seq Scan|Join Filter|xidx|Hash|Merge|Sort Key: .*id/.test(line))).toEqual([])
  expect(planned.filter((line) => /Index Cond: \(id [=>] /.test(line)).length).toBeGreaterThan(4)
})

test('a large batch has the rows of everybody locked at its end only, is one transaction, and proves its owner', async () => {
  const { database, drop } = await openDatabase()
  const [session, beside] = [await database.connect(options), await database.connect(options)]
  const names = tableNames('')
  for (const statement of createTables('postgresql', names)) await session.run(statement)
  await session.run({ text: `UPDATE ${names.lock} SET BROKER_NAME = 'me'; UPDATE ${names.state} SET TERM = 1` })
  const seen: unknown[] = []
  const count = async (): Promise<unknown> =>
    (await beside.run({ text: `SELECT count(*) FROM ${names.messages}` }))[0]!.rows[0]![0]
  const watching: SqlSession = {
    ...session,
    kind: 'postgresql',
    run: async (statement) => {
      const result = await session.run(statement)
      if (!statement.text.includes(names.messages)) return result
      // Before the commit: what holds a lock on it is waited for.
      await beside.run({ text: `UPDATE ${names.lock} SET TIME = 1 WHERE ID = 1` })
      seen.push(await count())
      return result
    },
  }
  const tables = openTables(watching, names)
  const collected = new CollectedBatch()
  const bytes = Buffer.alloc(tableLimits.postgresQuickBytes / 2)
  for (const sequence of [1, 2, 3])
    collected.addMessage({ container: 'queue://X', priority: 0 }, { ...message('large'), bytes }, sequence)
  const batch = collected.build(3)
  await expect(tables.write(batch, { term: 2, leaseHolder: 'me' })).rejects.toMatchObject({ kind: 'Fenced' })
  await expect(tables.write(batch, { term: 1, leaseHolder: 'you' })).rejects.toMatchObject({ kind: 'Fenced' })
  expect(await count()).toBe(0)
  await tables.write(batch, { term: 1, leaseHolder: 'me' })
  expect([await count(), seen]).toEqual([3, [0, 0, 0]])
  const [state] = await beside.run({ text: `SELECT LAST_ID FROM ${names.state}` })
  expect(state!.rows).toEqual([[3]])
  for (const one of [session, beside]) await one.close()
  await drop()
})

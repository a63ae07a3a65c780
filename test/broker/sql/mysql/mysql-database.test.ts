// Sessions with a real MariaDB, where this machine has one.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'

let url: string | undefined
let drop: () => Promise<void> = () => Promise.resolve()
const sessions: SqlSession[] = []

beforeAll(async () => {
  const server = (await testDatabases()).find(({ kind }) => kind === 'mysql')
  if (server) ({ url, drop } = await freshDatabase(server))
})

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await drop()
})

async function connect(): Promise<SqlSession> {
  const source = await JdbcSource.open({ url: url! }, () => Promise.reject(new Error('no file')))
  const database = new MysqlDatabase({ source, clock: systemClock, logger: silentLogger })
  const session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
  sessions.push(session)
  return session
}

test('values go and come as they are, in the text and to a statement that is kept prepared', async () => {
  if (url === undefined) return
  const session = await connect()
  const bytes = Buffer.from([0, 1, 0x5c, 0x27, 255])
  const text = 'SELECT CAST(? AS SIGNED), ?, ?, ?, SUM(1)'
  const values = [Number.MAX_SAFE_INTEGER, bytes, "it's \\ ? é 😀", null]
  const rows = [[...values, 1]]
  expect(await session.run({ text, values })).toEqual([{ rows, changed: 0 }])
  expect(await session.run({ text, values, name: 'values' })).toEqual([{ rows, changed: 0 }])
  expect(await session.run({ text, values, name: 'values' })).toEqual([{ rows, changed: 0 }])
})

test('several statements in a text have a result each; a row that had these values before counts as changed', async () => {
  if (url === undefined) return
  const session = await connect()
  await session.run({ text: 'CREATE TABLE several (a BIGINT PRIMARY KEY) ENGINE=INNODB' })
  const results = await session.run({
    text: 'INSERT INTO several VALUES (1), (2); UPDATE several SET a = a WHERE a = 1; SELECT a FROM several WHERE a = 9; SELECT a FROM several',
  })
  expect(results.map(({ changed, rows }) => [changed, rows])).toEqual([
    [2, []],
    [1, []],
    [0, []],
    [0, [[1], [2]]],
  ])
  const failed = session.run({ text: 'INSERT INTO several VALUES (1)' })
  await expect(failed).rejects.toMatchObject({ kind: 'Duplicate', sqlState: '23000', vendorCode: 1062 })
})

// Sessions with a real PostgreSQL.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import type { SessionOptions, SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource, type JdbcSettings } from '../../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'

let url: string
let drop: () => Promise<void>
const sessions: SqlSession[] = []

beforeAll(async () => {
  const server = (await testDatabases()).find(({ kind }) => kind === 'postgresql')!
  ;({ url, drop } = await freshDatabase(server))
})

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await drop()
})

const options: SessionOptions = { applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }

async function connect(settings: JdbcSettings = { url }, change: Partial<SessionOptions> = {}): Promise<SqlSession> {
  const readFile = () => Promise.reject(new Error('no file'))
  const source = await JdbcSource.open(settings, readFile)
  const database = new PostgresDatabase({ source, clock: systemClock, logger: silentLogger })
  const session = await database.connect({ ...options, ...change })
  sessions.push(session)
  return session
}

test('values go and come as they are', async () => {
  const session = await connect()
  const bytes = Buffer.from([0, 1, 0x5c, 0x27, 255])
  const [result] = await session.run({
    text: 'SELECT $1::bytea, $2::text, $3::bigint, $4::boolean, $5::text, octet_length($1)',
    values: [bytes, "it's é 😀", Number.MAX_SAFE_INTEGER, true, null],
  })
  expect(result!.rows).toEqual([[bytes, "it's é 😀", Number.MAX_SAFE_INTEGER, true, null, 5]])
})

test('several statements in a text are one transaction, with a result each', async () => {
  const session = await connect()
  await session.run({ text: 'CREATE TABLE several (a BIGINT PRIMARY KEY)' })
  const results = await session.run({
    text: 'INSERT INTO several VALUES (1), (2); UPDATE several SET a = a WHERE a = 1; SELECT a FROM several ORDER BY a',
  })
  expect(results.map(({ changed, rows }) => [changed, rows])).toEqual([
    [2, []],
    [1, []],
    [0, [[1], [2]]],
  ])
  const failed = session.run({ text: 'INSERT INTO several VALUES (3); INSERT INTO several VALUES (1)' })
  await expect(failed).rejects.toMatchObject({ kind: 'Duplicate', sqlState: '23505' })
  const [left] = await session.run({ text: 'SELECT count(*) FROM several' })
  expect(left!.rows).toEqual([[2]])
})

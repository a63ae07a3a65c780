// Sessions with a real MariaDB, where this machine has one.
import { afterAll, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { literalList } from '../../../../broker/sql/mysql-text.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'

const server = (await testDatabases()).find(({ kind }) => kind === 'mysql')
const database = server && (await freshDatabase(server))
const url = database?.url ?? ''
const testWithServer = database ? test : test.skip
const sessions: SqlSession[] = []

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await database?.drop()
})

async function connect(given = url, logger = silentLogger): Promise<SqlSession> {
  const source = await JdbcSource.open({ url: given }, () => Promise.reject(new Error('no file')))
  const opened = new MysqlDatabase({ source, clock: systemClock, logger })
  const session = await opened.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
  sessions.push(session)
  return session
}

testWithServer('values go and come as they are, in the text and to a statement that is kept prepared', async () => {
  const session = await connect()
  const bytes = Buffer.from([0, 1, 0x5c, 0x27, 255])
  const text = 'SELECT CAST(? AS SIGNED), ?, ?, ?, SUM(1)'
  const values = [Number.MAX_SAFE_INTEGER, bytes, "it's \\ ? é 😀", null]
  const rows = [[...values, 1]]
  expect(await session.run({ text, values })).toEqual([{ rows, changed: 0 }])
  expect(await session.run({ text, values, name: 'values' })).toEqual([{ rows, changed: 0 }])
  expect(await session.run({ text, values, name: 'values' })).toEqual([{ rows, changed: 0 }])
})

testWithServer(
  'several statements in a text have a result each; a row that had these values before counts as changed',
  async () => {
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
  },
)

testWithServer('what a server may have set otherwise, and statements rely on, is as they need it', async () => {
  const session = await connect()
  const settings = ['sql_mode', 'autocommit', 'character_set_client', 'character_set_results', 'collation_connection']
  const [shown] = await session.run({ text: `SELECT ${settings.map((name) => `@@${name}`).join(', ')}` })
  expect(shown!.rows).toEqual([
    ['STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', 1, 'utf8mb4', 'utf8mb4', 'utf8mb4_general_ci'],
  ])
})

testWithServer('a limit of the server for the time of a statement is not for the broker', async () => {
  const first = await connect()
  await first.run({ text: 'SET GLOBAL max_statement_time = 30' })
  try {
    const [shown] = await (await connect()).run({ text: 'SELECT @@max_statement_time AS seconds' })
    expect(shown!.rows).toEqual([[0]])
  } finally {
    await first.run({ text: 'SET GLOBAL max_statement_time = 0' })
  }
})

testWithServer('a session may be idle for a year', async () => {
  const session = await connect()
  const [shown] = await session.run({ text: 'SELECT @@wait_timeout' })
  expect(shown!.rows).toEqual([[31_536_000]])
})

testWithServer('sessionVariables of the URL are those of the session', async () => {
  const session = await connect(`${url}&sessionVariables=wait_timeout=1234,lock_wait_timeout=7`)
  const [shown] = await session.run({ text: 'SELECT @@wait_timeout, @@lock_wait_timeout' })
  expect(shown!.rows).toEqual([[1234, 7]])
})

// mysql2 refuses columns that are called as a member of every object is, as a literal without a name of its own may be.
testWithServer('literals are what they stand for', async () => {
  const session = await connect()
  for (const mode of ['', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,PIPES_AS_CONCAT']) {
    await session.run({ text: `SET SESSION sql_mode = '${mode}'` })
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        fc.maxSafeInteger(),
        async (text, bytes, number) => {
          const values = [text, Buffer.from(bytes), number]
          expect(await session.run({ text: 'SELECT ? AS a, ? AS b, ? AS c', values })).toEqual([
            { rows: [values], changed: 0 },
          ])
        },
      ),
      { numRuns: 30 },
    )
  }
})

testWithServer('a list of none is one that nothing is in', async () => {
  const session = await connect()
  const [found] = await session.run({
    text: `SELECT 1 FROM DUAL WHERE 1 IN ${literalList([])} OR 2 IN ${literalList([3])}`,
  })
  expect(found!.rows).toEqual([])
})

testWithServer('the server may not ask for files of the broker', async () => {
  const session = await connect()
  await session.run({ text: 'CREATE TABLE files (line TEXT)' })
  const loading = session.run({ text: "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE files" })
  await expect(loading).rejects.toMatchObject({ kind: 'Invalid' })
})

testWithServer('a server that may lose commits is told of, once', async () => {
  const told: unknown[] = []
  const logger = { ...silentLogger, warn: (_text: string, fields?: object) => void told.push(fields) }
  const first = await connect()
  const [before] = await first.run({ text: 'SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS setting' })
  const set = (setting: unknown) =>
    first.run({ text: `SET GLOBAL innodb_flush_log_at_trx_commit = ${String(setting)}` })
  try {
    await set(1)
    await connect(url, logger)
    expect(told).toEqual([])
    await set(2)
    await connect(url, logger)
    expect(told).toEqual([{ database: expect.any(String), innodb_flush_log_at_trx_commit: 2 }])
  } finally {
    await set(before!.rows[0]![0])
  }
})

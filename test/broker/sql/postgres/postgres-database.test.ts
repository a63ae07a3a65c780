// Sessions with a real PostgreSQL.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import type { SessionOptions, SqlSession } from '../../../../broker/sql/database.ts'
import { JdbcSource, type JdbcSettings } from '../../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { runSql } from '../../../support/run-sql.ts'

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

test('a server that is read only is passed over, and told of when there is no other', async () => {
  const readOnly = `${url}&options=-c%20default_transaction_read_only=on`
  await expect(connect({ url: readOnly })).rejects.toMatchObject({
    kind: 'ReadOnly',
    message: expect.stringMatching(/: it is read only: a standby, or set so$/) as unknown,
  })
})

test('options of the URL are those of the session', async () => {
  const session = await connect({
    url: `${url}&currentSchema=${encodeURIComponent(`"o'ne", two`)}&ApplicationName=mine&options=-c%20work_mem=1234`,
  })
  const [shown] = await session.run({
    text: "SELECT current_setting('search_path'), current_setting('application_name'), current_setting('work_mem')",
  })
  expect(shown!.rows).toEqual([[`"o'ne", two`, 'mine', '1234kB']])
})

test('a session may be idle for as long as nothing is asked of it', async () => {
  const session = await connect({ url: `${url}&options=-c%20idle_session_timeout=60000` })
  const [shown] = await session.run({ text: "SELECT current_setting('idle_session_timeout')" })
  expect(shown!.rows).toEqual([['0']])
})

test('a session is told by its name in the list of sessions', async () => {
  const session = await connect({ url }, { applicationName: 'flotilla/orders/a/store' })
  const [found] = await session.run({
    text: 'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()',
  })
  expect(found!.rows).toEqual([['flotilla/orders/a/store']])
})

test('what a role has set otherwise, and statements rely on, is as they need it', async () => {
  const otherwise = ['bytea_output=escape', 'default_transaction_isolation=serializable', 'client_encoding=LATIN1']
  const session = await connect({
    url: `${url}&options=${encodeURIComponent(otherwise.map((one) => `-c ${one}`).join(' '))}`,
  })
  const [shown] = await session.run({ text: "SELECT '\\x5c00'::bytea, current_setting('transaction_isolation'), '€'" })
  expect(shown!.rows).toEqual([[Buffer.from([0x5c, 0]), 'read committed', '€']])
})

test('statements with a name are kept prepared, unless prepareThreshold=0 says otherwise', async () => {
  const kept = async (given: string): Promise<unknown> => {
    const session = await connect({ url: given })
    await session.run({ text: 'SELECT $1::int', values: [1], name: 'one' })
    await session.run({ text: 'SELECT $1::int', values: [2], name: 'one' })
    const [found] = await session.run({ text: 'SELECT count(*) FROM pg_prepared_statements' })
    return found!.rows[0]![0]
  }
  expect(await kept(url)).toBe(1)
  expect(await kept(`${url}&prepareThreshold=0`)).toBe(0)
})

test('a database that has not all characters is refused', async () => {
  const name = `flotilla_${randomBytes(6).toString('hex')}`
  await runSql(url, `CREATE DATABASE ${name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
  const ascii = url.replace(/\/flotilla_\w+\?/, `/${name}?`)
  await expect(connect({ url: ascii })).rejects.toThrow(
    'the database has the encoding SQL_ASCII; expected UTF8, which has all characters',
  )
  await runSql(url, `DROP DATABASE ${name} WITH (FORCE)`)
})

test('the environment and files of pg have no say', async () => {
  const before = { ...process.env }
  Object.assign(process.env, { PGPASSWORD: 'wrong', PGSSLMODE: 'verify-full', PGAPPNAME: 'other', PGHOST: 'nowhere' })
  try {
    const session = await connect()
    const [shown] = await session.run({ text: "SELECT current_setting('application_name')" })
    expect(shown!.rows).toEqual([['flotilla/test']])
  } finally {
    process.env = before
  }
})

test('a commit is on the disk before its answer, unless the URL wants it otherwise', async () => {
  const name = new URL(url.slice('jdbc:'.length)).pathname.slice(1)
  const setting = async (session: SqlSession): Promise<unknown> =>
    (await session.run({ text: "SELECT current_setting('synchronous_commit')" }))[0]!.rows[0]![0]
  const first = await connect()
  for (const [ofDatabase, expected] of [
    ['off', 'on'],
    ['local', 'on'],
    ['remote_apply', 'remote_apply'],
  ]) {
    await first.run({ text: `ALTER DATABASE "${name}" SET synchronous_commit = ${ofDatabase}` })
    expect(await setting(await connect())).toBe(expected)
  }
  expect(await setting(await connect({ url: `${url}&options=-c%20synchronous_commit=off` }))).toBe('off')
})

test('what the database wants of short statements is not for ours, unless the URL wants it: an index of many messages takes its time', async () => {
  const name = new URL(url.slice('jdbc:'.length)).pathname.slice(1)
  const setting = async (session: SqlSession): Promise<unknown> =>
    (await session.run({ text: "SELECT current_setting('statement_timeout')" }))[0]!.rows[0]![0]
  const first = await connect()
  await first.run({ text: `ALTER DATABASE "${name}" SET statement_timeout = '20s'` })
  expect(await setting(await connect())).toBe('0')
  expect(await setting(await connect({ url: `${url}&options=-c%20statement_timeout=30000` }))).toBe('30s')
  await first.run({ text: `ALTER DATABASE "${name}" RESET statement_timeout` })
})

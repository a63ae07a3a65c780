// What both kinds of database have to do, with real servers, and with a wire that can be cut.
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { systemClock, type Clock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { Database, SessionOptions, SqlSession } from '../../../broker/sql/database.ts'
import { JdbcSource, type JdbcSettings } from '../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../broker/sql/mysql/mysql-database.ts'
import { PostgresDatabase } from '../../../broker/sql/postgres/postgres-database.ts'
import { CuttingProxy } from '../../support/cutting-proxy.ts'
import { freshDatabase, testDatabases } from '../../support/databases.ts'
import { runSql } from '../../support/run-sql.ts'

const statements = {
  postgresql: {
    newUser: (name: string, password: string) => [`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`],
    newPassword: (name: string, password: string) => `ALTER ROLE ${name} PASSWORD '${password}'`,
    dropUser: (name: string) => `DROP ROLE ${name}`,
    user: 'SELECT current_user',
    session: 'SELECT pg_backend_pid()',
    kill: (session: number) => `SELECT pg_terminate_backend(${session})`,
    sleep: 'SELECT pg_sleep(600)',
    wrongPassword: '28P01',
    unknownDatabase: '3D000',
  },
  mysql: {
    newUser: (name: string, password: string) => [
      `CREATE USER ${name}@'%' IDENTIFIED BY '${password}'`,
      `GRANT ALL ON *.* TO ${name}@'%'`,
    ],
    newPassword: (name: string, password: string) => `ALTER USER ${name}@'%' IDENTIFIED BY '${password}'`,
    dropUser: (name: string) => `DROP USER ${name}@'%'`,
    user: "SELECT SUBSTRING_INDEX(USER(), '@', 1)",
    session: 'SELECT CONNECTION_ID()',
    kill: (session: number) => `KILL ${session}`,
    sleep: 'SELECT SLEEP(600)',
    wrongPassword: '28000',
    unknownDatabase: '42000',
  },
} as const

const options: SessionOptions = { applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }

const databases = await Promise.all((await testDatabases()).map(freshDatabase))
const sessions: SqlSession[] = []
const proxies: CuttingProxy[] = []

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
  for (const proxy of proxies.splice(0)) proxy.close()
})

afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()))
})

interface Around {
  readonly files?: Readonly<Record<string, string>>
  readonly clock?: Clock
}

async function open(settings: JdbcSettings, { files = {}, clock = systemClock }: Around = {}): Promise<Database> {
  const source = await JdbcSource.open(settings, (path) => Promise.resolve(files[path]!))
  const Kind = source.kind === 'postgresql' ? PostgresDatabase : MysqlDatabase
  return new Kind({ source, clock, logger: silentLogger })
}

async function connect(database: Database, change: Partial<SessionOptions> = {}): Promise<SqlSession> {
  const session = await database.connect({ ...options, ...change })
  sessions.push(session)
  return session
}

const valueOf = async (session: SqlSession, text: string): Promise<unknown> =>
  (await session.run({ text }))[0]!.rows[0]![0]

async function hasTimer(clock: ManualClock): Promise<void> {
  while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(databases)('$kind', ({ kind, url }) => {
  const texts = statements[kind]
  const changed = (change: (url: URL) => void): string => {
    const parts = new URL(url.slice('jdbc:'.length))
    change(parts)
    return `jdbc:${parts.href}`
  }
  const withHosts = (hosts: string): string => url.replace(/\/\/[^/]*/, `//${hosts}`)
  const hostOfServer = /\/\/([^/]*)/.exec(url)![1]!
  const failure = async (settings: JdbcSettings) => (await open(settings)).connect(options)

  async function proxyTo(): Promise<{ proxy: CuttingProxy; url: string }> {
    const proxy = await CuttingProxy.to(Number(hostOfServer.split(':')[1]))
    proxies.push(proxy)
    return { proxy, url: withHosts(`127.0.0.1:${proxy.port}`) }
  }

  test('user and password that were changed in their files are those of the next session', async () => {
    const user = `flotilla_${randomBytes(6).toString('hex')}`
    for (const text of texts.newUser(user, 'first')) await runSql(url, text)
    const files = { user: `${user}\n`, password: 'first\n' }
    const database = await open({ url, usernameFile: 'user', passwordFile: 'password' }, { files })
    const before = await connect(database)
    await runSql(url, texts.newPassword(user, 'second'))
    await expect(connect(database)).rejects.toMatchObject({ kind: 'Denied', sqlState: texts.wrongPassword })
    files.password = 'second\n'
    expect(await valueOf(await connect(database), texts.user)).toBe(user)
    expect(await valueOf(before, texts.user)).toBe(user)
    await Promise.all(sessions.splice(0).map((session) => session.close()))
    await runSql(url, texts.dropUser(user))
  })

  test('what is wrong is told by its kind, with the host', async () => {
    const unknownDatabase = changed((parts) => (parts.pathname = '/nowhere'))
    await expect(failure({ url: unknownDatabase })).rejects.toMatchObject({
      kind: 'Denied',
      sqlState: texts.unknownDatabase,
      message: expect.stringContaining(`Cannot connect to the database at ${hostOfServer}: `) as unknown,
    })
    await expect(failure({ url: withHosts('127.0.0.1:1') })).rejects.toMatchObject({
      kind: 'Unreachable',
      message: 'Cannot connect to the database at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
    })
    await expect(failure({ url: withHosts('nowhere.invalid:1') })).rejects.toMatchObject({
      kind: 'Unreachable',
      message: expect.stringContaining('nowhere.invalid') as unknown,
    })
  })

  test('no error and no place has the password in it', async () => {
    const secret = changed((parts) => {
      parts.searchParams.set('user', 'nobody')
      parts.searchParams.set('password', 'secret')
    })
    const database = await open({ url: secret })
    expect(database.place).not.toContain('secret')
    const error: unknown = await database.connect(options).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ kind: 'Denied', message: expect.not.stringContaining('secret') as unknown })
  })

  test('hosts that are gone are passed over', async () => {
    const database = await open({ url: withHosts(`127.0.0.1:1,nowhere.invalid,${hostOfServer}`) })
    expect(await valueOf(await connect(database), 'SELECT 1')).toBe(1)
  })

  test('a session that the server ends is lost, while it waits and while it runs', async () => {
    const database = await open({ url })
    const idle = await connect(database)
    await runSql(url, texts.kill((await valueOf(idle, texts.session)) as number))
    expect(await idle.lost).toMatchObject({ kind: 'Unreachable' })
    await expect(idle.run({ text: 'SELECT 1' })).rejects.toMatchObject({ kind: 'Unreachable' })

    const busy = await connect(database)
    const session = (await valueOf(busy, texts.session)) as number
    const running = busy.run({ text: texts.sleep })
    const killed = runSql(url, texts.kill(session))
    await expect(running).rejects.toMatchObject({ kind: 'Unreachable' })
    expect(await busy.lost).toMatchObject({ kind: 'Unreachable' })
    await killed
  })

  test('a session whose wire is cut is lost', async () => {
    const { proxy, url: through } = await proxyTo()
    const session = await connect(await open({ url: through }))
    const running = session.run({ text: texts.sleep })
    proxy.cut()
    await expect(running).rejects.toMatchObject({ kind: 'Unreachable' })
    expect(await session.lost).toMatchObject({ kind: 'Unreachable' })
  })

  test('a wire that swallows everything is noticed by the answer that does not come', async () => {
    const { proxy, url: through } = await proxyTo()
    const clock = new ManualClock()
    const session = await connect(await open({ url: through }, { clock }), { answerTimeoutMs: 1000 })
    expect(await valueOf(session, 'SELECT 1')).toBe(1)
    proxy.mute = true
    const running = session.run({ text: 'SELECT 1' })
    clock.advance(1000)
    await expect(running).rejects.toMatchObject({
      kind: 'Unreachable',
      message: expect.stringContaining('no answer for 1000 ms') as unknown,
    })
    expect(await session.lost).toMatchObject({ kind: 'Unreachable' })
    await session.close()
  })

  test('a host that takes the connection and says nothing has its time, then comes the next one', async () => {
    const { proxy } = await proxyTo()
    proxy.mute = true
    const clock = new ManualClock()
    const silent = `127.0.0.1:${proxy.port}`
    const milliseconds = kind === 'postgresql' ? '3' : '3000'
    const both = await open(
      { url: `${withHosts(`${silent},${hostOfServer}`)}&connectTimeout=${milliseconds}` },
      { clock },
    )
    const session = connect(both)
    await hasTimer(clock)
    clock.advance(3000)
    expect(await valueOf(await session, 'SELECT 1')).toBe(1)
    const alone = await open({ url: withHosts(silent) }, { clock })
    const limits = [
      { answerTimeoutMs: 2000, waits: 2000 },
      { answerTimeoutMs: 60_000, waits: 10_000 },
    ]
    for (const { answerTimeoutMs, waits } of limits) {
      const failing = alone.connect({ ...options, answerTimeoutMs })
      await hasTimer(clock)
      clock.advance(waits)
      const message = `Cannot connect to the database at ${silent}: no session after ${waits} ms`
      await expect(failing).rejects.toMatchObject({ kind: 'Unreachable', message })
    }
  })

  test('what is asked of a session that is being closed is given up', async () => {
    const session = await connect(await open({ url }))
    const running = session.run({ text: texts.sleep })
    const closed = session.close()
    await expect(running).rejects.toMatchObject({ kind: 'Unreachable' })
    await closed
  })

  test('a statement that fails leaves the session as it was', async () => {
    const session = await connect(await open({ url }))
    const name = 'fails'
    const missing = session.run({ text: 'SELECT a FROM not_there', values: [], name })
    await expect(missing).rejects.toMatchObject({ kind: 'Missing' })
    await session.run({ text: 'CREATE TABLE not_there (a BIGINT)' })
    expect(await session.run({ text: 'SELECT a FROM not_there', values: [], name })).toEqual([{ rows: [], changed: 0 }])
  })
})

// With servers of its own: TLS, whose certificates an authority of ours has signed, and what servers do that others cannot share.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { embeddedPostgresql, hasPostgresql, installedPostgresql } from '../../../hack/databases/postgresql.ts'
import { hasMariadb, mariadb } from '../../../hack/databases/mariadb.ts'
import { writeForServer, type ServerKind } from '../../../hack/databases/server-kind.ts'
import { startDatabase } from '../../../hack/databases/start-database.ts'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import type { SqlSession } from '../../../broker/sql/database.ts'
import { JdbcSource } from '../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../broker/sql/mysql/mysql-database.ts'
import { PostgresDatabase } from '../../../broker/sql/postgres/postgres-database.ts'
import { makeAuthority } from '../../support/certificates.ts'

const authority = makeAuthority('Authority of the database')
const stranger = makeAuthority('Another authority')
/** Not of 127.0.0.1. */
const { certificate, key } = authority.issue({ names: ['localhost'] })

/** As PostgreSQL's authentication by certificate has it: the common name is the user. */
const client = authority.issue({ names: ['only_certificate'] })

const files: Readonly<Record<string, string>> = {
  '/ca': authority.certificate,
  '/other-ca': stranger.certificate,
  '/cert': client.certificate,
  '/key': client.key,
}
const readFile = (path: string): Promise<string> => Promise.resolve(files[path]!)

/** `write` gives the path of a file that the server may read. */
function withArguments(
  kind: ServerKind,
  args: (write: (name: string, text: string) => string) => string[],
): ServerKind {
  return {
    ...kind,
    prepare: (facts) => {
      const prepared = kind.prepare(facts)
      const more = args((name, text) => writeForServer(facts, name, text))
      return { ...prepared, program: { ...prepared.program, args: [...prepared.program.args, ...more] } }
    },
  }
}

const start = (kind: ServerKind) => startDatabase(kind, { syncs: false, endsWithParent: true })
const servers: { stop(): Promise<void> }[] = []
const sessions: SqlSession[] = []

afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()))
})

async function connect(url: string, caFile?: string): Promise<SqlSession> {
  const source = await JdbcSource.open({ url, caFile }, readFile)
  const Kind = source.kind === 'postgresql' ? PostgresDatabase : MysqlDatabase
  const database = new Kind({ source, clock: systemClock, logger: silentLogger })
  const session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
  sessions.push(session)
  return session
}

const postgresql = hasPostgresql() ? installedPostgresql : embeddedPostgresql
const securePostgresql = withArguments(postgresql, (write) =>
  [
    'ssl=on',
    `ssl_cert_file=${write('server.crt', certificate)}`,
    `ssl_key_file=${write('server.key', key)}`,
    `ssl_ca_file=${write('ca.crt', authority.certificate)}`,
    `hba_file=${write('hba', hostLines)}`,
  ].flatMap((setting) => ['-c', setting]),
)

/** pg_hba.conf: users who may come in one way only. */
const hostLines = `
hostssl   all only_tls   all trust
hostnossl all only_plain all trust
host      all only_tls   all reject
host      all only_plain all reject
hostssl   all only_certificate all cert
host      all all        all scram-sha-256
`

const secureMariadb = withArguments(mariadb, (write) => [
  `--ssl-cert=${write('server.crt', certificate)}`,
  `--ssl-key=${write('server.key', key)}`,
])

const byName = (url: string): string => url.replace('127.0.0.1', 'localhost')

describe('postgresql', () => {
  let url: string
  const isSecured = async (query: string, { at = url, caFile = undefined as string | undefined } = {}) => {
    const session = await connect(`${at}${query}`, caFile)
    const [found] = await session.run({ text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()' })
    return found!.rows[0]![0]
  }

  beforeAll(async () => {
    const server = await start(securePostgresql)
    servers.push(server)
    ;({ url } = server)
  })

  test.each([
    ['', true],
    ['&sslmode=disable', false],
    ['&sslmode=allow', false],
    ['&sslmode=prefer', true],
    ['&sslmode=require', true],
    ['&sslmode=verify-ca&sslrootcert=/ca', true],
  ])('"%s"', async (query, secured) => {
    expect(await isSecured(query)).toBe(secured)
  })

  test('what a line of pg_hba.conf refuses is tried the other way where the mode lets it', async () => {
    const session = await connect(url)
    await session.run({ text: 'CREATE ROLE only_tls LOGIN; CREATE ROLE only_plain LOGIN' })
    const of = (user: string, mode: string) =>
      isSecured(`&sslmode=${mode}`, { at: url.replace(/user=\w+&password=\w+/, `user=${user}`) })
    expect(await of('only_tls', 'allow')).toBe(true)
    expect(await of('only_plain', 'prefer')).toBe(false)
    await expect(of('only_tls', 'disable')).rejects.toMatchObject({ kind: 'Denied', sqlState: '28000' })
    await expect(of('only_plain', 'require')).rejects.toMatchObject({ kind: 'Denied', sqlState: '28000' })
  })

  test('the client has a certificate, too', async () => {
    const session = await connect(url)
    await session.run({ text: 'CREATE ROLE only_certificate LOGIN' })
    const at = url.replace(/user=\w+&password=\w+/, 'user=only_certificate')
    const query = '&sslmode=verify-ca&sslrootcert=/ca'
    expect(await isSecured(`${query}&sslcert=/cert&sslkey=/key`, { at })).toBe(true)
    await expect(isSecured(query, { at })).rejects.toMatchObject({ kind: 'Denied', sqlState: '28000' })
  })

  test('the name of the host is compared with the certificate', async () => {
    const byAddress = isSecured('&sslmode=verify-full&sslrootcert=/ca')
    await expect(byAddress).rejects.toMatchObject({
      kind: 'Denied',
      message: expect.stringContaining('127.0.0.1 is not in the cert') as unknown,
    })
    const at = byName(url)
    expect(await isSecured('&sslmode=verify-full&sslrootcert=/ca', { at })).toBe(true)
    expect(await isSecured('', { at, caFile: '/ca' })).toBe(true)
  })

  test.each(['&sslmode=verify-ca&sslrootcert=/other-ca', '&ssl=true', '&sslmode=require&sslrootcert=/other-ca'])(
    'a certificate that a stranger has signed is refused: %s',
    async (query) => {
      await expect(isSecured(query)).rejects.toMatchObject({ kind: 'Denied' })
    },
  )

  test('when the server stops, the session is lost', async () => {
    const session = await connect(url)
    await Promise.all(servers.splice(0, 1).map((server) => server.stop()))
    expect(await session.lost).toMatchObject({ kind: 'Unreachable' })
    await expect(connect(url)).rejects.toMatchObject({ kind: 'Unreachable' })
  })
})

const describeMariadb = hasMariadb() ? describe : describe.skip

describeMariadb('mysql', () => {
  let url: string
  const ofMysql = (given: string): string => given.replace('jdbc:mariadb:', 'jdbc:mysql:')
  const isSecured = async (query: string, { at = url, caFile = undefined as string | undefined } = {}) => {
    const session = await connect(`${at}${query}`, caFile)
    const [found] = await session.run({ text: "SHOW SESSION STATUS LIKE 'Ssl_version'" })
    return found!.rows[0]![1] !== ''
  }

  beforeAll(async () => {
    const server = await start(secureMariadb)
    servers.push(server)
    ;({ url } = server)
  })

  test.each([
    ['', false],
    ['&sslMode=disable', false],
    ['&sslMode=trust', true],
    ['&sslMode=verify-ca&serverSslCert=/ca', true],
  ])('mariadb: "%s"', async (query, secured) => {
    expect(await isSecured(query)).toBe(secured)
  })

  test('an address is not compared with the certificate, a name is', async () => {
    const byAddress = isSecured('&sslMode=verify-full&serverSslCert=/ca')
    await expect(byAddress).rejects.toThrow('an address cannot be compared with the certificate; expected the name')
    const at = byName(url)
    expect(await isSecured('&sslMode=verify-full&serverSslCert=/ca', { at })).toBe(true)
    expect(await isSecured('', { at, caFile: '/ca' })).toBe(true)
  })

  test.each([
    ['', true],
    ['&useSSL=false', false],
    ['&sslMode=REQUIRED', true],
  ])('mysql: "%s"', async (query, secured) => {
    expect(await isSecured(query, { at: ofMysql(url) })).toBe(secured)
  })

  test('a certificate that a stranger has signed is refused', async () => {
    const at = byName(ofMysql(url))
    await expect(isSecured('&sslMode=VERIFY_CA', { at })).rejects.toMatchObject({ kind: 'Denied' })
    await expect(isSecured('', { at, caFile: '/other-ca' })).rejects.toMatchObject({ kind: 'Denied' })
  })

  test('a server that is read only is refused, also to somebody who might write all the same', async () => {
    const session = await connect(url)
    await session.run({ text: 'SET GLOBAL read_only = 1' })
    await expect(connect(url)).rejects.toMatchObject({
      kind: 'ReadOnly',
      message: expect.stringMatching(/: it is read only: a replica, or set so$/) as unknown,
    })
    await session.run({ text: 'SET GLOBAL read_only = 0' })
    await connect(url)
  })

  test('too many sessions are what goes away by itself', async () => {
    const session = await connect(url)
    await session.run({
      text: "CREATE USER one IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1; GRANT ALL ON *.* TO one",
    })
    const at = url.replace(/user=\w+&password=\w+/, 'user=one&password=x')
    await connect(at)
    await expect(connect(at)).rejects.toMatchObject({ kind: 'Unreachable', vendorCode: 1226 })
  })

  test('when the server stops, the session is lost', async () => {
    const session = await connect(url)
    await Promise.all(servers.splice(0, 1).map((server) => server.stop()))
    expect(await session.lost).toMatchObject({ kind: 'Unreachable' })
    await expect(connect(url)).rejects.toMatchObject({ kind: 'Unreachable' })
  })
})

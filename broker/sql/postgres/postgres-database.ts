// A PostgreSQL server, or several of which one can be written to.
import { escapeLiteral, type ClientConfig } from 'pg'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { connectToHosts } from '../connect-to-hosts.ts'
import type { Database, SessionOptions, SqlSession } from '../database.ts'
import type { JdbcSource, JdbcTarget } from '../jdbc-source.ts'
import { placeOf, type DatabaseHost } from '../jdbc-url.ts'
import { sqlLimits } from '../limits.ts'
import { QueuedSession } from '../queued-session.ts'
import { SqlError } from '../sql-error.ts'
import type { TlsAttempt, TlsSettings } from '../tls-attempt.ts'
import { PostgresConnection } from './postgres-connection.ts'
import { postgresError } from './postgres-errors.ts'
import { postgresOptions, type PostgresOptions } from './postgres-options.ts'
import { postgresTls } from './postgres-tls.ts'

export class PostgresDatabase implements Database {
  readonly kind = 'postgresql'
  readonly #source: JdbcSource
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(parts: { readonly source: JdbcSource; readonly clock: Clock; readonly logger: Logger }) {
    this.#source = parts.source
    this.#clock = parts.clock
    this.#logger = parts.logger
  }

  get place(): string {
    return placeOf(this.#source.url)
  }

  async connect(session: SessionOptions): Promise<SqlSession> {
    const target = await this.#source.read()
    const options = postgresOptions(target.url)
    const tls = await postgresTls(options, target, this.#source)
    const connection = await connectToHosts<PostgresConnection>(
      {
        hosts: target.url.hosts,
        tls,
        hostTimeoutMs: options.connectTimeoutMs ?? Math.min(session.answerTimeoutMs, sqlLimits.connectTimeoutMs),
        totalTimeoutMs: options.loginTimeoutMs,
        open: (host, attempt, onMade) => open(host, { target, options, session, tls: attempt }, onMade),
        wantsOtherTls,
      },
      this.#clock,
    )
    this.#logger.debug('connected to the database', { host: connection.host, session: session.applicationName })
    const answerTimeoutMs = Math.min(session.answerTimeoutMs, options.socketTimeoutMs ?? Infinity)
    return new QueuedSession(connection, this.#clock, { answerTimeoutMs })
  }
}

/** It cannot do TLS, or a line of pg_hba.conf asks for it or refuses it: invalid_authorization_specification. */
const wantsOtherTls = ({ kind, sqlState }: SqlError): boolean =>
  kind === 'Denied' && (sqlState === undefined || sqlState === '28000')

interface Login {
  readonly target: JdbcTarget
  readonly options: PostgresOptions
  readonly session: SessionOptions
  readonly tls: TlsAttempt
}

async function open(
  host: DatabaseHost,
  login: Login,
  onMade: (connection: PostgresConnection) => void,
): Promise<PostgresConnection> {
  try {
    const connection = PostgresConnection.to(host, clientConfig(login), login.options.prepares)
    onMade(connection)
    await connection.open()
    await setUp(connection, login.options)
    return connection
  } catch (error) {
    throw postgresError(error)
  }
}

/** Everything is said here, so that no PGHOST, PGPASSWORD … of the environment and no ~/.pgpass is asked. */
const clientConfig = ({ target, options, session, tls }: Login): ClientConfig => ({
  user: target.user,
  // pg looks for a password elsewhere when it is empty, but not when it is a function.
  password: () => target.password,
  database: target.url.database ?? target.user,
  application_name: options.applicationName ?? session.applicationName,
  ...(options.serverOptions !== undefined && { options: options.serverOptions }),
  ssl: tls === null ? false : tlsConfig(tls),
  sslnegotiation: 'postgres',
  keepAlive: true,
  keepAliveInitialDelayMillis: sqlLimits.keepAliveDelayMs,
  connectionTimeoutMillis: 0,
})

const tlsConfig = ({ authority, certificate, key, keyPassword, checks }: TlsSettings): ClientConfig['ssl'] => ({
  rejectUnauthorized: checks !== 'Nothing',
  ...(checks !== 'Identity' && { checkServerIdentity: () => undefined }),
  ...(authority !== undefined && { ca: authority }),
  ...(certificate !== undefined && { cert: certificate }),
  ...(key !== undefined && { key }),
  ...(keyPassword !== undefined && { passphrase: keyPassword }),
})

/**
 * What a server, a database or a role may have set otherwise and statements rely on. In a database of SQL_ASCII a VARCHAR(250) has 250
 * bytes, and in others than UTF8 some characters cannot be stored at all.
 */
async function setUp(connection: PostgresConnection, { searchPath }: PostgresOptions): Promise<void> {
  const results = await connection.execute({
    text: [
      "SET client_encoding = 'UTF8'",
      "SET bytea_output = 'hex'",
      'SET standard_conforming_strings = on',
      'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED',
      // A broker that has nothing to store is still its writer. Before version 14 there is no such limit.
      "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'",
      // How long an answer may take each session knows (SessionOptions); one of a scan or of a new index takes longer than a query of people.
      "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'statement_timeout' AND source <> 'client'",
      // An answer means that the commit is on the disk, and on that of the standby that takes over: whoever wants less says so in the URL.
      "SELECT set_config(name, 'on', false) FROM pg_settings WHERE name = 'synchronous_commit' AND setting IN ('off', 'local') AND source <> 'client'",
      ...(searchPath === undefined ? [] : [`SELECT set_config('search_path', ${escapeLiteral(searchPath)}, false)`]),
      "SELECT current_setting('transaction_read_only'), current_setting('server_encoding')",
    ].join('; '),
  })
  const [readOnly, encoding] = results.at(-1)!.rows[0]!
  if (readOnly === 'on') throw new SqlError('ReadOnly', 'it is read only: a standby, or set so')
  if (encoding !== 'UTF8')
    throw new SqlError(
      'Invalid',
      `the database has the encoding ${String(encoding)}; expected UTF8, which has all characters`,
    )
}

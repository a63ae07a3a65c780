// A MySQL or MariaDB server, or several of which one can be written to.
import { isIP } from 'node:net'
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
import { MysqlConnection } from './mysql-connection.ts'
import { mysqlError } from './mysql-errors.ts'
import { mysqlOptions, type MysqlOptions } from './mysql-options.ts'
import { mysqlTls } from './mysql-tls.ts'

export class MysqlDatabase implements Database {
  readonly kind = 'mysql'
  readonly #source: JdbcSource
  readonly #clock: Clock
  readonly #logger: Logger
  #isLossTold = false

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
    const options = mysqlOptions(target.url)
    const tls = await mysqlTls(options, target, this.#source)
    const connection = await connectToHosts<MysqlConnection>(
      {
        hosts: target.url.hosts,
        tls,
        hostTimeoutMs: options.connectTimeoutMs ?? Math.min(session.answerTimeoutMs, sqlLimits.connectTimeoutMs),
        totalTimeoutMs: undefined,
        open: (host, attempt, onMade) => open(host, { target, options, session, tls: attempt }, onMade),
        // The server cannot do TLS.
        wantsOtherTls: ({ kind, vendorCode }) => kind === 'Denied' && vendorCode === undefined,
      },
      this.#clock,
    )
    this.#logger.debug('connected to the database', { host: connection.host, session: session.applicationName })
    await this.#tellLoss(connection)
    const answerTimeoutMs = Math.min(session.answerTimeoutMs, options.socketTimeoutMs ?? Infinity)
    return new QueuedSession(connection, this.#clock, { answerTimeoutMs })
  }

  /** A session cannot set that for itself. */
  async #tellLoss(connection: MysqlConnection): Promise<void> {
    if (this.#isLossTold) return
    this.#isLossTold = true
    const text = 'SELECT @@GLOBAL.innodb_flush_log_at_trx_commit'
    const [found] = await connection.execute({ text })
    const setting = Number(found!.rows[0]![0])
    if (setting === 1) return
    this.#logger.warn('The database may lose what it has committed when its machine fails: expected 1', {
      database: this.place,
      innodb_flush_log_at_trx_commit: setting,
    })
  }
}

interface Login {
  readonly target: JdbcTarget
  readonly options: MysqlOptions
  readonly session: SessionOptions
  readonly tls: TlsAttempt
}

/** mysql2 compares the certificate with the host by its name only; with an address it would ask for one of `localhost`. */
const needsName =
  'an address cannot be compared with the certificate; expected the name of the host, or an sslMode that only checks who signed it'

async function open(
  host: DatabaseHost,
  { target, options, session, tls }: Login,
  onMade: (connection: MysqlConnection) => void,
): Promise<MysqlConnection> {
  if (tls?.checks === 'Identity' && isIP(host.host) !== 0) throw new SqlError('Invalid', needsName)
  try {
    const connection = new MysqlConnection(host, {
      user: target.user,
      password: target.password,
      ...(target.url.database !== undefined && { database: target.url.database }),
      // In performance_schema.session_connect_attrs; MariaDB has to be told to keep it.
      connectAttributes: { program_name: session.applicationName },
      charset: 'UTF8MB4_GENERAL_CI',
      ...(tls !== null && { ssl: sslOptions(tls) }),
      enableKeepAlive: true,
      keepAliveInitialDelay: sqlLimits.keepAliveDelayMs,
      // The clock does it, for all that a host needs.
      connectTimeout: 0,
    })
    onMade(connection)
    await connection.open()
    await setUp(connection, options)
    return connection
  } catch (error) {
    throw mysqlError(error)
  }
}

const sslOptions = ({ authority, checks }: TlsSettings) => ({
  rejectUnauthorized: checks !== 'Nothing',
  verifyIdentity: checks === 'Identity',
  ...(authority !== undefined && { ca: authority }),
})

/** The largest that there is: a year. */
const maxWaitTimeoutS = 31_536_000

/**
 * What a server may have set otherwise and statements rely on. Strict: a value that does not fit is an error, and is not cut. READ
 * COMMITTED: without locks on the gaps between rows, for which two writers of one table would wait.
 */
async function setUp(connection: MysqlConnection, { sessionVariables }: MysqlOptions): Promise<void> {
  const results = await connection.execute({
    text: [
      'SET NAMES utf8mb4',
      // A broker that has nothing to store is still its writer; the default is 8 hours. Before the strict mode, in which a server
      // that does not know such a large number would refuse it.
      `SET SESSION wait_timeout = ${maxWaitTimeoutS}`,
      // A limit for statements is for those of people: MariaDB has one for all, MySQL for what only reads.
      "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1" +
        ' /*M! , SESSION max_statement_time = 0 */ /*!50708 , SESSION max_execution_time = 0 */',
      'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
      ...(sessionVariables === undefined ? [] : [`SET SESSION ${sessionVariables}`]),
      'SELECT @@GLOBAL.read_only, @@GLOBAL.innodb_read_only',
    ].join('; '),
  })
  const isReadOnly = results.at(-1)!.rows[0]!.some((value) => value !== 0 && value !== 'OFF' && value !== '0')
  if (isReadOnly) throw new SqlError('ReadOnly', 'it is read only: a replica, or set so')
}

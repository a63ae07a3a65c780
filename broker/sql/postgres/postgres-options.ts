// The options that PostgreSQL's JDBC driver has, and what becomes of them here. docs/jdbc-urls.md tells it to users.
import { badOption, JdbcOptions, type KnownOptions } from '../jdbc-options.ts'
import type { JdbcUrl } from '../jdbc-url.ts'

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type PostgresSslMode = (typeof sslModes)[number]

export interface PostgresOptions {
  /** Undefined where the URL says nothing of it. */
  readonly sslMode: PostgresSslMode | undefined
  /** Paths of PEM files. */
  readonly rootCertificateFile: string | undefined
  readonly certificateFile: string | undefined
  readonly keyFile: string | undefined
  readonly keyPassword: string | undefined
  readonly searchPath: string | undefined
  /** For one host, until the session is there. */
  readonly connectTimeoutMs: number | undefined
  /** For all hosts. */
  readonly loginTimeoutMs: number | undefined
  readonly socketTimeoutMs: number | undefined
  readonly applicationName: string | undefined
  /** As `postgres -c name=value` takes them. */
  readonly serverOptions: string | undefined
  /** False: the server keeps no statement prepared, as poolers that give each transaction another session need it. */
  readonly prepares: boolean
}

export const knownPostgresOptions: KnownOptions = {
  used: [
    'user',
    'password',
    'ssl',
    'sslmode',
    'sslrootcert',
    'sslcert',
    'sslkey',
    'sslpassword',
    'currentSchema',
    'connectTimeout',
    'loginTimeout',
    'socketTimeout',
    'targetServerType',
    'ApplicationName',
    'options',
    'prepareThreshold',
    'sslfactory',
    'channelBinding',
    'gssEncMode',
  ],
  withoutEffect: [
    // Always on.
    'tcpKeepAlive',
    'tcpNoDelay',
    // Hosts are tried in the order of the URL, all of them for each connection.
    'loadBalanceHosts',
    'hostRecheckSeconds',
    // Inside of the driver: caches, buffers, result sets, types of Java, logging.
    'preparedStatementCacheQueries',
    'preparedStatementCacheSizeMiB',
    'databaseMetadataCacheFields',
    'databaseMetadataCacheFieldsMiB',
    'preferQueryMode',
    'defaultRowFetchSize',
    'adaptiveFetch',
    'adaptiveFetchMinimum',
    'adaptiveFetchMaximum',
    'maxResultBuffer',
    'binaryTransfer',
    'binaryTransferEnable',
    'binaryTransferDisable',
    'reWriteBatchedInserts',
    'stringtype',
    'autosave',
    'cleanupSavepoints',
    'logUnclosedConnections',
    'logServerErrorDetail',
    'loggerLevel',
    'loggerFile',
    'assumeMinServerVersion',
    'unknownLength',
    'disableColumnSanitiser',
    'allowEncodingChanges',
    'sendBufferSize',
    'receiveBufferSize',
    'maxSendBufferSize',
    'cancelSignalTimeout',
    'sslResponseTimeout',
    'gssResponseTimeout',
    'escapeSyntaxCallMode',
    'quoteReturningIdentifiers',
    'hideUnprivilegedObjects',
    'groupStartupParameters',
    'readOnlyMode',
    'xmlFactoryFactory',
  ],
  refused: {
    readOnly: 'a broker writes',
    replication: 'a broker has no use for the protocol of replication',
    sslfactoryarg: 'give the certificate as sslrootcert, or as caFile of the store',
    sslhostnameverifier: 'classes of Java cannot be run here; sslmode=verify-ca does not compare the name of the host',
    sslpasswordcallback: 'classes of Java cannot be run here; give the password of the key as sslpassword',
    sslNegotiation: 'TLS is asked for in the way that all versions of PostgreSQL understand',
    socketFactory: 'classes of Java cannot be run here',
    socketFactoryArg: 'classes of Java cannot be run here',
    authenticationPluginClassName: 'classes of Java cannot be run here',
    localSocketAddress: 'the operating system chooses it',
    service: 'connection service files are not read',
    gsslib: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    kerberosServerName: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    jaasApplicationName: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    jaasLogin: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    sspiServiceClass: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    useSpnego: 'Kerberos and SSPI are not supported; expected a password or a client certificate',
    protocolVersion: 'it is 3',
  },
}

/** A host that is read only is passed over whatever is said, so that these are all the same. */
const writerTypes = ['any', 'primary', 'master', 'preferPrimary'] as const

export function postgresOptions(url: JdbcUrl): PostgresOptions {
  const options = new JdbcOptions(url, knownPostgresOptions)
  refuseWhatCannotBeKept(options)
  const serverType = options.text('targetServerType')
  if (serverType !== undefined && !(writerTypes as readonly string[]).includes(serverType))
    throw badOption('targetServerType', `a broker writes; expected ${writerTypes.join(', ')}, not "${serverType}"`)
  return {
    sslMode: sslModeOf(options),
    rootCertificateFile: options.text('sslrootcert'),
    certificateFile: options.text('sslcert'),
    keyFile: options.text('sslkey'),
    keyPassword: options.text('sslpassword'),
    searchPath: options.text('currentSchema'),
    connectTimeoutMs: options.duration('connectTimeout', 1000),
    loginTimeoutMs: options.duration('loginTimeout', 1000),
    socketTimeoutMs: options.duration('socketTimeout', 1000),
    applicationName: options.text('ApplicationName'),
    serverOptions: options.text('options'),
    prepares: options.text('prepareThreshold') !== '0',
  }
}

/** A class that takes any certificate goes before what the mode would check. */
function sslModeOf(options: JdbcOptions): PostgresSslMode | undefined {
  const mode = options.choice('sslmode', sslModes) ?? (options.flag('ssl') ? 'verify-full' : undefined)
  const checksNothing = options.text('sslfactory') === nonValidatingFactory
  return checksNothing && (mode === 'verify-ca' || mode === 'verify-full') ? 'require' : mode
}

const nonValidatingFactory = 'org.postgresql.ssl.NonValidatingFactory'
const plainFactories = ['org.postgresql.ssl.LibPQFactory', 'org.postgresql.ssl.DefaultJavaSSLFactory']

/** Somebody relies on them. */
function refuseWhatCannotBeKept(options: JdbcOptions): void {
  const factory = options.text('sslfactory')
  if (factory !== undefined && factory !== nonValidatingFactory && !plainFactories.includes(factory))
    throw badOption('sslfactory', `classes of Java cannot be run here; expected sslmode, and caFile of the store`)
  if (options.text('channelBinding') === 'require')
    throw badOption('channelBinding', 'it is not supported; sslmode=verify-full proves the server, too')
  if (options.text('gssEncMode') === 'require')
    throw badOption('gssEncMode', 'GSS encryption is not supported; expected TLS, by sslmode')
}

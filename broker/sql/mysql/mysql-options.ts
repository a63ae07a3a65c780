// The options that MySQL Connector/J and MariaDB Connector/J have, and what becomes of them here. docs/jdbc-urls.md tells it to users.
import { JdbcOptions, type KnownOptions } from '../jdbc-options.ts'
import type { JdbcUrl } from '../jdbc-url.ts'

/** As MySQL calls them; what MariaDB calls disable, trust, verify-ca, verify-full is Disabled, Required, VerifyCa, VerifyIdentity. */
export type MysqlSslMode = 'Disabled' | 'Preferred' | 'Required' | 'VerifyCa' | 'VerifyIdentity'

export interface MysqlOptions {
  /** Undefined where the URL says nothing of it. */
  readonly sslMode: MysqlSslMode | undefined
  /** PEM, or the path of a PEM file. */
  readonly serverCertificate: string | undefined
  /** For one host, until the session is there. */
  readonly connectTimeoutMs: number | undefined
  readonly socketTimeoutMs: number | undefined
  /** Assignments that the session begins with: `a=1,b='x'`. */
  readonly sessionVariables: string | undefined
}

const javaKeyStore = 'key stores of Java cannot be read here; give the CA in PEM, as caFile of the store'
const javaClass = 'classes of Java cannot be run here'
const serverFiles = 'the server may not read files of the broker'
const serverKey = 'the key comes from the server; use TLS where the network is not trusted'

/** Of both drivers. */
const common: KnownOptions = {
  used: ['user', 'password', 'sslMode', 'useSSL', 'connectTimeout', 'socketTimeout', 'sessionVariables'],
  withoutEffect: [
    // ActiveMQ's documentation has it, for Connector/J's check of commits while it commits by itself.
    'relaxAutoCommit',
    // Always on.
    'tcpKeepAlive',
    'tcpNoDelay',
    'allowMultiQueries',
    // Always UTF-8 with four bytes.
    'useUnicode',
    'characterEncoding',
    'characterSetResults',
    'connectionCollation',
    // No column has a date.
    'serverTimezone',
    'connectionTimeZone',
    'timezone',
    'useLegacyDatetimeCode',
    'forceConnectionTimeZoneToSession',
    'zeroDateTimeBehavior',
    'yearIsDateType',
    'tinyInt1isBit',
    'transformedBitIsBoolean',
    // A session that is lost is told to the broker, which makes a new one: nothing may go on as if it were the same.
    'autoReconnect',
    'autoReconnectForPools',
    'failOverReadOnly',
    'maxReconnects',
    'retriesAllDown',
    'initialTimeout',
    // The server's key of caching_sha2_password is always asked for where there is no TLS.
    'allowPublicKeyRetrieval',
    // Inside of the driver: caches, buffers, batches, result sets, logging.
    'rewriteBatchedStatements',
    'useServerPrepStmts',
    'cachePrepStmts',
    'prepStmtCacheSize',
    'prepStmtCacheSqlLimit',
    'cacheCallableStmts',
    'callableStmtCacheSize',
    'useCompression',
    'useAffectedRows',
    'useCursorFetch',
    'defaultFetchSize',
    'useLocalSessionState',
    'continueBatchOnError',
    'jdbcCompliantTruncation',
    'nullDatabaseMeansCurrent',
    'nullCatalogMeansCurrent',
    'dumpQueriesOnException',
    'includeInnodbStatusInDeadlockExceptions',
    'includeThreadDumpInDeadlockExceptions',
    'logSlowQueries',
    'profileSQL',
    'connectionAttributes',
    'tcpRcvBuf',
    'tcpSndBuf',
    'maxAllowedPacket',
    'autoDeserialize',
    'enabledSslProtocolSuites',
  ],
  refused: {
    createDatabaseIfNotExist: 'the database has to be there',
    readOnly: 'a broker writes',
    socketFactory: javaClass,
    localSocketAddress: 'the operating system chooses it',
  },
}

export const knownMysqlOptions: KnownOptions = {
  used: [...common.used, 'requireSSL', 'verifyServerCertificate'],
  withoutEffect: [
    ...common.withoutEffect,
    'useJDBCCompliantTimezoneShift',
    'useClientPrepStmts',
    'cacheServerConfiguration',
    'cacheResultSetMetadata',
    'metadataCacheSize',
    'useLocalTransactionState',
    'elideSetAutoCommits',
    'alwaysSendSetIsolation',
    'maintainTimeStats',
    'useInformationSchema',
    'useOldAliasMetadataBehavior',
    'useUsageAdvisor',
    'useStreamLengthsInPrepStmts',
    'useReadAheadInput',
    'useUnbufferedInput',
    'emptyStringsConvertToZero',
    'generateSimpleParameterMetadata',
    'processEscapeCodesForPrepStmts',
    'maxQuerySizeToLog',
    'slowQueryThresholdMillis',
    'gatherPerfMetrics',
    'logger',
    'paranoid',
    'defaultAuthenticationPlugin',
    'secondsBeforeRetryMaster',
    'secondsBeforeRetrySource',
    'queriesBeforeRetryMaster',
    'queriesBeforeRetrySource',
    'tlsVersions',
    'enabledTLSProtocols',
    'tlsCiphersuites',
    'enabledSSLCipherSuites',
    'fallbackToSystemTrustStore',
    'fallbackToSystemKeyStore',
    'trustCertificateKeyStorePassword',
    'trustCertificateKeyStoreType',
    'clientCertificateKeyStorePassword',
    'clientCertificateKeyStoreType',
  ],
  refused: {
    ...common.refused,
    allowLoadLocalInfile: serverFiles,
    allowLoadLocalInfileInPath: serverFiles,
    allowUrlInLocalInfile: serverFiles,
    connectionLifecycleInterceptors: javaClass,
    queryInterceptors: javaClass,
    exceptionInterceptors: javaClass,
    authenticationPlugins: javaClass,
    propertiesTransform: javaClass,
    trustCertificateKeyStoreUrl: javaKeyStore,
    clientCertificateKeyStoreUrl: javaKeyStore,
    serverRSAPublicKeyFile: serverKey,
    loadBalanceStrategy: 'a broker writes, to one server at a time',
  },
}

export const knownMariadbOptions: KnownOptions = {
  used: [...common.used, 'trustServerCertificate', 'disableSslHostnameVerification', 'serverSslCert'],
  withoutEffect: [
    ...common.withoutEffect,
    'enabledSslCipherSuites',
    'usePipelineAuth',
    'useBatchMultiSend',
    'useBatchMultiSendNumber',
    'useBulkStmts',
    'useBulkStmtsForInserts',
    'disablePipeline',
    'autocommit',
    'transactionReplay',
    'transactionReplaySize',
    'transactionIsolation',
    'blankTableNameMeta',
    'useMysqlMetadata',
    'permitMysqlScheme',
    'permitNoResults',
    'pinGlobalTxToPhysicalConnection',
    'returnMultiValuesGeneratedIds',
    'useResetConnection',
    'interactiveClient',
    'useCatalogTerm',
    'tcpAbortiveClose',
    'tcpKeepIdle',
    'tcpKeepCount',
    'tcpKeepInterval',
    'maxQuerySizeToLog',
    'keyStorePassword',
    'trustStorePassword',
    'validConnectionTimeout',
    'loadBalanceBlacklistTimeout',
    'failoverLoopRetries',
    'assureReadOnly',
    'galeraAllowedState',
    'geometryDefaultType',
    'uuidAsString',
    'keyStoreType',
    'trustStoreType',
    'poolName',
    'maxPoolSize',
    'minPoolSize',
    'maxIdleTime',
    'registerJmxPool',
    'poolValidMinDelay',
  ],
  refused: {
    ...common.refused,
    allowLocalInfile: serverFiles,
    keyStore: javaKeyStore,
    trustStore: javaKeyStore,
    tlsSocketType: javaClass,
    restrictedAuth: 'the server says how a password is to be proven; use TLS where the network is not trusted',
    credentialType: 'give user and password, as files of the store where they change',
    localSocket: 'sockets of Unix are not supported',
    pipe: 'named pipes of Windows are not supported',
    servicePrincipalName: 'Kerberos is not supported; expected a password',
    serverRsaPublicKeyFile: serverKey,
    initSql: 'expected sessionVariables',
    pool: 'the broker has a session for each purpose, and no use for a pool',
  },
}

const mysqlModes = {
  DISABLED: 'Disabled',
  PREFERRED: 'Preferred',
  REQUIRED: 'Required',
  VERIFY_CA: 'VerifyCa',
  VERIFY_IDENTITY: 'VerifyIdentity',
} as const

const mariadbModes = {
  disable: 'Disabled',
  trust: 'Required',
  'verify-ca': 'VerifyCa',
  'verify-full': 'VerifyIdentity',
} as const

export function mysqlOptions(url: JdbcUrl): MysqlOptions {
  const options = new JdbcOptions(url, url.driver === 'mariadb' ? knownMariadbOptions : knownMysqlOptions)
  return {
    sslMode: url.driver === 'mariadb' ? mariadbMode(options) : mysqlMode(options),
    serverCertificate: options.text('serverSslCert'),
    connectTimeoutMs: options.duration('connectTimeout', 1),
    socketTimeoutMs: options.duration('socketTimeout', 1),
    sessionVariables: options.text('sessionVariables'),
  }
}

/** sslMode goes before the three older options, which Connector/J translates to it. */
function mysqlMode(options: JdbcOptions): MysqlSslMode | undefined {
  const given = options.choice('sslMode', Object.keys(mysqlModes) as (keyof typeof mysqlModes)[])
  if (given !== undefined) return mysqlModes[given]
  const uses = options.flag('useSSL')
  if (uses === false) return 'Disabled'
  if (options.flag('verifyServerCertificate')) return 'VerifyCa'
  if (options.flag('requireSSL')) return 'Required'
  return uses ? 'Preferred' : undefined
}

/** As org.mariadb.jdbc.Configuration reads the older options. */
function mariadbMode(options: JdbcOptions): MysqlSslMode | undefined {
  const given = options.choice('sslMode', Object.keys(mariadbModes) as (keyof typeof mariadbModes)[])
  if (given !== undefined) return mariadbModes[given]
  const uses = options.flag('useSSL')
  if (uses === undefined) return undefined
  if (!uses) return 'Disabled'
  if (options.flag('trustServerCertificate')) return 'Required'
  return options.flag('disableSslHostnameVerification') ? 'VerifyCa' : 'VerifyIdentity'
}

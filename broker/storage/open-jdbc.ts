// The store in a database, with the lock that is in the same one: who has the lock proves it with each write.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import { parseDuration, parseSize } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { Lock } from '../lock/lock.ts'
import { DatabaseLock } from '../lock/sql/database-lock.ts'
import { LeaseLock } from '../lock/sql/lease-lock.ts'
import type { Database } from '../sql/database.ts'
import { JdbcSource } from '../sql/jdbc-source.ts'
import { MysqlDatabase } from '../sql/mysql/mysql-database.ts'
import { ProbedDatabase } from '../sql/probed-session.ts'
import { PostgresDatabase } from '../sql/postgres/postgres-database.ts'
import { tableNames, type TableNames } from '../sql/table-names.ts'
import { openTables } from '../store/sql/open-tables.ts'
import { SqlStore } from '../store/sql/sql-store.ts'
import { storageLimits } from './limits.ts'
import type { JdbcParts, StorageParts } from './storage-parts.ts'
import type { Storage } from './storage.ts'

type JdbcConfig = Extract<BrokerConfig['store'], { type: 'JDBC' }>

export interface DatabaseParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly readFile: (path: string) => Promise<string>
}

/** Connects to nothing yet. Rejects with SqlError for a URL that makes no sense, or whose file cannot be read. */
export async function openDatabase(config: JdbcConfig, { readFile, ...parts }: DatabaseParts): Promise<Database> {
  const source = await JdbcSource.open(config, readFile)
  return source.kind === 'postgresql'
    ? new PostgresDatabase({ source, ...parts })
    : new MysqlDatabase({ source, ...parts })
}

export function openJdbc(
  brokerName: string,
  config: JdbcConfig,
  temp: Storage['temp'],
  parts: StorageParts,
  { database, isPrioritized }: JdbcParts,
): Storage {
  const names = tableNames(config.tablePrefix)
  const { clock, logger, member } = parts
  const store = new SqlStore({
    // The lock's statements have a shorter time-out of their own; a batch may take long.
    database: new ProbedDatabase(database, clock),
    openTables,
    names,
    clock,
    logger,
    limitBytes: parseSize(config.limit)!,
    isPrioritized,
    applicationName: `flotilla/${brokerName}/${member}`,
    mendsTables: config.createTables,
    uncommittedBytes: parts.memoryLimitBytes * storageLimits.uncommittedShare,
  })
  const lock = lockOf({ brokerName, config, parts, database, names, ready: () => store.ready() })
  return { kind: config.type, lock, store, temp }
}

interface LockParts {
  readonly brokerName: string
  readonly config: JdbcConfig
  readonly parts: StorageParts
  readonly database: Database
  readonly names: TableNames
  readonly ready: () => Promise<void>
}

function lockOf({ brokerName, config, parts, database, names, ready }: LockParts): Lock {
  const { createTables, locker, lease, lock } = config
  const { member, clock, random, logger, watchUrl, openWatch } = parts
  const options = {
    database,
    names,
    createTables,
    brokerName,
    member,
    ready,
    clock,
    random,
    logger,
    acquireIntervalMs: parseDuration(lock.acquireInterval)!,
    watchUrl,
  }
  if (locker === 'Database')
    return new DatabaseLock({ ...options, keepAlivePeriodMs: parseDuration(lock.keepAlivePeriod)! })
  return new LeaseLock({
    ...options,
    durationMs: parseDuration(lease.duration)!,
    renewIntervalMs: parseDuration(lease.renewInterval)!,
    openWatch,
  })
}

// Tables that ActiveMQ made lack what its own features need (PostgresqlJDBCAdapter drops a key by a name that Statements does not give it;
// DefaultJDBCAdapter, which it takes for the newer drivers of MySQL and MariaDB, makes MSG a BLOB), or go by the defaults of the
// database: they are changed once, when we work with them for the first time, so that either broker works with them afterwards.
import { errorMessage } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Database, SqlSession } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { sqlStoreLimits } from './limits.ts'

const keyOfAcks = 'PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)'
const textForm = 'CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

export interface MendOptions {
  readonly database: Database
  readonly names: TableNames
  readonly logger: Logger
  readonly applicationName: string
}

/**
 * Does nothing to tables that are right, as `looking` finds; else it rewrites them, which may take long and which nobody else should work with
 * meanwhile. Without the right to do so it tells what is needed and leaves them as they are.
 */
export async function mendTables(looking: SqlSession, options: MendOptions): Promise<void> {
  const { database, names, logger } = options
  try {
    const mendings = await findMendings(looking, names)
    if (mendings.length > 0) await mend(mendings, options)
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== 'Denied') throw error
    logger.warn(
      'Cannot change a table that ActiveMQ made: messages, names or priorities that it has no room for will be refused',
      {
        database: database.place,
        error: errorMessage(error),
      },
    )
  }
}

async function mend(statements: readonly string[], options: MendOptions): Promise<void> {
  const { database, logger, applicationName } = options
  const { mendTimeoutMs: answerTimeoutMs } = sqlStoreLimits
  const session = await database.connect({ applicationName: `${applicationName}/tables`, answerTimeoutMs })
  try {
    for (const statement of statements) {
      logger.info('Changing a table that ActiveMQ made', { database: database.place, statement })
      await session.run({ text: statement })
    }
  } finally {
    await session.close()
  }
}

async function findMendings(session: SqlSession, names: TableNames): Promise<readonly string[]> {
  return session.kind === 'postgresql' ? findInPostgres(session, names) : findInMysql(session, names)
}

async function findInPostgres(session: SqlSession, { acks }: TableNames): Promise<readonly string[]> {
  const rows = await rowsOf(
    session,
    `SELECT quote_ident(c.conname) FROM pg_constraint c WHERE c.conrelid = to_regclass('${acks}') AND c.contype = 'p' AND NOT EXISTS
      (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.attname = 'priority')`,
  )
  return rows.map(([name]) => `ALTER TABLE ${acks} DROP CONSTRAINT ${name}, ADD ${keyOfAcks}`)
}

/** Not the lock's: a transaction of our own may have its row, and names of ours in it are ASCII. */
async function findInMysql(session: SqlSession, { messages, acks }: TableNames): Promise<readonly string[]> {
  const columns = await rowsOf(
    session,
    `SELECT UPPER(TABLE_NAME), UPPER(COLUMN_NAME), LOWER(DATA_TYPE), COLLATION_NAME, COLUMN_KEY FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND UPPER(TABLE_NAME) IN (${[messages, acks].map((name) => `UPPER('${name}')`).join(', ')})`,
  )
  const changes = (table: string): string[] => {
    const own = columns.filter(([name]) => name === table.toUpperCase())
    const isSmall = own.some(([, name, type]) => name === 'MSG' && type !== 'longblob')
    const hasWholeKey = table !== acks || own.some(([, name, , , key]) => name === 'PRIORITY' && key === 'PRI')
    // Any of the kind that tells all characters apart, as destinations do.
    const isOfDatabase = own.some(
      ([, , , collation]) => typeof collation === 'string' && !/^utf8mb4_.*bin$/.test(collation),
    )
    return [
      ...(isSmall ? ['MODIFY MSG LONGBLOB'] : []),
      ...(hasWholeKey ? [] : [`DROP PRIMARY KEY, ADD ${keyOfAcks}`]),
      ...(isOfDatabase ? [textForm] : []),
    ]
  }
  return [messages, acks]
    .map((table) => [table, changes(table)] as const)
    .filter(([, needed]) => needed.length > 0)
    .map(([table, needed]) => `ALTER TABLE ${table} ${needed.join(', ')}`)
}

type TextRow = readonly (string | null)[]

async function rowsOf(session: SqlSession, text: string): Promise<readonly TextRow[]> {
  const [found] = await session.run({ text })
  return found!.rows as readonly TextRow[]
}

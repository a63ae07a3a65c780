// Makes sure that the tables are there before anybody waits for the lock in them. Nothing is created where nothing is missing: making an index that is
// there already waits for the active's writes, and needs rights that a user who only works with the tables may lack.
import { createTables } from '../../sql/create-tables.ts'
import type { SqlSession } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { sqlLockLimits } from './limits.ts'

interface Column {
  readonly table: string
  readonly name: string
  readonly definition: string
}

/** `connect`: for what may take long, as an index of many messages does; left out: nothing is made. Rejects with a SqlError that names what is missing. */
export async function ensureTables(
  session: SqlSession,
  names: TableNames,
  connect?: () => Promise<SqlSession>,
): Promise<void> {
  let missing = await firstMissing(session, names)
  if (missing !== undefined && connect) {
    await create(await connect(), names)
    missing = await firstMissing(session, names)
  }
  if (missing !== undefined)
    throw new SqlError(
      'Missing',
      `Cannot use the database: ${missing} is not there; create it, or set createTables: true for a user who may`,
    )
  await checkEngines(session, names)
}

async function create(session: SqlSession, names: TableNames): Promise<void> {
  try {
    // Before the indexes that go by them.
    for (const { table, name, definition } of laterColumns(names))
      if ((await exists(session, table)) && !(await exists(session, table, name)))
        await settle(session, `ALTER TABLE ${table} ADD ${name} ${definition}`)
    for (const { text } of createTables(session.kind, names)) await settle(session, text)
  } finally {
    await session.close()
  }
}

async function firstMissing(session: SqlSession, names: TableNames): Promise<string | undefined> {
  for (const table of Object.values<string>({ ...names })) if (!(await exists(session, table))) return `table ${table}`
  for (const { table, name } of laterColumns(names))
    if (!(await exists(session, table, name))) return `column ${name} of table ${table}`
  return undefined
}

/** What old releases of ActiveMQ do not have, as later ones add it (Statements.getCreateSchemaStatements). Their keys are the store's to mend, under the lock. */
const laterColumns = ({ messages, acks }: TableNames): readonly Column[] => [
  { table: messages, name: 'PRIORITY', definition: 'BIGINT' },
  { table: messages, name: 'XID', definition: 'VARCHAR(250)' },
  { table: acks, name: 'PRIORITY', definition: 'BIGINT DEFAULT 5 NOT NULL' },
  { table: acks, name: 'XID', definition: 'VARCHAR(250)' },
]

async function exists(session: SqlSession, table: string, column = '1'): Promise<boolean> {
  try {
    await session.run({ text: `SELECT ${column} FROM ${table} WHERE 1 = 0` })
    return true
  } catch (error) {
    if (error instanceof SqlError && error.kind === 'Missing') return false
    throw error
  }
}

/**
 * Whoever finds that another member has made it meanwhile is content. Of two that are at it at the same moment PostgreSQL tells one of a
 * Duplicate, in spite of IF NOT EXISTS: then it is asked again, because a part of it may have been what collided.
 */
async function settle(session: SqlSession, text: string): Promise<void> {
  const isAskedAgain = session.kind === 'postgresql' && text.startsWith('CREATE')
  for (let attempt = 1; ; attempt++)
    try {
      await session.run({ text })
      return
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      if (error.kind === 'Duplicate' && !isAskedAgain) return
      const isInTheWay = error.kind === 'Duplicate' || error.kind === 'Conflict'
      if (!isInTheWay || attempt === sqlLockLimits.createAttempts) throw error
    }
}

/** A table of MyISAM has no locks of rows and no transactions: two members would be active. */
async function checkEngines(session: SqlSession, names: TableNames): Promise<void> {
  if (session.kind !== 'mysql') return
  const list = Object.values<string>({ ...names })
    .map((name) => `'${name.toUpperCase()}'`)
    .join(', ')
  const [found] = await session.run({
    text: `SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND UPPER(TABLE_NAME) IN (${list})`,
  })
  for (const [table, engine] of found!.rows)
    if (typeof engine === 'string' && engine.toUpperCase() !== 'INNODB')
      throw new SqlError(
        'Invalid',
        `Cannot use table ${String(table)}: its engine ${engine} has no transactions; ALTER TABLE ${String(table)} ENGINE=InnoDB makes it one that has`,
      )
}

// Makes sure that the tables are there before anybody waits for the lock in them. Nothing is created where nothing is missing: creating an index that is
// there already waits for the active's writes, and needs rights that a user who only works with the tables may lack.
import { createTables } from '../../sql/create-tables.ts'
import type { SqlSession } from '../../sql/database.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { sqlLockLimits } from './limits.ts'

interface Column {
  readonly table: string
  readonly name: string
  /** What adds it, behind ALTER TABLE. */
  readonly add: string
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
    for (const { table, name, add } of laterColumns(session, names))
      if ((await isThere(session, table)) && !(await isThere(session, table, name)))
        await settle(session, `ALTER TABLE ${table} ${add}`)
    for (const { text } of createTables(session.kind, names)) await settle(session, text)
  } finally {
    await session.close()
  }
}

async function firstMissing(session: SqlSession, names: TableNames): Promise<string | undefined> {
  for (const table of Object.values<string>({ ...names })) if (!(await isThere(session, table))) return `table ${table}`
  for (const { table, name } of laterColumns(session, names))
    if (!(await isThere(session, table, name))) return `column ${name} of table ${table}`
  return undefined
}

/** What releases of ActiveMQ before 5.5 and 5.8 did not have, added as later ones do (Statements.getCreateSchemaStatements). */
function laterColumns({ kind }: SqlSession, { messages, acks }: TableNames): readonly Column[] {
  const key = 'ADD PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)'
  const dropKey = kind === 'postgresql' ? `DROP CONSTRAINT IF EXISTS ${acks.toLowerCase()}_pkey` : 'DROP PRIMARY KEY'
  return [
    { table: messages, name: 'PRIORITY', add: 'ADD PRIORITY BIGINT' },
    { table: messages, name: 'XID', add: 'ADD XID VARCHAR(250)' },
    { table: acks, name: 'PRIORITY', add: `ADD PRIORITY BIGINT DEFAULT 5 NOT NULL, ${dropKey}, ${key}` },
    { table: acks, name: 'XID', add: 'ADD XID VARCHAR(250)' },
  ]
}

async function isThere(session: SqlSession, table: string, column = '1'): Promise<boolean> {
  try {
    await session.run({ text: `SELECT ${column} FROM ${table} WHERE 1 = 0` })
    return true
  } catch (error) {
    if (error instanceof SqlError && error.kind === 'Missing') return false
    throw error
  }
}

/** Whoever finds that another member has made it meanwhile is content. PostgreSQL tells of that for IF NOT EXISTS, too, when both are at it. */
async function settle(session: SqlSession, text: string): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      await session.run({ text })
      return
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      if (error.kind === 'Duplicate' && !isOnlyCollision(session, text)) return
      const isInTheWay = error.kind === 'Duplicate' || error.kind === 'Conflict'
      if (!isInTheWay || attempt === sqlLockLimits.createAttempts) throw error
    }
}

/** It has to be tried again, because what collided was perhaps not the table itself but a part of it. */
const isOnlyCollision = ({ kind }: SqlSession, text: string): boolean =>
  kind === 'postgresql' && text.startsWith('CREATE')

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
        `Cannot use table ${String(table)}: its engine is ${engine}, which has no transactions; ALTER TABLE ${String(table)} ENGINE=InnoDB`,
      )
}

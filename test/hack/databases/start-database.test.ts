import { afterEach, expect, test } from '@jest/globals'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasMariadb, mariadb } from '../../../hack/databases/mariadb.ts'
import { embeddedPostgresql } from '../../../hack/databases/postgresql.ts'
import type { ServerKind } from '../../../hack/databases/server-kind.ts'
import { startDatabase, type DatabaseServer } from '../../../hack/databases/start-database.ts'
import { runSql } from '../../support/run-sql.ts'
import { gone } from '../../support/stack.ts'
import { StartedProgram } from '../../support/started-program.ts'

const allKinds: [string, ServerKind, string, boolean][] = [
  ['the embedded PostgreSQL', embeddedPostgresql, 'embeddedPostgresql', true],
  ['MariaDB', mariadb, 'mariadb', hasMariadb()],
]
/** Of this machine. */
const kinds = allKinds.filter(([, , , isHere]) => isHere)
const made: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const undo of made.splice(0).reverse()) await undo()
})

test.each(kinds)('%s keeps what is in its directory, and wants its password', async (_, kind) => {
  const directory = newDirectory()
  const first = await started(kind, { directory, password: 'one' })
  await numberOf(first.url, 'CREATE TABLE KEPT (ID INT)')
  await first.stop()
  const { url } = await started(kind, { directory, password: 'one' })
  expect(await numberOf(url, 'SELECT COUNT(*) AS n FROM KEPT')).toBe(0)
  await expect(numberOf(url.replace('password=one', 'password=other'), 'SELECT 1 AS n')).rejects.toThrow(
    /authentication failed|Access denied/,
  )
})

test.each(kinds)('%s ends, with its temporary directory, when who started it is killed', async (_, kind, name) => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'hack', 'databases')
  const program = `
    import * as postgresql from '${folder}/postgresql.ts'
    import * as mariadb from '${folder}/mariadb.ts'
    import { startDatabase } from '${folder}/start-database.ts'
    const kind = { ...postgresql, ...mariadb }['${name}']
    console.log(JSON.stringify(await startDatabase(kind, { syncs: false, endsWithParent: true })))
    setInterval(() => {}, 1_000_000)`
  const owner = new StartedProgram(process.execPath, ['--input-type=module', '--eval', program])
  made.push(() => owner.kill())
  await owner.says('}\n')
  const { url, pid, directory } = JSON.parse(owner.output) as DatabaseServer
  expect(await numberOf(url, 'SELECT 1 AS n')).toBe(1)
  expect(existsSync(join(directory, 'data'))).toBe(true)
  await owner.kill()
  await gone(pid)
  expect(existsSync(directory)).toBe(false)
  await expect(numberOf(url, 'SELECT 1 AS n')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a server that does not start says why', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  made.push(() => void other.close())
  const { port } = other.address() as AddressInfo
  await expect(started(embeddedPostgresql, { directory: newDirectory(), port })).rejects.toThrow(
    /^Cannot start a database server: .*postgres ended with 1:\n(.*\n)*.*Address already in use/,
  )
})

async function started(
  kind: ServerKind,
  options: { directory: string; password?: string; port?: number },
): Promise<DatabaseServer> {
  const server = await startDatabase(kind, { syncs: false, endsWithParent: true, ...options })
  made.push(() => server.stop())
  return server
}

/** That another user can enter, whose the data is. */
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-database-test-'))
  chmodSync(directory, 0o755)
  made.push(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'database')
}

/** The column `n` of the first row. */
async function numberOf(url: string, statement: string): Promise<number> {
  const [row] = await runSql(url, statement)
  return Number(row?.['n'])
}

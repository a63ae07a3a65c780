// That the triggers see who writes, on real servers.
import { afterAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseKind } from '../../../broker/sql/database.ts'
import { createTables } from '../../../broker/sql/create-tables.ts'
import { tableNames } from '../../../broker/sql/table-names.ts'
import { whyNoMariadb } from '../../support/mariadb-server.ts'
import { whyNoPostgresql } from '../../support/postgresql-server.ts'
import { databaseStores, type DatabaseStoreName } from './fault.ts'
import { JdbcStore } from './jdbc-store.ts'

const whyNot: Readonly<Record<DatabaseStoreName, string | undefined>> = {
  'jdbc-postgresql': whyNoPostgresql(),
  'jdbc-mariadb': whyNoMariadb(),
}
const here = databaseStores.filter((name) => whyNot[name] === undefined)
for (const name of databaseStores)
  if (whyNot[name] !== undefined) process.stderr.write(`The tests on ${name} are skipped: ${whyNot[name]}\n`)

const kinds: Readonly<Record<DatabaseStoreName, DatabaseKind>> = {
  'jdbc-postgresql': 'postgresql',
  'jdbc-mariadb': 'mysql',
}
const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

const unless = here.length === 0 ? describe.skip : describe
unless.each(here)('%s', (name) => {
  test('who writes in a term of somebody else is noticed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flotilla-writers-'))
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
    const terms = { locker: 'Lease', scene: {}, volume: undefined, members: 2 } as const
    const store = await JdbcStore.start({ ...terms, name, directory })
    cleanups.push(() => store.stop())
    const run = (text: string, member = 0): Promise<string[]> =>
      store.server.query(text, 'flotilla', `flotilla_${member}`)
    for (const { text } of createTables(kinds[name], tableNames(''))) await run(text)
    await store.watch()

    const insert = (id: number): string => `INSERT INTO ACTIVEMQ_MSGS (ID, CONTAINER) VALUES (${id}, 'queue://Q')`
    await run('UPDATE FLOTILLA_STATE SET TERM = 1')
    await run(insert(1))
    await run('UPDATE FLOTILLA_STATE SET TERM = 2', 1)
    await run('DELETE FROM ACTIVEMQ_MSGS', 1)
    expect(await store.violations()).toEqual([])
    await run('DELETE FROM ACTIVEMQ_MSGS')
    expect(await store.violations()).toEqual([])

    await run(insert(2))
    expect(await store.violations()).toEqual(['in term 2 wrote flotilla_0 and flotilla_1'])
  })
})

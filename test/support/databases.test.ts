import { expect, test } from '@jest/globals'
import { freshDatabase, testDatabases } from './databases.ts'
import { runSql } from './run-sql.ts'

const databases = await testDatabases()

test('every machine has a PostgreSQL, and all who ask get the same', async () => {
  expect(databases[0]).toMatchObject({ kind: 'postgresql' })
  expect(await testDatabases()).toEqual(databases)
})

test.each(databases)('a fresh database of $kind is empty and goes again', async (of) => {
  const fresh = await freshDatabase(of)
  const schema = of.kind === 'postgresql' ? 'current_schema()' : 'database()'
  const count = `SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = ${schema}`
  const [row] = await runSql(fresh.url, count)
  expect(Number(row!['n'])).toBe(0)
  await fresh.drop()
  await expect(runSql(fresh.url, count)).rejects.toThrow(/database .*flotilla_/i)
})

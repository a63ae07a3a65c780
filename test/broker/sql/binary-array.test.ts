// Arrays for PostgreSQL, as a real one understands them.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { systemClock } from '../../../broker/base/clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import { byteaArray, int8Array, textArray } from '../../../broker/sql/binary-array.ts'
import type { SqlSession } from '../../../broker/sql/database.ts'
import { JdbcSource } from '../../../broker/sql/jdbc-source.ts'
import { PostgresDatabase } from '../../../broker/sql/postgres/postgres-database.ts'
import { testDatabases } from '../../support/databases.ts'

let session: SqlSession

beforeAll(async () => {
  const { url } = (await testDatabases()).find(({ kind }) => kind === 'postgresql')!
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  const database = new PostgresDatabase({ source, clock: systemClock, logger: silentLogger })
  session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
})

afterAll(() => session.close())

async function comeBack(type: string, array: Buffer): Promise<unknown[]> {
  const [result] = await session.run({
    text: `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY AS one(value, place) ORDER BY place`,
    values: [array],
    name: `come back ${type}`,
  })
  return result!.rows.map(([value]) => value)
}

const orNull = <T>(one: fc.Arbitrary<T>) => fc.array(fc.option(one), { maxLength: 40 })

test('bigint', async () => {
  const edges = [0, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
  expect(await comeBack('int8', int8Array([...edges, null]))).toEqual([...edges, null])
  await fc.assert(
    fc.asyncProperty(orNull(fc.maxSafeInteger()), async (values) => {
      expect(await comeBack('int8', int8Array(values))).toEqual(values)
    }),
  )
})

test('text', async () => {
  const texts = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''))
  await fc.assert(
    fc.asyncProperty(orNull(texts), async (values) => {
      expect(await comeBack('text', textArray(values))).toEqual(values)
    }),
  )
})

test('a lone surrogate does not fail the others', async () => {
  expect(await comeBack('text', textArray(['\ud800x', 'y']))).toEqual(['\ufffdx', 'y'])
})

test('bytea', async () => {
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array))
  await fc.assert(
    fc.asyncProperty(orNull(bytes), async (values) => {
      expect(await comeBack('bytea', byteaArray(values))).toEqual(values)
    }),
  )
})

test('empty ones, and ones of nulls', async () => {
  expect(await comeBack('int8', int8Array([]))).toEqual([])
  expect(await comeBack('text', textArray([]))).toEqual([])
  expect(await comeBack('bytea', byteaArray([]))).toEqual([])
  expect(await comeBack('bytea', byteaArray([null, null]))).toEqual([null, null])
})

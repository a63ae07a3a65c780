// How pages are read back: what is asked of the database, and when.
import { expect, test } from '@jest/globals'
import { queueHolder } from '../../../../broker/store/held-message.ts'
import type { SqlStore } from '../../../../broker/store/sql/sql-store.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { createSqlStore, type SqlStoreSetup } from '../../../support/sql-stores.ts'
import { durable, message } from '../../../support/store-content.ts'
import { turns } from '../../../support/turns.ts'

const orders = queueHolder('orders')

async function filled(
  count: number,
  more: Partial<SqlStoreSetup> = {},
): Promise<{ readonly database: MemoryDatabase; readonly store: SqlStore }> {
  const database = new MemoryDatabase()
  const store = createSqlStore({ database, openTables: database.openTables, ...more })
  await store.open(soleOwner(1))
  for (let sequence = 1; sequence <= count; sequence++) store.add(message(`m${sequence}`), sequence)
  await durable(store)
  return { database, store }
}

const page = async (store: SqlStore, after: number, messages = 3, queue = orders): Promise<string[]> =>
  (await store.read(queue, after, Number.MAX_SAFE_INTEGER, messages, 1000)).map(
    ({ sequence, bytes }) => `${sequence}:${bytes.toString()}`,
  )

test('who reads one page behind the other finds the next one read ahead', async () => {
  const { database, store } = await filled(11)
  expect(await page(store, 0)).toEqual(['1:m1', '2:m2', '3:m3'])
  expect(database.reads).toEqual([[1, 2, 3]])
  expect(await page(store, 3)).toEqual(['4:m4', '5:m5', '6:m6'])
  expect(database.reads.slice(1)).toEqual([
    [4, 5, 6],
    [7, 8, 9],
  ])
  expect(await page(store, 6)).toEqual(['7:m7', '8:m8', '9:m9'])
  expect(database.reads.slice(3)).toEqual([[10, 11]])
  expect(await page(store, 9)).toEqual(['10:m10', '11:m11'])
  expect(database.reads).toHaveLength(4)
  await store.close()
})

test('a page that goes beyond what was read ahead is read as far as it does, without what is gone', async () => {
  const { database, store } = await filled(12)
  await page(store, 0)
  await page(store, 3)
  database.reads.length = 0
  store.remove(orders, 8)
  expect(await page(store, 6, 5)).toEqual(['7:m7', '9:m9', '10:m10', '11:m11', '12:m12'])
  expect(database.reads).toEqual([[10, 11, 12]])
  await store.close()
})

test('what was read ahead and then changed is read again, when the change is there', async () => {
  const { store } = await filled(9)
  await page(store, 0)
  await page(store, 3)
  store.update(message('changed'), 8)
  expect(await page(store, 6)).toEqual(['7:m7', '8:changed', '9:m9'])
  await store.close()
})

test('only what is durable is read, while more is on its way', async () => {
  const { database, store } = await filled(2)
  const release = database.hold()
  store.add(message('m3'), 3)
  store.whenDurable(() => {})
  await turns(3)
  expect(await page(store, 0)).toEqual(['1:m1', '2:m2'])
  release()
  await durable(store)
  expect(await page(store, 0)).toEqual(['1:m1', '2:m2', '3:m3'])
  await store.close()
})

test('a row that somebody else has removed is told of once, and passed over', async () => {
  const log: string[] = []
  const note = (text: string): void => void log.push(text)
  const logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  const { database, store } = await filled(3, { logger })
  log.length = 0
  database.rows.messages.delete(2)
  for (let n = 0; n < 2; n++) expect(await page(store, 0)).toEqual(['1:m1', '3:m3'])
  expect(log).toEqual(['A message is not in the database any more: somebody else has removed it'])
  await store.close()
})

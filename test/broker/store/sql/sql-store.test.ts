import { describe, expect, test } from '@jest/globals'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { createSqlStore, sqlStores } from '../../../support/sql-stores.ts'

messageStoreContract('SqlStore on tables in memory', async () => {
  const database = new MemoryDatabase()
  return sqlStores({ database, openTables: database.openTables })
})

describe('a store that follows', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('has its sessions before it is opened', async () => {
    const database = new MemoryDatabase()
    const store = createSqlStore({ database, openTables: database.openTables })
    store.follow()
    await turn()
    expect(database.sessions).toEqual(['writer', 'reader'])
    await store.open(soleOwner(1))
    expect(database.connections).toBe(2)
    await store.close()
    expect(database.sessions).toEqual([])
  })

  test('and is never opened leaves no session behind', async () => {
    const database = new MemoryDatabase()
    const store = createSqlStore({ database, openTables: database.openTables })
    store.follow()
    await turn()
    await store.close()
    expect(database.sessions).toEqual([])
  })
})

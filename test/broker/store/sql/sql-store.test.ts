import { messageStoreContract } from '../../../contract/message-store.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { sqlStores } from '../../../support/sql-stores.ts'

messageStoreContract('SqlStore on tables in memory', async () => {
  const database = new MemoryDatabase()
  return sqlStores({ database, openTables: database.openTables })
})

// The database ends the sessions of the active.
import { databaseStores, type StoreFault } from '../fault.ts'

export const sessionsKilled: StoreFault = {
  name: 'sessions-killed',
  about: 'the database ends the sessions of the active',
  rounds: 25,
  stores: databaseStores,
  strike: async ({ database, active }) => database.endSessionsOf(active),
}

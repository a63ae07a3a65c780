// All connections of the database are taken when members need new ones.
import { databaseStores, sleep, type StoreFault } from '../fault.ts'
import { kill } from './killed.ts'

const takenMs = 3000

export const connectionsTaken: StoreFault = {
  name: 'connections-taken',
  about: 'too many connections to the database, SIGKILL of the active',
  rounds: 10,
  stores: databaseStores,
  strike: async (round) => {
    const { database, waitsFromNow } = round
    const release = await database.takeConnections()
    await kill(round)
    // Also those that it had.
    const releaseMore = await database.takeConnections()
    await sleep(takenMs)
    // One after the other: a full server has one connection left for whoever may do all.
    await release()
    await releaseMore()
    waitsFromNow()
  },
}

// All connections of the database are taken when members need new ones.
import { databaseStores, sleep, type StoreFault } from '../fault.ts'
import { kill } from './killed.ts'

/** More than it has. */
const occupants = 40
const takenMs = 3000

export const connectionsTaken: StoreFault = {
  name: 'connections-taken',
  about: 'too many connections to the database, SIGKILL of the active',
  rounds: 10,
  stores: databaseStores,
  strike: async (round) => {
    const release = round.database.takeConnections(occupants)
    await kill(round)
    await sleep(takenMs)
    await release()
    round.waitsFromNow()
  },
}

// SIGKILL of the database, which is started again.
import { databaseStores, sleep, type StoreFault } from '../fault.ts'

const mostDownMs = 3000

export const databaseKilled: StoreFault = {
  name: 'database-killed',
  about: 'SIGKILL of the database, started again',
  rounds: 25,
  stores: databaseStores,
  strike: async ({ database, dice, waitsFromNow }) => {
    await database.server.kill()
    await sleep(dice.between(0, mostDownMs))
    await database.server.start()
    waitsFromNow()
  },
}

// SIGKILL of the database; its synchronous standby on another host takes its place, and gets a standby itself.
import { sleep, type StoreFault } from '../fault.ts'

const mostDownMs = 1000

export const databaseFailover: StoreFault = {
  name: 'database-failover',
  about: 'SIGKILL of the database, its synchronous standby is promoted',
  rounds: 10,
  stores: ['jdbc-postgresql'],
  scene: { second: 'last' },
  strike: async ({ database, group, dice, waitsFromNow }) => {
    await database.server.kill()
    await sleep(dice.between(0, mostDownMs))
    await database.promoteSecond()
    waitsFromNow()
    await group.active()
    await database.makeSecond()
  },
}

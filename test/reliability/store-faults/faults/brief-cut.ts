// The connections between the active and the database break, and new ones are refused for a moment.
import { databaseStores, sleep, type StoreFault } from '../fault.ts'

const longestMs = 1000

export const briefCut: StoreFault = {
  name: 'brief-cut',
  about: 'the connections between the active and the database break, and are refused for up to 1 s',
  rounds: 25,
  stores: databaseStores,
  scene: { way: 'proxy' },
  strike: async ({ database, active, dice }) => {
    const way = database.wayOf(active)
    way.cut()
    await sleep(dice.between(0, longestMs))
    way.mend()
  },
}

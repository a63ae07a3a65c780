// Nothing gets through between the active and the database, and nobody is told: longer than the lease, where there is one.
import { activeAfter } from '../../../support/broker-process.ts'
import { databaseStores, sleep, type StoreFault } from '../fault.ts'

const shortestMs = 500
const longestMs = 3000

export const cut: StoreFault = {
  name: 'cut',
  about: 'nothing gets through between the active and the database',
  rounds: 25,
  stores: databaseStores,
  scene: { way: 'firewall' },
  strike: async ({ database, active, group, dice, leaseMs }) => {
    const term = (await active.role())?.term ?? 0
    const way = database.wayOf(active)
    way.cut()
    try {
      if (leaseMs !== undefined) await activeAfter([group.standbyOf(active)], term)
      await sleep(dice.between(shortestMs, longestMs))
    } finally {
      way.mend()
    }
  },
}

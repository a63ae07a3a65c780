// A firewall has forgotten the connections between the active and the database: they stay, and say nothing. New ones get through.
import { activeAfter } from '../../../support/broker-process.ts'
import { databaseStores, type StoreFault } from '../fault.ts'

export const silenced: StoreFault = {
  name: 'silenced',
  about: 'a firewall drops what the open connections between the active and the database say',
  rounds: 10,
  stores: databaseStores,
  scene: { way: 'proxy' },
  strike: async ({ database, active, group }) => {
    const term = (await active.role())?.term ?? 0
    database.wayOf(active).silence()
    // It may come back itself, on a new connection.
    await activeAfter(group.members, term)
  },
}

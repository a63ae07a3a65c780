// No member hears any other one for so long that packets on their way are tried again seldom: when they get through again, so must the members.
import { activeAfter } from '../../../support/broker-process.ts'
import { replicatedStores, sleep, type StoreFault } from '../fault.ts'
import { termOf } from './cut-off.ts'

const leastCutMs = 20_000
const mostCutMs = 40_000

export const cutApart: StoreFault = {
  name: 'cut-apart',
  about: 'nothing gets through between any two members for up to 40 s',
  rounds: 5,
  stores: replicatedStores,
  scene: { networks: true },
  strike: async ({ replicated, active, group, dice, waitsFromNow }) => {
    const term = await termOf(active)
    replicated.cutApart()
    try {
      await sleep(dice.between(leastCutMs, mostCutMs))
    } finally {
      replicated.mend()
    }
    waitsFromNow()
    await activeAfter(group.members, term)
  },
}

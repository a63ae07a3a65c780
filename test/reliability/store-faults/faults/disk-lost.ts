// SIGKILL of one member, whose disk is empty when it is started again: it gets everything anew, and counts for nothing before.
import { activeAfter } from '../../../support/broker-process.ts'
import { replicatedStores, sleep, type StoreFault } from '../fault.ts'
import { termOf } from './cut-off.ts'

const mostAwayMs = 2000

export const diskLost: StoreFault = {
  name: 'disk-lost',
  about: 'SIGKILL of one member, started again with an empty disk',
  rounds: 10,
  stores: replicatedStores,
  strike: async ({ group, active, dice, forgets, replicated }) => {
    const term = await termOf(active)
    const member = dice.pick(group.members)
    if (member === active) forgets(member)
    await member.stop('SIGKILL')
    const others = group.members.filter((other) => other !== member)
    if (member === active) await activeAfter(others, term)
    await sleep(dice.between(0, mostAwayMs))
    replicated.loseDisk(member)
    member.start()
  },
}

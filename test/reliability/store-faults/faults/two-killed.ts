// SIGKILL of two members at once, so that nobody is a quorum until one of them is back; both are started again at once.
import { replicatedStores, type StoreFault } from '../fault.ts'

export const twoKilled: StoreFault = {
  name: 'two-killed',
  about: 'SIGKILL of two of three members at once',
  rounds: 25,
  stores: replicatedStores,
  strike: async ({ group, active, dice, forgets }) => {
    const spared = dice.pick(group.members)
    for (const member of group.members) {
      if (member === spared) continue
      if (member === active) forgets(member)
      member.kill('SIGKILL')
    }
  },
}

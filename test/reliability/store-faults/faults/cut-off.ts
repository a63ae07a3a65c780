// A member that neither the others nor the election hear any more, while clients reach it: of the active, somebody else takes over, and what
// it is sent from then on is not confirmed; without a standby service goes on.
import { activeAfter, type BrokerMember } from '../../../support/broker-process.ts'
import { replicatedStores, sleep, type FaultRound, type StoreFault } from '../fault.ts'

/** Behind the takeover. */
const mostBothMs = 2000
const leastCutMs = 500
const mostCutMs = 6000

export const cutOffActive: StoreFault = {
  name: 'cut-off-active',
  about: 'nothing gets through between the active and the rest',
  rounds: 25,
  stores: replicatedStores,
  scene: { networks: true },
  strike: async (round) => {
    const { replicated, active } = round
    await isReplaced(round, () => replicated.cutOff(active))
  },
}

export const cutOffStandby: StoreFault = {
  name: 'cut-off-standby',
  about: 'nothing gets through between a standby and the rest',
  rounds: 25,
  stores: replicatedStores,
  scene: { networks: true },
  strike: async ({ replicated, active, group, dice }) => {
    const term = await termOf(active)
    const standby = dice.pick(group.members.filter((member) => member !== active))
    replicated.cutOff(standby)
    try {
      await sleep(dice.between(leastCutMs, mostCutMs))
    } finally {
      replicated.mend()
    }
    const after = await termOf(await group.active())
    if (after !== term) group.violations.push(`term ${term} became ${after} because a standby was cut off`)
  },
}

/** Something keeps the active from the others, or from the election: another one takes over, and only it confirms from then on. */
export async function isReplaced({ group, active, replicated, dice }: FaultRound, cut: () => void): Promise<void> {
  const term = await termOf(active)
  const heirs = group.members.filter((member) => member !== active)
  const during = await group.sendDirectlyTo(active)
  const late = await group.sendDirectlyTo(active, 'later')
  cut()
  try {
    await activeAfter(heirs, term)
    late.begin()
    await sleep(dice.between(0, mostBothMs))
  } finally {
    replicated.mend()
    await Promise.all([during.stop(), late.stop()])
  }
  if (late.acknowledged.length > 0)
    group.violations.push(`${late.acknowledged.length} sends were confirmed by one that had been replaced`)
}

export const termOf = async (member: BrokerMember): Promise<number> => (await member.role())?.term ?? 0

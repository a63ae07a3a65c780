// Members reach each other, and not what proposes the active. A session with ZooKeeper ends then, and with it what its member was elected to. Who was
// elected by a Lease goes on: only a takeover needs it.
import { activeAfter } from '../../../support/broker-process.ts'
import { replicatedStores, sleep, type FaultRound, type StoreFault } from '../fault.ts'
import { until } from '../until.ts'
import { isReplaced, termOf } from './cut-off.ts'

/** Longer than a session, or a lease. */
const leastCutMs = 3000
const mostCutMs = 8000
const longCutMs = 120_000
const confirmedMs = 60_000

export const cutActiveFromElection: StoreFault = {
  name: 'cut-active-from-election',
  about: 'nothing gets through between the active and what elects',
  rounds: 25,
  stores: replicatedStores,
  scene: { networks: true },
  strike: async (round) => {
    const { replicated, active } = round
    const cut = (): void => replicated.cutFromElection(active)
    if (replicated.name === 'replicated') await isReplaced(round, cut)
    else await staysActive(round, cut)
  },
}

export const cutStandbysFromElection: StoreFault = {
  name: 'cut-standbys-from-election',
  about: 'nothing gets through between the standbys and what elects',
  rounds: 25,
  stores: replicatedStores,
  scene: { networks: true },
  strike: async (round) => {
    const { replicated, group, active } = round
    await staysActive(round, () => replicated.cutFromElection(...group.members.filter((member) => member !== active)))
  },
}

export const electionGone: StoreFault = {
  name: 'election-gone',
  about: 'nobody reaches the API server for two minutes',
  rounds: 1,
  stores: ['replicated-lease'],
  scene: { networks: true },
  strike: async (round) => {
    const { replicated, group } = round
    await staysActive(round, () => replicated.cutFromElection(...group.members), longCutMs)
  },
}

export const electionGoneAndKilled: StoreFault = {
  name: 'election-gone-and-killed',
  about: 'nobody reaches the API server, SIGKILL of the active',
  rounds: 10,
  stores: ['replicated-lease'],
  scene: { networks: true },
  strike: async ({ replicated, group, active, dice, forgets, waitsFromNow }) => {
    const term = await termOf(active)
    replicated.cutFromElection(...group.members)
    try {
      forgets(active)
      active.kill('SIGKILL')
      await sleep(dice.between(leastCutMs, mostCutMs))
      const terms = await Promise.all(group.members.map(termOf))
      if (terms.some((after) => after > term)) group.violations.push('somebody was elected without an API server')
    } finally {
      replicated.mend()
    }
    waitsFromNow()
    await activeAfter(group.members, term)
  },
}

/** Confirms what it is sent, in the same term, all the time. */
async function staysActive(
  { group, active, replicated, dice }: FaultRound,
  cut: () => void,
  cutMs = dice.between(leastCutMs, mostCutMs),
): Promise<void> {
  const term = await termOf(active)
  cut()
  try {
    await sleep(cutMs)
    const direct = await group.sendDirectlyTo(active)
    try {
      await until(() => direct.acknowledged.length > 0, confirmedMs, 'the active confirms nothing')
    } finally {
      await direct.stop()
    }
  } finally {
    replicated.mend()
  }
  const after = await termOf(await group.active())
  if (after !== term) group.violations.push(`term ${term} became ${after}, although a quorum followed its active`)
}

// SIGSTOP of the active, and SIGCONT. Under a lease somebody else takes over meanwhile, and what goes on later must not write; where
// the lock goes with the process or its connection, it stays, and nobody takes over.
import { activeAfter } from '../../../support/broker-process.ts'
import { sleep, storeNames, type StoreFault } from '../fault.ts'

/** A database ends a session that holds the lock and has said nothing for longer. */
const mostStopMs = 3000
/** Behind the takeover: both believe to be active then. */
const mostBothMs = 2000

export const stopped: StoreFault = {
  name: 'stopped',
  about: 'SIGSTOP of the active for longer than the lease, SIGCONT',
  rounds: 25,
  stores: storeNames,
  strike: async ({ active, group, dice, leaseMs, forgets }) => {
    const before = (await active.role())?.term ?? 0
    forgets(active)
    active.kill('SIGSTOP')
    try {
      if (leaseMs !== undefined)
        await activeAfter(
          group.members.filter((member) => member !== active),
          before,
        )
      await sleep(leaseMs === undefined ? dice.between(100, mostStopMs) : dice.between(0, mostBothMs))
    } finally {
      active.kill('SIGCONT')
    }
    if (leaseMs !== undefined) return
    const after = (await (await group.active()).role())?.term ?? 0
    if (after !== before) group.violations.push(`term ${before} became ${after} over a stop, without a lease`)
  },
}

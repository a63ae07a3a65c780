// SIGTERM of the active; it is started again at once.
import { activeAfter } from '../../../support/broker-process.ts'
import { storeNames, type StoreFault } from '../fault.ts'

export const ended: StoreFault = {
  name: 'ended',
  about: 'SIGTERM of the active',
  rounds: 25,
  stores: storeNames,
  strike: async ({ active, group }) => {
    const term = (await active.role())?.term ?? 0
    // It closes in order, at a moment of its own.
    active.kill('SIGTERM')
    await activeAfter(group.members, term)
  },
}

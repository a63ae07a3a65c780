// The contract of electors, on a Lease in memory.
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import { electorContract, type ElectorSetting } from '../../../../contract/elector.ts'
import { LeaseMembers } from '../../../../support/lease-members.ts'
import { MemoryLease } from '../../../../support/memory-lease.ts'
import { turns } from '../../../../support/turns.ts'

electorContract('A Lease', (): ElectorSetting => {
  const clock = new ManualClock()
  const lease = new MemoryLease()
  const members = new LeaseMembers(clock, () => lease.client())
  return {
    electorOf: (request) => members.electorOf(request),
    kill: (member) => members.kill(member),
    elapse: async () => {
      await turns(3)
      clock.advance(25)
    },
    dispose: () => {},
  }
})

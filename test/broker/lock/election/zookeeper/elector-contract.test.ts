// The contract of electors, on a ZooKeeper in memory.
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import { electorContract, type ElectorSetting } from '../../../../contract/elector.ts'
import { ZooKeeperMembers } from '../../../../support/zookeeper-members.ts'
import { MemoryZooKeeper } from '../../../../support/memory-zookeeper.ts'

electorContract('ZooKeeper', (): ElectorSetting => {
  const clock = new ManualClock()
  const members = new ZooKeeperMembers(clock, new MemoryZooKeeper(clock))
  return {
    electorOf: (request) => members.electorOf(request),
    kill: (member) => members.clientOf(member).kill(),
    elapse: () => members.elapse(),
    dispose: () => {},
  }
})

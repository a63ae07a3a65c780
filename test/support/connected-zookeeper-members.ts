// Members that elect by a ZooKeeper that is reached over the network, each in a place of its own per setting.
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { parseZooKeeperAddress } from '../../broker/lock/election/zookeeper/address.ts'
import { SocketZooKeeperClient } from '../../broker/lock/election/zookeeper/socket-zookeeper-client.ts'
import { ZooKeeperElector } from '../../broker/lock/election/zookeeper/zookeeper-elector.ts'
import type { ElectorSetting } from '../contract/elector.ts'

let places = 0

export function connectedMembers(address: string): ElectorSetting {
  const path = `/election-${process.pid}-${Date.now()}-${++places}`
  const electors = new Map<string, ZooKeeperElector>()
  return {
    electorOf({ member, weight }) {
      const client = new SocketZooKeeperClient({
        address: parseZooKeeperAddress(address)!,
        sessionTimeoutMs: 1000,
        clock: systemClock,
        random: seededRandom(++places),
      })
      const elector = new ZooKeeperElector({
        client,
        path,
        brokerName: 'orders',
        member,
        instance: `process-${++places}`,
        replicas: 3,
        weight,
        clock: systemClock,
        logger: silentLogger,
      })
      electors.set(member, elector)
      return elector
    },
    // Its session lives: the others find out because they do not hear it any more.
    kill: () => {},
    elapse: () => new Promise((resolve) => setTimeout(resolve, 5)),
    async dispose() {
      for (const elector of electors.values()) await elector.close()
    },
  }
}

// The same as zookeeper-client.test.ts and connected-elector.test.ts with real servers: where FLOTILLA_TEST_ZOOKEEPER is set, as in .ci/run.
import { afterAll, beforeAll } from '@jest/globals'
import { electorContract } from '../../../../contract/elector.ts'
import { zooKeeperClientContract } from '../../../../contract/zookeeper-client.ts'
import { connectedMembers } from '../../../../support/connected-zookeeper-members.ts'
import { RealZooKeepers } from '../../../../support/zookeeper-ensemble.ts'

let servers: RealZooKeepers
beforeAll(async () => {
  servers = await RealZooKeepers.start()
})
afterAll(() => servers.stop())

zooKeeperClientContract('ZooKeeper', async () => ({
  address: servers.address,
  async killServerOf(session) {
    const busy = await servers.serverOf(session)
    await servers.kill(busy)
    return () => servers.restart(busy)
  },
  wipe: () => servers.wipe(),
}))

electorContract('ZooKeeper, with real servers,', () => connectedMembers(servers.address))

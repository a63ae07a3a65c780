// The contract of electors, over our client and the small ZooKeeper of the tests.
import { afterAll, beforeAll } from '@jest/globals'
import { electorContract } from '../../../../contract/elector.ts'
import { connectedMembers } from '../../../../support/connected-zookeeper-members.ts'
import { ZooKeeperServers } from '../../../../support/zookeeper-server.ts'

let servers: ZooKeeperServers
beforeAll(async () => {
  servers = await ZooKeeperServers.start()
})
afterAll(() => servers.close())

electorContract('ZooKeeper, over the network,', () => connectedMembers(servers.address))

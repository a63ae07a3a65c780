import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../../../../broker/base/clock.ts'
import { seededRandom } from '../../../../../broker/base/random.ts'
import { parseZooKeeperAddress } from '../../../../../broker/lock/election/zookeeper/address.ts'
import { SocketZooKeeperClient } from '../../../../../broker/lock/election/zookeeper/socket-zookeeper-client.ts'
import { zooKeeperClientContract } from '../../../../contract/zookeeper-client.ts'
import { ZooKeeperServers } from '../../../../support/zookeeper-server.ts'

let servers: ZooKeeperServers
beforeAll(async () => {
  servers = await ZooKeeperServers.start()
})
afterAll(() => servers.close())

zooKeeperClientContract('the small ZooKeeper of the tests', async () => ({
  address: servers.address,
  async killServerOf(session) {
    const server = servers.serverOf(session)
    await servers.killServer(server)
    return () => servers.startServer(server)
  },
  expireAll: () => servers.expireAll(),
  wipe: () => servers.wipe(),
}))

test('what changed while it had no server is told when it has one again', async () => {
  const client = new SocketZooKeeperClient({
    address: parseZooKeeperAddress(servers.address)!,
    sessionTimeoutMs: 4000,
    clock: systemClock,
    random: seededRandom(2),
  })
  await new Promise<void>((resolve) => client.onState((state) => state === 'Connected' && resolve()))
  await client.ensure('/missed')
  const [changed, listed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await client.get('/missed', changed.resolve)
  await client.children('/', listed.resolve)
  servers.cutAll()
  servers.put('/missed', Buffer.from('news'))
  servers.put('/new', Buffer.alloc(0))
  await Promise.all([changed.promise, listed.promise])
  await client.close()
})

test('a server that is connected and says nothing any more is left for another one', async () => {
  const frozen = await ZooKeeperServers.start(1)
  const client = new SocketZooKeeperClient({
    address: parseZooKeeperAddress(frozen.address)!,
    sessionTimeoutMs: 600,
    clock: systemClock,
    random: seededRandom(1),
  })
  const { promise: suspended, resolve } = Promise.withResolvers<void>()
  client.onState((state) => {
    if (state === 'Connected') frozen.isFrozen = true
    else if (state === 'Suspended') resolve()
  })
  await suspended
  expect(client.trouble).toMatch(/^127\.0\.0\.1:\d+: nothing was heard of it for 400 ms$/)
  await client.close()
  await frozen.close()
})

test.each([
  ['zk', { servers: [{ host: 'zk', port: 2181 }], chroot: '' }],
  [
    'a:1,b:2/apps/x',
    {
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      chroot: '/apps/x',
    },
  ],
  ['[::1]:2181/', { servers: [{ host: '::1', port: 2181 }], chroot: '' }],
])('an address: %s', (text, address) => {
  expect(parseZooKeeperAddress(text)).toEqual(address)
})

test.each(['', '/apps', 'a:0', 'a:70000', 'a:1,,b:2', 'a b:1', 'a:1/x//y'])('no address: %j', (text) => {
  expect(parseZooKeeperAddress(text)).toBeUndefined()
})

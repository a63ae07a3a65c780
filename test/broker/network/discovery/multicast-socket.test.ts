// Two agents with real sockets on this machine, over its loopback interface.
import { expect, test } from '@jest/globals'
import { networkInterfaces } from 'node:os'
import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { MulticastAgent, type MulticastUri } from '../../../../broker/network/discovery/multicast-agent.ts'
import { openMulticastSocket } from '../../../../broker/network/discovery/multicast-socket.ts'
import { defaultDelays } from '../supervision/scripted-bridges.ts'

const uri: MulticastUri = {
  kind: 'multicast',
  address: '239.255.2.3',
  port: 30_000 + (process.pid % 20_000),
  group: `test-${process.pid}`,
  keepAliveIntervalMs: 50,
  timeToLive: 0,
  loopBackMode: false,
  interface: '127.0.0.1',
  reconnect: defaultDelays,
}
const agentOf = (parts: { announces: boolean; ownServices: () => string[]; uri?: MulticastUri }): MulticastAgent =>
  new MulticastAgent({ uri, openSocket: openMulticastSocket, clock: systemClock, logger: silentLogger, ...parts })

test('a broker finds another one, and hears of its end', async () => {
  const found = Promise.withResolvers<string>()
  const lost = Promise.withResolvers<string>()
  const alive = setInterval(() => {}, 1000)
  const announcer = agentOf({ announces: true, ownServices: () => ['tcp://b:61616'] })
  const finder = agentOf({ announces: false, ownServices: () => [] })
  finder.start({ found: (target) => found.resolve(target.uri), lost: (service) => lost.resolve(service) })
  announcer.start({ found() {}, lost() {} })
  expect(await found.promise).toBe('tcp://b:61616')
  announcer.stop()
  expect(await lost.promise).toBe('tcp://b:61616')
  finder.stop()
  clearInterval(alive)
})

test('the network interface has a name, or is no such', async () => {
  const named = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ address }) => address === '127.0.0.1'),
  )
  const opened = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<Error>()
  const socket = openMulticastSocket(
    { ...uri, interface: named![0] },
    { opened: opened.resolve, received() {}, failed: opened.reject },
  )
  await opened.promise
  socket.close()
  openMulticastSocket({ ...uri, interface: 'nowhere0' }, { opened() {}, received() {}, failed: failed.resolve })
  expect((await failed.promise).message).toBe('there is no network interface nowhere0 with an IPv4 address')
})

test('an address that is no group is a failure, and no end', async () => {
  const failed = Promise.withResolvers<Error>()
  const socket = openMulticastSocket(
    { ...uri, address: '127.0.0.1' },
    { opened() {}, received() {}, failed: (error) => failed.resolve(error) },
  )
  expect((await failed.promise).message).toMatch(/addMembership/)
  socket.close()
})

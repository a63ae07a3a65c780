import { systemClock } from '../../../../broker/base/clock.ts'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import { TcpTransport } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { replicationTransportContract } from '../../../contract/replication-transport.ts'
import { MemoryHub } from '../../../support/memory-transport.ts'

let nonces = 0

replicationTransportContract('TcpTransport', () => ({
  create: (member) =>
    new TcpTransport({
      member,
      brokerName: 'orders',
      replicas: 3,
      token: 'secret',
      host: '127.0.0.1',
      port: 0,
      hostName: '127.0.0.1',
      makeNonce: () => String(++nonces).padStart(32, '0'),
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
    }),
  dispose() {},
}))

replicationTransportContract('What tests have in its place', () => {
  const hub = new MemoryHub()
  return { create: (member) => hub.transport(member), dispose() {} }
})

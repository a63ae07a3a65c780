// A member of the replicated store `orders` on any free port of this machine.
import { systemClock } from '../../broker/base/clock.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { seededRandom } from '../../broker/base/random.ts'
import { TcpTransport, type TcpTransportOptions } from '../../broker/replication/tcp/tcp-transport.ts'

let nonces = 0

export const createTcpTransport = (member: string, options: Partial<TcpTransportOptions> = {}): TcpTransport =>
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
    ...options,
  })

import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import { systemClock } from '../../../../broker/base/clock.ts'
import { seededRandom } from '../../../../broker/base/random.ts'
import type { LogFields } from '../../../../broker/base/logger.ts'
import type { ReplicationMessage } from '../../../../broker/replication/message.ts'
import { TcpTransport, type TcpTransportOptions } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { transportLimits } from '../../../../broker/replication/tcp/limits.ts'
import { LoggedLines } from '../../../support/logged-lines.ts'

class WatchedLines extends LoggedLines {
  onWarning = (): void => {}

  override warn(message: string, fields?: LogFields): void {
    super.warn(message, fields)
    this.onWarning()
  }

  get warnings(): string {
    return this.of('warn')
      .map(([message, fields]) => `${message}: ${String(fields?.['reason'])}`)
      .join('\n')
  }
}

interface Member {
  readonly transport: TcpTransport
  readonly address: string
  readonly received: { from: string; message: ReplicationMessage }[]
  readonly log: WatchedLines
  until(holds: () => boolean): Promise<void>
  readonly connected: Set<string>
}

const open: TcpTransport[] = []
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.close()
})

let nonces = 0

async function start(member: string, options: Partial<TcpTransportOptions> = {}): Promise<Member> {
  const log = new WatchedLines()
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    const before = changed
    changed = Promise.withResolvers()
    before.resolve()
  }
  log.onWarning = tell
  const transport = new TcpTransport({
    member,
    brokerName: 'orders',
    replicas: 3,
    token: 'secret',
    host: '127.0.0.1',
    port: 0,
    hostName: '127.0.0.1',
    makeNonce: () => `nonce-${++nonces}`.padEnd(32, '.'),
    clock: systemClock,
    random: seededRandom(1),
    logger: log,
    ...options,
  })
  open.push(transport)
  const received: Member['received'] = []
  const connected = new Set<string>()
  const address = await transport.open({
    connected: (other) => {
      connected.add(other)
      tell()
    },
    disconnected: (other) => {
      connected.delete(other)
      tell()
    },
    received: (from, message) => {
      received.push({ from, message })
      tell()
    },
  })
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await changed.promise
  }
  return { transport, address, received, log, until, connected }
}

const write = (offset: number, bytes: Buffer): ReplicationMessage => ({
  type: 'write',
  term: 1,
  segment: { number: 1, term: 1, salt: 1, length: offset + bytes.length },
  offset,
  bytes,
  sync: true,
})

test('requests go over the connection that was dialled, answers come back over it', async () => {
  const [a, b] = [await start('a'), await start('b')]
  a.transport.peers([{ member: 'b', address: b.address }])
  await a.until(() => a.connected.has('b'))
  a.transport.send('b', { type: 'attach', term: 1 })
  const bytes = Buffer.alloc(3 * 2 ** 20, 'x')
  a.transport.send('b', write(0, bytes))
  await b.until(() => b.received.length === 2)
  expect(b.received[0]).toEqual({ from: 'a', message: { type: 'attach', term: 1 } })
  const [, arrived] = b.received.map(({ message }) => message)
  expect(arrived?.type === 'write' && arrived.bytes.equals(bytes)).toBe(true)
  b.transport.send('a', { type: 'acknowledged', term: 1, segment: 1, offset: bytes.length })
  await a.until(() => a.received.length === 1)
  expect(a.received[0]!.from).toBe('b')
  // b has dialled nobody: it can ask nothing.
  b.transport.send('a', { type: 'query' })
  expect(b.connected.size).toBe(0)
})

test.each<[string, Partial<TcpTransportOptions>, string]>([
  ['another token', { token: 'guessed' }, 'its security token is another one'],
  ['another broker', { brokerName: 'invoices' }, 'it belongs to broker orders, this member to broker invoices'],
  [
    'another number of replicas',
    { replicas: 5 },
    'its configuration says replicas: 3, that of this member replicas: 5',
  ],
])('a member with %s is refused, and whoever looks into a log finds why', async (_, options, reason) => {
  const [a, b] = [await start('a'), await start('b', options)]
  a.transport.peers([{ member: 'b', address: b.address }])
  await a.until(() => a.log.warnings !== '')
  expect(a.log.warnings).toContain(`No connection to a member: `)
  expect(a.log.warnings).toContain(reason)
  expect(a.connected.size).toBe(0)
})

test('two members with one name refuse each other', async () => {
  const [a, other] = [await start('a'), await start('a')]
  a.transport.peers([{ member: 'b', address: other.address }])
  await a.until(() => a.log.warnings.includes('two members are called a: each needs a name of its own'))
})

test('a member that comes back is connected to again', async () => {
  const a = await start('a')
  const b = await start('b')
  a.transport.peers([{ member: 'b', address: b.address }])
  await a.until(() => a.connected.has('b'))
  const port = Number(b.address.split(':')[1])
  await b.transport.close()
  await a.until(() => !a.connected.has('b'))
  const again = await start('b', { port })
  await a.until(() => a.connected.has('b'))
  a.transport.send('b', { type: 'query' })
  await again.until(() => again.received.length === 1)
})

test('strangers get nothing, and not for long', async () => {
  const a = await start('a')
  const port = Number(a.address.split(':')[1])
  const sockets = Array.from({ length: transportLimits.unprovenConnections + 8 }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => {})
  await Promise.all(sockets.slice(0, 8).map((socket) => once(socket, 'close')))
  const stranger = connect(port, '127.0.0.1')
  stranger.on('error', () => {})
  stranger.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1]))
  await once(stranger, 'close')
  const talker = connect(port, '127.0.0.1')
  talker.on('error', () => {})
  talker.write(Buffer.from('\0\0\0\x03\x01{}'))
  await once(talker, 'close')
  for (const socket of sockets) socket.destroy()
  expect(a.received).toEqual([])
})

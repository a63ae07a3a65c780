import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { LogFields } from '../../../../broker/base/logger.ts'
import type { ReplicationMessage } from '../../../../broker/replication/message.ts'
import type { TcpTransport } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { type TcpTransportOptions } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { transportLimits } from '../../../../broker/replication/tcp/limits.ts'
import { protocolName } from '../../../../broker/replication/wire/handshake.ts'
import { decodeJson, encodeJson } from '../../../../broker/replication/wire/message-codec.ts'
import { LoggedLines } from '../../../support/logged-lines.ts'
import { createTcpTransport } from '../../../support/tcp-transport.ts'

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

async function start(member: string, options: Partial<TcpTransportOptions> = {}): Promise<Member> {
  const log = new WatchedLines()
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    const before = changed
    changed = Promise.withResolvers()
    before.resolve()
  }
  log.onWarning = tell
  const transport = createTcpTransport(member, { logger: log, ...options })
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
  ['another token', { token: 'guessed' }, 'its securityToken is not the one of this member: all members need the same'],
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
  await a.until(() => a.log.warnings.includes('member name a is in use by another process'))
  expect(other.log.warnings).toContain(
    'member name a is in use by another process: each member needs a name of its own',
  )
})

test('of two processes of one name the older one is told by whoever both have connected to', async () => {
  const b = await start('b')
  const [older, newer] = [await start('a'), await start('a')]
  older.transport.peers([{ member: 'b', address: b.address }])
  await older.until(() => older.connected.has('b'))
  newer.transport.peers([{ member: 'b', address: b.address }])
  await newer.until(() => newer.connected.has('b'))
  await older.until(() => older.log.warnings.includes('member name a is in use by another process at 127.0.0.1:'))
  expect(newer.connected).toEqual(new Set(['b']))
  expect(b.log.warnings).toContain('member name a is in use by another process at 127.0.0.1:')
})

test('where all members are known beforehand, nobody else is let in', async () => {
  const [a, x] = [await start('a', { members: new Set(['a', 'b', 'c']) }), await start('x')]
  x.transport.peers([{ member: 'a', address: a.address }])
  await x.until(() => x.log.warnings.includes('no member is called x here'))
  expect(a.log.warnings).toBe('Refused a member: no member is called x here')
})

test.each(['b', 'b:', ':1', 'b:0', 'b:65536', 'b\0:1', '[::1:1'])(
  'an address that is none (%j) is logged, and harms nobody',
  async (address) => {
    const a = await start('a')
    a.transport.peers([{ member: 'b', address }])
    await a.until(() => a.log.warnings.includes('its address is not of the form host:port'))
    expect(a.connected.size).toBe(0)
  },
)

test('a refusal that comes again and again is logged once', async () => {
  const [a, b] = [await start('a', { token: 'guessed' }), await start('b')]
  for (let attempt = 0; attempt < 3; attempt++) {
    a.transport.peers([{ member: 'b', address: b.address }])
    await a.until(() => a.log.of('warn').length === attempt + 1)
    a.transport.peers([])
  }
  expect(b.log.of('warn')).toHaveLength(1)
})

test('who does not read what is sent to it is cut off, and the sender is told when its own turn is over', async () => {
  const [a, b] = [await start('a'), await start('b')]
  a.transport.peers([{ member: 'b', address: b.address }])
  await a.until(() => a.connected.has('b'))
  const bytes = Buffer.alloc(2 ** 20)
  for (let sent = 0; sent <= transportLimits.outputBytes; sent += bytes.length) a.transport.send('b', write(0, bytes))
  expect(a.connected.has('b')).toBe(true)
  await a.until(() => !a.connected.has('b'))
  expect(a.log.warnings).toContain('it does not take what is sent to it')
})

test('who is cut off is told of when the turn is over, and connected to again', async () => {
  const [a, b] = [await start('a'), await start('b')]
  a.transport.peers([{ member: 'b', address: b.address }])
  await a.until(() => a.connected.has('b'))
  a.transport.disconnect('b', 'it makes no sense')
  expect(a.connected.has('b')).toBe(true)
  await a.until(() => !a.connected.has('b'))
  await a.until(() => a.connected.has('b'))
})

test('a member that speaks another version is refused, with both versions', async () => {
  const a = await start('a')
  const socket = connect(Number(a.address.split(':')[1]), '127.0.0.1')
  socket.write(encodeJson({ protocol: protocolName, version: 2, member: 'b', nothing: 'else is known' }))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  const refused = 'it speaks flotilla-replication version 2, this member flotilla-replication version 1'
  expect(decodeJson(answer.subarray(4))).toEqual({ refused })
  expect(a.log.warnings).toBe(`Refused a member: ${refused}`)
})

test('who dials gets no proof before it has given its own', async () => {
  const a = await start('a')
  const socket = connect(Number(a.address.split(':')[1]), '127.0.0.1')
  const hello = { protocol: protocolName, version: 1, member: 'b', instance: 'b-1', brokerName: 'orders', replicas: 3 }
  socket.write(encodeJson({ ...hello, nonce: 'n'.repeat(32) }))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(decodeJson(answer.subarray(4))).not.toHaveProperty('proof')
  socket.write(encodeJson({ proof: '0'.repeat(64) }))
  const [refusal] = (await once(socket, 'data')) as [Buffer]
  expect(decodeJson(refusal.subarray(4))).toEqual({
    refused: 'its securityToken is not the one of this member: all members need the same',
  })
  await once(socket, 'close')
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

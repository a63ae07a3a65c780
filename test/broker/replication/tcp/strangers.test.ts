// Strangers at the replication port: frames at random, half handshakes, floods of connections. The members beside them go on.
import { afterEach, expect, test } from '@jest/globals'
import { connect, type Socket } from 'node:net'
import { seededRandom, type Random } from '../../../../broker/base/random.ts'
import { transportLimits } from '../../../../broker/replication/tcp/limits.ts'
import type { TcpTransport } from '../../../../broker/replication/tcp/tcp-transport.ts'
import { protocolName, protocolVersion } from '../../../../broker/replication/wire/handshake.ts'
import { encodeJson, encodeMessage } from '../../../../broker/replication/wire/message-codec.ts'
import { LoggedLines } from '../../../support/logged-lines.ts'
import { createTcpTransport } from '../../../support/tcp-transport.ts'

const open: TcpTransport[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  for (const transport of open.splice(0)) await transport.close()
})

function create(member: string, logger: LoggedLines): TcpTransport {
  const transport = createTcpTransport(member, { logger })
  open.push(transport)
  return transport
}

const hello = (member: string): Buffer =>
  encodeJson({
    protocol: protocolName,
    version: protocolVersion,
    member,
    instance: `${member}-1`,
    brokerName: 'orders',
    replicas: 3,
    nonce: 'n'.repeat(32),
  })

const integer = (random: Random, below: number): number => Math.floor(random.next() * below)
const bytesOf = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => integer(random, 256)))

/** What a stranger says: something at random, something with a size in front, or something real with bytes changed. */
function speech(random: Random): Buffer {
  const real = [
    hello(`member-${integer(random, 1000)}`),
    encodeJson({ proof: 'f'.repeat(64) }),
    encodeJson({ refused: 'no' }),
  ]
  real.push(...encodeMessage({ type: 'acknowledged', term: 1, segment: 1, offset: 1 }))
  switch (integer(random, 4)) {
    case 0:
      return bytesOf(random, 1 + integer(random, 3000))
    case 1: {
      const body = bytesOf(random, 1 + integer(random, 60))
      const size = Buffer.alloc(4)
      size.writeUInt32BE(random.next() < 0.5 ? body.length : integer(random, 2 ** 32))
      return Buffer.concat([size, body])
    }
    case 2: {
      const changed = Buffer.from(real[integer(random, real.length)]!)
      changed[integer(random, changed.length)] = integer(random, 256)
      return changed
    }
    default:
      return Buffer.concat([hello('x'), real[integer(random, real.length)]!])
  }
}

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  // Or what comes stays unread, and the end is never noticed.
  socket.resume()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}

const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

test('whatever strangers send is answered by an end, and nothing of it arrives', async () => {
  const logger = new LoggedLines()
  const [a, b] = [create('a', logger), create('b', logger)]
  const arrived: string[] = []
  const connected = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let disconnections = 0
  const address = await a.open({
    connected: () => {},
    disconnected: () => {},
    received: (from, { type }) => {
      arrived.push(`${type} of ${from}`)
      asked.resolve()
    },
  })
  await b.open({ connected: () => connected.resolve(), disconnected: () => disconnections++, received: () => {} })
  b.peers([{ member: 'a', address }])
  await connected.promise
  const random = seededRandom(20_261_201)
  for (let round = 0; round < 20; round++) {
    const strangers = Array.from({ length: 20 }, () => dial(Number(address.split(':')[1])))
    for (const socket of strangers) socket.end(speech(random))
    await Promise.all(strangers.map(gone))
  }
  b.send('a', { type: 'query' })
  await asked.promise
  expect([arrived, disconnections, logger.of('error')]).toEqual([['query of b'], 0, []])
  // A thousand names are as good as one.
  expect(logger.of('warn').length).toBeLessThanOrEqual(transportLimits.logBurst.entries)
})

test('a flood of connections that say nothing keeps only the last few, and a member gets through', async () => {
  const logger = new LoggedLines()
  const [a, b] = [create('a', logger), create('b', logger)]
  const address = await a.open({ connected: () => {}, disconnected: () => {}, received: () => {} })
  const port = Number(address.split(':')[1])
  const flood = Array.from({ length: 500 }, () => dial(port))
  // Half a handshake is none.
  for (const socket of flood.slice(0, 250)) socket.write(hello('b'))
  await Promise.all(flood.slice(0, flood.length - transportLimits.unprovenConnections).map(gone))
  const connected = Promise.withResolvers<void>()
  await b.open({ connected: () => connected.resolve(), disconnected: () => {}, received: () => {} })
  b.peers([{ member: 'a', address }])
  await connected.promise
  expect(sockets.size).toBeLessThanOrEqual(transportLimits.unprovenConnections)
  expect(logger.of('error')).toEqual([])
})

test('who keeps talking after it was refused is gone all the same', async () => {
  const a = create('a', new LoggedLines())
  const address = await a.open({ connected: () => {}, disconnected: () => {}, received: () => {} })
  const stranger = dial(Number(address.split(':')[1]))
  stranger.write(encodeJson({ protocol: protocolName, version: 99 }))
  const talk = (): void => {
    if (stranger.writable) stranger.write('more', () => void setImmediate(talk))
  }
  talk()
  await gone(stranger)
  expect(stranger.destroyed).toBe(true)
})

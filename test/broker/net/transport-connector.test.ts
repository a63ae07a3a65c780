// A connector with a protocol that only echoes: which one it is must not matter to it.
import { afterEach, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { silentLogger, type LogFields, type Logger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { closeTimeoutMs, refusalLogPeriodMs } from '../../../broker/net/limits.ts'
import { TransportConnector } from '../../../broker/net/transport-connector.ts'
import { LimitCounts } from '../../../broker/session/limit-counts.ts'
import type { AcceptedConnection, Session } from '../../../broker/session/session.ts'

class EchoSession implements Session {
  ofBridge = false
  readonly calls: string[] = []
  readonly connection: AcceptedConnection

  constructor(connection: AcceptedConnection) {
    this.connection = connection
  }

  start(): void {
    this.calls.push('start')
  }

  receive(bytes: Buffer): void {
    this.connection.output.write(Buffer.from(bytes))
  }

  drained(): void {}

  close(): void {
    this.calls.push('close')
  }

  abandon(): void {
    this.calls.push('abandon')
  }
}

const open: TransportConnector[] = []

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close()
})

function build(port = 0, maximumConnections = 10) {
  const sessions: EchoSession[] = []
  const warnings: [string, LogFields][] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields = {}) => void warnings.push([message, fields]),
    child: () => logger,
  }
  const clock = new ManualClock()
  const limits = new LimitCounts(clock, silentLogger)
  const connector = new TransportConnector({
    name: 'echo',
    host: '127.0.0.1',
    port,
    maximumConnections,
    sessions: {
      createSession(connection) {
        const session = new EchoSession(connection)
        sessions.push(session)
        return session
      },
    },
    limits,
    clock,
    logger,
  })
  open.push(connector)
  return { connector, sessions, warnings, limits, clock }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Until its session exists and has answered. */
async function client(port: number): Promise<Socket> {
  const socket = await dial(port)
  socket.write('x')
  await once(socket, 'data')
  return socket
}

const cut = async (socket: Socket): Promise<void> => {
  socket.resume()
  socket.on('error', () => {})
  if (!socket.closed) await once(socket, 'close')
}

test('each accepted socket gets a session of its own, which is told who it is', async () => {
  const { connector, sessions } = build()
  expect([connector.isOpen, connector.port]).toEqual([false, 0])
  await connector.open()
  expect(connector.isOpen).toBe(true)
  const first = await client(connector.port)
  const second = await client(connector.port)
  first.write('hello')
  const [bytes] = (await once(first, 'data')) as [Buffer]
  expect(bytes.toString()).toBe('hello')
  expect(sessions.map(({ connection }) => [connection.remoteAddress, connection.connectorName])).toEqual([
    [`tcp://127.0.0.1:${first.localPort}`, 'echo'],
    [`tcp://127.0.0.1:${second.localPort}`, 'echo'],
  ])
  expect([connector.connections, connector.counts]).toEqual([2, { accepted: 2, refused: 0, dropped: 0 }])
  sessions[0]!.connection.dropped('because')
  expect(connector.counts.dropped).toBe(1)
})

test('a socket that has gone closes its session', async () => {
  const { connector, sessions } = build()
  await connector.open()
  const socket = await client(connector.port)
  const [session] = sessions
  const closed = new Promise<void>((resolve) => {
    session!.close = resolve
  })
  socket.resetAndDestroy()
  await closed
  expect(connector.connections).toBe(0)
})

test('close closes the sessions, and what they wrote before still arrives', async () => {
  const { connector, sessions } = build()
  await connector.open()
  const socket = await client(connector.port)
  sessions[0]!.connection.output.write(Buffer.from('last words'))
  const data = once(socket, 'data') as Promise<[Buffer]>
  const closed = connector.close()
  expect(sessions[0]!.calls).toEqual(['start', 'close'])
  expect((await data)[0].toString()).toBe('last words')
  await cut(socket)
  await closed
  expect(connector.isOpen).toBe(false)
  await expect(dial(connector.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('quiet it lets nobody in and reads nothing more, and what is written still arrives; it opens again on the same port', async () => {
  const { connector, sessions } = build()
  await connector.open()
  const { port } = connector
  const socket = await client(port)
  connector.quiesce('clients')
  expect(connector.isOpen).toBe(false)
  await expect(dial(port)).rejects.toThrow('ECONNREFUSED')
  socket.write('not read')
  sessions[0]!.connection.output.write(Buffer.from('answer'))
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  expect(bytes.toString()).toBe('answer')
  await Promise.all([connector.close(), cut(socket)])
  expect(sessions[0]!.calls).toContain('close')
  await connector.open()
  expect([connector.isOpen, connector.port]).toEqual([true, port])
  const again = await client(port)
  await connector.close()
  await cut(again)
})

test('quiet for clients it still reads other brokers, whose answers it needs', async () => {
  const { connector, sessions } = build()
  await connector.open()
  const other = await client(connector.port)
  sessions[0]!.ofBridge = true
  connector.quiesce('clients')
  other.write('answer')
  const [bytes] = (await once(other, 'data')) as [Buffer]
  expect(bytes.toString()).toBe('answer')
  await Promise.all([connector.close(), cut(other)])
})

test('a client that takes nothing does not hold up the close', async () => {
  const { connector, sessions, clock } = build()
  await connector.open()
  const socket = await client(connector.port)
  socket.pause()
  socket.on('error', () => {})
  sessions[0]!.connection.output.write(Buffer.alloc(64 * 2 ** 20))
  const closed = connector.close()
  clock.advance(closeTimeoutMs)
  await closed
  expect(connector.connections).toBe(0)
  socket.destroy()
})

test('abort cuts all sockets before anything is answered, and abandons their sessions', async () => {
  const { connector, sessions } = build()
  await connector.open()
  const socket = await client(connector.port)
  const data: unknown[] = []
  socket.on('data', (bytes) => void data.push(bytes))
  sessions[0]!.connection.output.write(Buffer.from('not ours any more'))
  connector.abort()
  expect(sessions[0]!.calls).toEqual(['start', 'abandon'])
  await cut(socket)
  expect(data).toEqual([])
  expect(connector.isOpen).toBe(false)
})

test('beyond maximumConnections sockets are closed at once, counted, and logged now and then', async () => {
  const { connector, sessions, limits, warnings, clock } = build(0, 1)
  await connector.open()
  await client(connector.port)
  for (let attempt = 0; attempt < 3; attempt++) await cut(await dial(connector.port))
  expect(sessions).toHaveLength(1)
  expect(connector.counts).toEqual({ accepted: 1, refused: 3, dropped: 0 })
  expect(limits.totals.get('maximumConnections')).toBe(3)
  clock.advance(refusalLogPeriodMs)
  const message = 'Refused connections: maximumConnections is reached'
  expect(warnings).toEqual([
    [message, { refused: 1, maximumConnections: 1 }],
    [message, { refused: 2, maximumConnections: 1 }],
  ])
})

test('when one has gone another may come', async () => {
  const { connector, sessions } = build(0, 1)
  await connector.open()
  const first = await client(connector.port)
  const closed = new Promise<void>((resolve) => {
    sessions[0]!.close = resolve
  })
  first.destroy()
  await closed
  await client(connector.port)
  expect(connector.counts).toEqual({ accepted: 2, refused: 0, dropped: 0 })
})

test('a port in use is told with connector, host and port', async () => {
  const other = createServer()
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port } = other.address() as AddressInfo
  await expect(build(port).connector.open()).rejects.toMatchObject({
    code: 'CANNOT_LISTEN',
    message: `Cannot open transport connector echo on 127.0.0.1, port ${port}: the port is in use`,
    fields: { connector: 'echo', host: '127.0.0.1', port },
  })
  other.close()
})

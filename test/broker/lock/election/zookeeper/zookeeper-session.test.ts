// What a session does when its servers do what they should not, and what it says to whom it hears of.
import { afterEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { systemClock, type Clock } from '../../../../../broker/base/clock.ts'
import { ManualClock } from '../../../../../broker/base/manual-clock.ts'
import { seededRandom } from '../../../../../broker/base/random.ts'
import { parseZooKeeperAddress } from '../../../../../broker/lock/election/zookeeper/address.ts'
import { JuteReader, JuteWriter } from '../../../../../broker/lock/election/zookeeper/jute.ts'
import {
  SocketZooKeeperClient,
  type ZooKeeperClientOptions,
} from '../../../../../broker/lock/election/zookeeper/socket-zookeeper-client.ts'
import { makeAuthority } from '../../../../support/certificates.ts'
import { ZooKeeperServers } from '../../../../support/zookeeper-server.ts'

const timeoutMs = 900
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

function clientOf(address: string, options: Partial<ZooKeeperClientOptions> = {}): SocketZooKeeperClient {
  const client = new SocketZooKeeperClient({
    address: parseZooKeeperAddress(address)!,
    sessionTimeoutMs: timeoutMs,
    clock: systemClock,
    random: seededRandom(1),
    ...options,
  })
  cleanups.push(() => client.close())
  return client
}

async function serversOf(...given: Parameters<typeof ZooKeeperServers.start>): Promise<ZooKeeperServers> {
  const servers = await ZooKeeperServers.start(...given)
  cleanups.push(() => servers.close())
  return servers
}

const connected = (client: SocketZooKeeperClient): Promise<void> =>
  new Promise((resolve) => client.onState((state) => void (state === 'Connected' && resolve())))

/** A server of one's own, and its address. */
async function listen(accept: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    cleanups.push(async () => socket.destroy())
    socket.on('error', () => {})
    accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const session = (id: bigint, agreedMs = timeoutMs): Buffer =>
  new JuteWriter().int(0).int(agreedMs).long(id).buffer(Buffer.alloc(16)).bool(false).frame()

describe('a session with ZooKeeper', () => {
  test('says something each third of its time-out, whatever it hears meanwhile', async () => {
    const servers = await serversOf(1)
    const clock = new ManualClock()
    const client = clientOf(servers.address, { clock })
    const other = clientOf(servers.address)
    await Promise.all([connected(client), connected(other)])
    const news = []
    for (const path of ['/a', '/b', '/c']) {
      await other.create(path, Buffer.alloc(0), 'persistent')
      news.push(new Promise<void>((resolve) => void client.get(path, resolve)))
    }
    await client.exists('/')
    for (const [index, path] of ['/a', '/b', '/c'].entries()) {
      await other.set(path, Buffer.alloc(0), -1)
      await news[index]
      clock.advance(timeoutMs / 3 - 100)
    }
    await client.exists('/')
    expect(servers.pings).toBeGreaterThanOrEqual(1)
  })

  test('whoever asked for what comes back unreadable is told that the connection is lost', async () => {
    const address = await listen((socket) => {
      socket.once('data', () => {
        socket.write(session(7n))
        socket.once('data', (chunk: Buffer) => {
          const xid = new JuteReader(chunk.subarray(4)).int()
          socket.write(new JuteWriter().int(xid).long(1n).int(0).int(1000).frame())
        })
      })
    })
    const client = clientOf(address)
    await connected(client)
    await expect(client.get('/a')).rejects.toMatchObject({ zooKeeperCode: 'CONNECTION_LOSS' })
    expect(client.trouble).toContain('Cannot read an answer of ZooKeeper')
  })

  test.each([
    [
      'gives a session and takes it away at once',
      (socket: Socket) => socket.once('data', () => socket.end(session(7n))),
      /: the connection was closed$/,
    ],
    [
      'says that it has expired, to whoever wants a new one',
      (socket: Socket) => socket.once('data', () => socket.write(session(0n, 0))),
      /: it gives no session to anybody$/,
    ],
    ['closes each connection', (socket: Socket) => socket.once('data', () => socket.end()), /: it does not serve$/],
    ['announces an answer that is too large', (socket: Socket) => socket.write('GET /'), /Cannot read frame of/],
  ])('a server that %s is not asked without a pause', async (_does, accept, trouble) => {
    const address = await listen((socket) => void accept(socket))
    const delays: number[] = []
    const { promise: enough, resolve } = Promise.withResolvers<void>()
    const clock: Clock = {
      ...systemClock,
      after(delayMs, callback) {
        if (delayMs > 200) return systemClock.after(delayMs, callback)
        if (delays.push(delayMs) === 6) resolve()
        return systemClock.after(delays.length < 6 ? 0 : 60_000, callback)
      },
    }
    const client = clientOf([address, address, address].join(','), { clock })
    await enough
    expect(delays).toEqual([0, 0, 200, 200, 200, 200])
    expect(client.trouble).toMatch(trouble)
  })
})

describe('TLS to ZooKeeper', () => {
  const authority = makeAuthority('ZooKeeper')
  const ofServer = authority.issue({ names: ['127.0.0.1'] })
  const ofMember = authority.issue({ names: ['broker-0'] })
  const tls = { ca: authority.certificate, cert: ofMember.certificate, key: ofMember.key }
  const secured = (): Promise<ZooKeeperServers> =>
    serversOf(1, {
      cert: ofServer.certificate,
      key: ofServer.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: true,
    })

  /** Why it is not connected, after the first attempt. */
  const refusal = (client: SocketZooKeeperClient): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (client.trouble !== 'no server was reached yet') resolve(client.trouble ?? '')
        else setImmediate(look)
      }
      look()
    })

  test('with a certificate of one’s own', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', warned)
    cleanups.push(async () => process.off('warning', warned))
    const client = clientOf((await secured()).address, { tls })
    await connected(client)
    expect(await client.create('/a', Buffer.from('x'), 'ephemeral')).toBe('/a')
    expect(warnings).toEqual([])
  })

  test('a server whom nobody known has certified is not believed', async () => {
    const client = clientOf((await secured()).address, { tls: { ...tls, ca: makeAuthority('ZooKeeper').certificate } })
    expect(await refusal(client)).toMatch(/^127\.0\.0\.1:\d+: .*certificate/)
  })

  test('a server that is certified under another name is not believed', async () => {
    const { address } = await secured()
    const client = clientOf(address.replace('127.0.0.1', 'localhost'), { tls })
    expect(await refusal(client)).toMatch(/^localhost:\d+: .*(not in the cert's list|does not match certificate)/)
  })

  test('whoever has no certificate gets no session', async () => {
    const client = clientOf((await secured()).address, { tls: { ca: authority.certificate } })
    expect(await refusal(client)).toMatch(/certificate required|it does not serve|ECONNRESET/)
  })

  test('certificates that are none are refused when the client is made', () => {
    expect(() => clientOf('127.0.0.1:1', { tls: { cert: 'none', key: 'none' } })).toThrow(
      /^Cannot use the certificates for ZooKeeper: /,
    )
  })
})

// ssl: URLs with real sockets: what is trusted, what is shown, and what somebody is told who has got it wrong.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { systemClock } from '../../../../broker/base/clock.ts'
import { createConnectionFactory } from '../../../../broker/client/index.ts'
import type { Channel } from '../../../../broker/client/transport/channel.ts'
import { parseEndpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import type { SslContext } from '../../../../broker/client/transport/ssl-context.ts'
import { tcpDial } from '../../../../broker/client/transport/tcp-transport.ts'
import { makeAuthority, type IssueOptions } from '../../../support/certificates.ts'
import { startBroker, type StartedBroker } from '../../../support/started-broker.ts'
import { startTlsProxy, type TlsProxy } from '../../../support/tls-proxy.ts'

const authority = makeAuthority('Test CA')
const stranger = makeAuthority('Other CA')
const localhost = authority.issue({ names: ['localhost', '127.0.0.1'] })
const dayMs = 86_400_000

let folder: string
let broker: StartedBroker
const open: { close(): unknown }[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-tls-'))
  broker = await startBroker()
  await writeFile(join(folder, 'ca.crt'), authority.certificate)
})

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

afterAll(async () => {
  await broker.broker.stop()
  await rm(folder, { recursive: true })
})

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

const trusting = (): SslContext => ({ trustStore: join(folder, 'ca.crt') })

async function proxy(options: TlsOptions = { cert: localhost.certificate, key: localhost.key }): Promise<TlsProxy> {
  const started = await startTlsProxy(broker.port, options)
  open.push(started)
  return started
}

const proxyFor = (given: IssueOptions): Promise<TlsProxy> => {
  const { certificate: cert, key } = authority.issue(given)
  return proxy({ cert, key })
}

/** Resolves to 'connected', or to why not. */
function dial(uri: string, context: SslContext): Promise<string> {
  return new Promise((resolve) => {
    const channel: Channel = tcpDial(systemClock, context)(parseEndpoint(uri), {
      connected: () => resolve('connected'),
      command: () => {},
      failed: (error) => resolve(error.message),
    })
    open.push(channel)
  })
}

test('the client sends and receives over TLS', async () => {
  const { port } = await proxy()
  const factory = createConnectionFactory(`failover:(ssl://localhost:${port})`, { sslContext: trusting() })
  const connection = await factory.createConnection()
  connection.start()
  const session = await connection.createSession()
  const producer = await session.createProducer('queue://TLS')
  // More than what one TLS record, or one read, can hold.
  const body = 'x'.repeat(300_000)
  for (let number = 0; number < 20; number++) await producer.send(`${number} ${body}`)
  const consumer = await session.createConsumer('queue://TLS')
  for (let number = 0; number < 20; number++) {
    const message = await consumer.receive(10_000)
    expect(message?.text).toBe(`${number} ${body}`)
  }
  await connection.close()
})

describe('is trusted', () => {
  test('who is signed by trustStore, by name and by address', async () => {
    const { port } = await proxy()
    expect(await dial(`ssl://localhost:${port}`, trusting())).toBe('connected')
    expect(await dial(`ssl://127.0.0.1:${port}`, trusting())).toBe('connected')
  })

  test('one of several CAs in the file, among other lines', async () => {
    const { port } = await proxy()
    const trustStore = await file(
      'several.crt',
      `issuer: x\n${stranger.certificate}\nissuer: y\n${authority.certificate}`,
    )
    expect(await dial(`ssl://localhost:${port}`, { trustStore })).toBe('connected')
  })

  test('nobody of the system when there is a trustStore; without it nobody of ours', async () => {
    const { port } = await proxy()
    const trustStore = await file('stranger.crt', stranger.certificate)
    expect(await dial(`ssl://localhost:${port}`, { trustStore })).toBe(
      `Cannot connect to ssl://localhost:${port}: its certificate is from a CA that is not in ${trustStore}; put the certificate of that CA there`,
    )
    expect(await dial(`ssl://localhost:${port}`, {})).toBe(
      `Cannot connect to ssl://localhost:${port}: its certificate is from a CA that this system does not know; name that CA in trustStore of sslContext`,
    )
  })

  test('not who has a certificate for another name, unless verifyHostName is false', async () => {
    const { port } = await proxyFor({ names: ['other.example', 'third.example'] })
    const uri = `ssl://localhost:${port}`
    expect(await dial(uri, trusting())).toBe(
      `Cannot connect to ${uri}: its certificate is for DNS:other.example, DNS:third.example, not for localhost; dial it by one of its names, or give it a certificate with this one`,
    )
    expect(await dial(`${uri}?verifyHostName=false`, trusting())).toBe('connected')
    expect(await dial(`${uri}?socket.verifyHostName=false`, trusting())).toBe('connected')
  })

  test('also without verification of its name only who is signed', async () => {
    const { port } = await proxy()
    expect(await dial(`ssl://localhost:${port}?verifyHostName=false`, {})).toContain('from a CA that this system')
  })

  test('not who was, or will be', async () => {
    const expired = await proxyFor({
      names: ['localhost'],
      notBefore: new Date(Date.now() - 3 * dayMs),
      notAfter: new Date(Date.now() - dayMs),
    })
    expect(await dial(`ssl://localhost:${expired.port}`, trusting())).toBe(
      `Cannot connect to ssl://localhost:${expired.port}: its certificate, or that of its CA, has expired; it needs a new one`,
    )
    const future = await proxyFor({
      names: ['localhost'],
      notBefore: new Date(Date.now() + dayMs),
      notAfter: new Date(Date.now() + 2 * dayMs),
    })
    expect(await dial(`ssl://localhost:${future.port}`, trusting())).toContain(
      'its certificate is not valid yet; compare the clocks of both machines',
    )
  })
})

describe('both have to speak it', () => {
  test('TLS to a port without it', async () => {
    expect(await dial(`ssl://localhost:${broker.port}`, trusting())).toContain('it does not speak TLS on this port')
  })

  test('TLS to a port that answers at once without it', async () => {
    const server = createServer((socket) => socket.end('220 mail ready\r\n').on('error', () => {}))
    const port = await listening(server)
    expect(await dial(`ssl://localhost:${port}`, trusting())).toContain('it does not speak TLS on this port')
  })

  test('no TLS to a port with it: one that answers with an alert, and one that ends the connection', async () => {
    const protocolVersionAlert = Buffer.from('15030100020246', 'hex')
    const server = createServer((socket) => socket.end(protocolVersionAlert).on('error', () => {}))
    const port = await listening(server)
    expect(await dial(`tcp://localhost:${port}`, {})).toBe(
      `Cannot connect to tcp://localhost:${port}: it speaks TLS on this port; write ssl://`,
    )
    const silent = await proxy()
    expect(await dial(`tcp://localhost:${silent.port}`, {})).toContain('does it speak TLS on this port (ssl://)?')
  })

  test('no TLS at all: no word of it once the other side has said something', async () => {
    const { port, broker: short } = await startBroker()
    const ended = new Promise<string>((resolve) => {
      tcpDial(systemClock)(parseEndpoint(`tcp://127.0.0.1:${port}`), {
        connected: () => void short.stop(),
        command: () => {},
        failed: ({ message }) => resolve(message),
      })
    })
    expect(await ended).toBe(`Connection to tcp://127.0.0.1:${port} is lost: the peer closed it`)
  })

  test('in the same version', async () => {
    const { port } = await proxy({ cert: localhost.certificate, key: localhost.key, maxVersion: 'TLSv1.2' })
    const uri = `ssl://localhost:${port}`
    expect(await dial(`${uri}?socket.enabledProtocols=TLSv1.3`, trusting())).toContain(
      'there is no version of TLS that both speak; see socket.enabledProtocols',
    )
    expect(await dial(`${uri}?socket.enabledProtocols=TLSv1.2`, trusting())).toBe('connected')
    expect(await dial(uri, trusting())).toBe('connected')
  })

  test('whoever says nothing is waited for as long as connectionTimeout', async () => {
    const server = createServer((socket) => open.push({ close: () => socket.destroy() }))
    const port = await listening(server)
    expect(await dial(`ssl://localhost:${port}?connectionTimeout=50`, trusting())).toBe(
      `Connection to ssl://localhost:${port} is lost: no connection within 50 ms`,
    )
  })
})

describe('a broker that wants a certificate', () => {
  const wanting = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    proxy({
      cert: localhost.certificate,
      key: localhost.key,
      ca: authority.certificate,
      requestCert: true,
      maxVersion,
    })

  const shown = async (name: string, by = authority): Promise<SslContext> => {
    const issued = by.issue({ names: [name] })
    const certificate = await file(`${name}.crt`, issued.certificate)
    return { ...trusting(), certificate, key: await file(`${name}.key`, issued.key) }
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('gets it, or says so: %s', async (version) => {
    const { port, clients } = await wanting(version)
    const uri = `ssl://localhost:${port}`
    expect(await dial(uri, await shown('broker-a'))).toBe('connected')
    expect(clients).toEqual(['broker-a'])
    expect(await dial(uri, trusting())).toMatch(/wants? a client certificate/)
    const unknown = await shown('broker-b', stranger)
    expect(await dial(uri, unknown)).toMatch(/(not accept the client certificate|refuse the one) in .*broker-b.crt/)
  })

  test('sees a new one at the next connection', async () => {
    const { port, clients } = await wanting('TLSv1.3')
    const context = await shown('rotated')
    await dial(`ssl://localhost:${port}`, context)
    const next = authority.issue({ names: ['rotated-again'] })
    await writeFile(context.certificate!, next.certificate)
    await writeFile(context.key!, next.key)
    await dial(`ssl://localhost:${port}`, context)
    expect(clients).toEqual(['rotated', 'rotated-again'])
  })
})

test('fields that there are not are refused by name', () => {
  const wrong = { sslContext: { truststore: '/tls/ca.crt' } as SslContext }
  expect(() => createConnectionFactory('ssl://a:1', wrong)).toThrow(
    'Cannot use sslContext: field truststore is "/tls/ca.crt"; accepted is trustStore, certificate, key,',
  )
})

test('a file that is missing is named, and nobody is dialled', async () => {
  const { port, clients } = await proxy()
  expect(await dial(`ssl://localhost:${port}`, { trustStore: '/nowhere/ca.crt' })).toBe(
    'Cannot use trustStore /nowhere/ca.crt of sslContext: there is no such file',
  )
  expect(clients).toEqual([])
})

test('whoever is closed while files are read dials nobody', async () => {
  const { port, clients } = await proxy()
  const heard: string[] = []
  tcpDial(systemClock, trusting())(parseEndpoint(`ssl://localhost:${port}`), {
    connected: () => heard.push('connected'),
    command: () => {},
    failed: ({ message }) => heard.push(message),
  }).close()
  expect(await dial(`ssl://localhost:${port}`, trusting())).toBe('connected')
  expect(clients).toHaveLength(1)
  expect(heard).toEqual([])
})

test('nobody listens: no word of TLS', async () => {
  const server = createServer()
  const port = await listening(server)
  server.close()
  expect(await dial(`ssl://127.0.0.1:${port}`, trusting())).toBe(
    `Connection to ssl://127.0.0.1:${port} is lost: connect ECONNREFUSED 127.0.0.1:${port}`,
  )
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({ close: () => void server.close() })
  return (server.address() as AddressInfo).port
}

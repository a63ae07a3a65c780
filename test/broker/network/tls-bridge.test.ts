// Network connectors with ssl://: two brokers with real sockets, the one behind something that takes TLS off.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../../../broker/base/logger.ts'
import { createConnectionFactory } from '../../../broker/client/index.ts'
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import type { NetworkAnswer, NetworkBridgeSnapshot } from '../../../broker/management/contract.ts'
import { makeAuthority } from '../../support/certificates.ts'
import { startBroker, type StartedBroker } from '../../support/started-broker.ts'
import { startTlsProxy, type TlsProxy } from '../../support/tls-proxy.ts'

const authority = makeAuthority('Test CA')
const server = authority.issue({ names: ['localhost'] })
const ends: (() => Promise<void>)[] = []

let folder: string
let b: StartedBroker
let front: TlsProxy

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-tls-bridge-'))
  const us = authority.issue({ names: ['broker-a'] })
  await writeFile(join(folder, 'ca.crt'), authority.certificate)
  await writeFile(join(folder, 'tls.crt'), us.certificate)
  await writeFile(join(folder, 'tls.key'), us.key)
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

afterAll(() => rm(folder, { recursive: true }))

/** The log as events. */
class Events implements Logger {
  readonly #waiting = new Map<string, () => void>()

  debug(): void {}
  info(message: string): void {
    this.#waiting.get(message)?.()
  }
  warn(message: string): void {
    this.info(message)
  }
  error(): void {}
  child(): Logger {
    return this
  }
  next(message: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(message, resolve))
  }
}

async function startB(): Promise<void> {
  b = await startBroker({ config: { brokerName: 'b', brokerId: 'ID:b' } })
  ends.push(() => b.broker.stop())
  front = await startTlsProxy(b.port, {
    cert: server.certificate,
    key: server.key,
    ca: authority.certificate,
    requestCert: true,
  })
  ends.push(() => front.close())
}

async function startA(connector: object, config: BrokerConfigInput = {}) {
  const log = new Events()
  const started = log.next('Network bridge started')
  const failed = log.next('Cannot start network bridge')
  const uri = `static:(ssl://localhost:${front.port})?initialReconnectDelay=100&useExponentialBackOff=false`
  const a = await startBroker({
    logger: log,
    config: { brokerName: 'a', brokerId: 'ID:a', networkConnectors: [{ name: 'to-b', uri, ...connector }], ...config },
  })
  ends.push(() => a.broker.stop())
  return { a, started, failed }
}

async function bridgeOf({ adminUrl }: StartedBroker): Promise<NetworkBridgeSnapshot> {
  const answer = (await (await fetch(`${adminUrl}/network-connectors`)).json()) as NetworkAnswer
  return answer.bridges[0]!
}

const ours = () => ({
  trustStore: join(folder, 'ca.crt'),
  certificate: join(folder, 'tls.crt'),
  key: join(folder, 'tls.key'),
})

/** The example of docs/networks.md, for where B is. */
async function documented(): Promise<BrokerConfigInput> {
  const text = await readFile(new URL('../../../docs/networks.md', import.meta.url), 'utf8')
  const [, example] = /\n### TLS\n.*?```yaml\n(.*?)```/s.exec(text)!
  const placed = example!.replaceAll('/tls/', `${folder}/`).replace('ssl://b:61617', `ssl://localhost:${front.port}`)
  return load(placed) as BrokerConfigInput
}

/** Sends to the one and receives at the other. */
async function pass(from: StartedBroker, to: StartedBroker, body: string): Promise<void> {
  const [near, far] = await Promise.all(
    [from, to].map(({ port }) => createConnectionFactory(`tcp://127.0.0.1:${port}`).createConnection()),
  )
  const consumer = await (await far!.createSession()).createConsumer('queue://ORDERS')
  far!.start()
  const producer = await (await near!.createSession()).createProducer('queue://ORDERS')
  await producer.send(body)
  expect((await consumer.receive(10_000))?.text).toBe(body)
  await near!.close()
  await far!.close()
}

test.each([
  ['of the whole broker', () => ({ duplex: false }), () => ({ sslContext: ours() })],
  [
    'of the connector',
    () => ({ duplex: true, sslContext: ours() }),
    () => ({ sslContext: { trustStore: '/nowhere' } }),
  ],
])('messages go over TLS with the sslContext %s', async (_, connector, config) => {
  await startB()
  const { a, started } = await startA(connector(), config())
  await started
  await pass(a, b, 'there')
  if (connector().duplex) await pass(b, a, 'and back')
  expect(front.clients).toEqual(['broker-a'])
  expect(await bridgeOf(a)).toMatchObject({
    uri: `ssl://localhost:${front.port}`,
    state: 'Connected',
    failure: null,
    remoteBrokerName: 'b',
    remoteAddress: `ssl://localhost:${front.port}`,
  })
})

test('messages go over TLS as docs/networks.md has it', async () => {
  await startB()
  const { networkConnectors, ...rest } = await documented()
  const { a, started } = await startA({}, { ...rest, networkConnectors: networkConnectors!.slice(0, 1) })
  await started
  await pass(b, a, 'from B, which was dialled')
  expect(front.clients).toEqual(['broker-a'])
})

test('what is wrong with it is seen at the admin port; when the file is put right there is a bridge', async () => {
  await startB()
  const trustStore = join(folder, 'to-be-changed.crt')
  await writeFile(trustStore, makeAuthority('Other CA').certificate)
  const { a, started, failed } = await startA({}, { sslContext: { ...ours(), trustStore } })
  await failed
  expect(await bridgeOf(a)).toMatchObject({
    failure: 'TLSFailed',
    reason: `Cannot connect to ssl://localhost:${front.port}: its certificate is from a CA that is not in ${trustStore}; put the certificate of that CA there`,
  })
  await writeFile(trustStore, authority.certificate)
  await started
  await pass(a, b, 'there')
})

// A broker that gives all it has to its neighbours, with real brokers in this process, and clients.
import { afterEach, expect, jest, test } from '@jest/globals'
import { createConnectionFactory } from '../../broker/client/index.ts'
import { MemoryStore } from '../../broker/store/memory/memory-store.ts'
import {
  callOff,
  drained,
  drainIs,
  put,
  sendTo,
  sizesOf,
  snapshotOf,
  takeFrom,
  textsOf,
  uriOf,
} from '../support/draining-broker.ts'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { lastingStore } from '../support/lasting-store.ts'
import { turns } from '../support/turns.ts'
import { startBroker, type StartedBroker, type StartOptions } from '../support/started-broker.ts'

const started: StartedBroker[] = []
jest.setTimeout(60_000)

const proxies: CuttingProxy[] = []
afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.close()
})
afterEach(() => Promise.all(started.splice(0).map(({ broker }) => broker.stop())))

async function member(brokerName: string, { config, ...options }: StartOptions = {}): Promise<StartedBroker> {
  const broker = await startBroker({
    store: lastingStore(),
    ...options,
    config: { brokerName, brokerId: `ID:${brokerName}`, ...config },
  })
  started.push(broker)
  return broker
}

const numbered = (count: number, prefix = ''): { body: string }[] =>
  Array.from({ length: count }, (_, index) => ({ body: `${prefix}${index}` }))

test('all its queues go to a neighbour, persistent or not, in order; clients are cut off and cannot come back', async () => {
  const [leaving, neighbour] = await Promise.all([member('leaving'), member('neighbour')])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(600))
  await sendTo(leaving.port, 'queue://BILLS', numbered(300))
  await sendTo(leaving.port, 'queue://ActiveMQ.DLQ', numbered(50))
  await sendTo(leaving.port, 'queue://QUICK', numbered(100), { deliveryMode: 'non-persistent' })
  const client = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
  const gone = new Promise((resolve) => client.on('exception', resolve))

  expect(await put(leaving.adminUrl, [uriOf(neighbour)])).toEqual({ status: 200, text: 'drains\n' })
  await gone
  const drain = await drained(leaving.adminUrl)
  expect(drain).toMatchObject({ to: [uriOf(neighbour)], messagesOfSubscriptions: 0, reason: null })
  const snapshot = await snapshotOf(leaving.adminUrl)
  expect(snapshot).toMatchObject({
    role: 'Active',
    store: { messages: 0 },
    transportConnectors: [{ name: 'openwire', port: leaving.port, open: false, connections: 0 }],
    networkBridges: [{ connector: 'drain', state: 'Connected', remoteBrokerName: 'neighbour', forwarded: 1050 }],
  })
  expect((await fetch(`${leaving.adminUrl}/readyz`)).status).toBe(200)
  await expect(createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()).rejects.toThrow()

  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 600, BILLS: 300, 'ActiveMQ.DLQ': 50, QUICK: 100 })
  expect(textsOf(await takeFrom(neighbour.port, 'ORDERS', 600))).toEqual(numbered(600).map(({ body }) => body))
  await client.close().catch(() => {})
})

const textsFrom = (count: number): string[] => numbered(count).map(({ body }) => body)

async function proxyTo({ port }: StartedBroker): Promise<CuttingProxy> {
  const proxy = await CuttingProxy.to(port)
  proxies.push(proxy)
  return proxy
}

test('what came from the neighbour goes back to it, and from there on to whoever wants it', async () => {
  const [leaving, farther] = await Promise.all([member('leaving'), member('farther')])
  const neighbour = await member('neighbour', {
    config: {
      networkConnectors: [
        { name: 'to-leaving', uri: uriOf(leaving) },
        { name: 'to-farther', uri: uriOf(farther) },
      ],
    },
  })
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
  const session = await connection.createSession('client')
  await session.createConsumer('queue://ORDERS', { prefetchSize: 10 })
  connection.start()
  await sendTo(neighbour.port, 'queue://ORDERS', numbered(200))
  while ((await sizesOf(leaving.adminUrl))['ORDERS'] !== 200) await turns(20)
  await connection.close()

  const wanting = await createConnectionFactory(`tcp://127.0.0.1:${farther.port}`).createConnection()
  const consumer = await (await wanting.createSession()).createConsumer('queue://ORDERS')
  wanting.start()
  await put(leaving.adminUrl, [uriOf(neighbour)])
  const received: string[] = []
  while (received.length < 200) received.push((await consumer.receive())!.text!)
  expect(received.toSorted(byNumber)).toEqual(textsFrom(200))
  await drained(leaving.adminUrl)
  expect(await consumer.receiveNoWait()).toBe(null)
  expect([await sizesOf(leaving.adminUrl), await sizesOf(neighbour.adminUrl)]).toEqual([{}, {}])
  await wanting.close()
})

test('the wire is cut again and again: nothing is lost, and nothing is there twice', async () => {
  const [leaving, neighbour] = await Promise.all([member('leaving'), member('neighbour')])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(1000))
  const proxy = await proxyTo(neighbour)
  let cuts = 0
  let since = 0
  proxy.onPassed = () => {
    // After the introduction and some messages, whose answers are lost.
    if (cuts >= 5 || proxy.passed - since < 20_000) return
    since = proxy.passed
    cuts++
    proxy.cut()
  }
  await put(leaving.adminUrl, [uriOf(proxy)])
  await drained(leaving.adminUrl)
  expect(cuts).toBe(5)
  const taken = await takeFrom(neighbour.port, 'ORDERS', 1000)
  expect(textsOf(taken).toSorted(byNumber)).toEqual(textsFrom(1000))
})

test('called off in the middle: each message is here or there, clients come back, and the network is as configured', async () => {
  const neighbour = await member('neighbour')
  const proxy = await proxyTo(neighbour)
  const leaving = await member('leaving', {
    config: { networkConnectors: [{ name: 'nc', uri: uriOf(neighbour) }] },
  })
  await sendTo(leaving.port, 'queue://ORDERS', numbered(3000))
  let passed = 0
  proxy.onPassed = () => {
    if (++passed > 5) proxy.mute = true
  }
  await put(leaving.adminUrl, [uriOf(proxy)])
  await drainIs(leaving.adminUrl, () => proxy.mute)
  expect(await callOff(leaving.adminUrl)).toEqual({ status: 200, text: 'takes part\n' })
  const snapshot = await snapshotOf(leaving.adminUrl)
  expect(snapshot).not.toHaveProperty('drain')
  expect(snapshot.transportConnectors).toMatchObject([{ port: leaving.port, open: true }])
  expect(snapshot.networkBridges).toMatchObject([{ connector: 'nc' }])
  const here = (await sizesOf(leaving.adminUrl))['ORDERS']!
  expect(here).toBeGreaterThan(0)
  // To which the consumer there, when it comes, brings the rest.
  const taken = await takeFrom(neighbour.port, 'ORDERS', 3000)
  expect(textsOf(taken).toSorted(byNumber)).toEqual(textsFrom(3000))
  // And it can begin anew.
  await sendTo(leaving.port, 'queue://ORDERS', numbered(10))
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await drained(leaving.adminUrl)
  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 10 })
})

test('a transaction that is open is rolled back, and its messages go nowhere', async () => {
  const [leaving, neighbour] = await Promise.all([member('leaving'), member('neighbour')])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(3))
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
  const session = await connection.createSession('transacted')
  connection.start()
  const consumer = await session.createConsumer('queue://ORDERS')
  for (let i = 0; i < 3; i++) await consumer.receive()
  await (await session.createProducer('queue://BILLS')).send('uncommitted')
  const gone = new Promise((resolve) => connection.on('exception', resolve))
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await gone
  await drained(leaving.adminUrl)
  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 3 })
  await connection.close().catch(() => {})
})

test('a broker without a store gives what is in its memory', async () => {
  const leaving = await member('leaving', { store: new MemoryStore() })
  const neighbour = await member('neighbour')
  await sendTo(leaving.port, 'queue://ORDERS', numbered(100))
  await sendTo(leaving.port, 'queue://ORDERS', numbered(100, 'quick '), { deliveryMode: 'non-persistent' })
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await drained(leaving.adminUrl)
  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 200 })
})

test('to another one without a store all goes as well, though nobody consumes it there; from a store only what is consumed', async () => {
  const [leaving, neighbour] = await Promise.all([
    member('leaving', { store: new MemoryStore() }),
    member('neighbour', { store: new MemoryStore() }),
  ])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(1500))
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await drained(leaving.adminUrl)
  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 1500 })

  const stored = await member('stored', { config: { store: { type: 'Journal' } } })
  await sendTo(stored.port, 'queue://BILLS', numbered(5))
  await put(stored.adminUrl, [uriOf(neighbour)])
  while ((await sizesOf(neighbour.adminUrl))['BILLS'] !== 5) await turns(20)
  expect((await snapshotOf(stored.adminUrl)).drain).toMatchObject({ messagesRemaining: 5 })
  await takeFrom(neighbour.port, 'BILLS', 5)
  await drained(stored.adminUrl)
})

test('without a store: what the neighbour keeps until it is consumed here does not come to it a second time', async () => {
  const leaving = await member('leaving', { store: new MemoryStore() })
  const neighbour = await member('neighbour', {
    config: { networkConnectors: [{ name: 'to-leaving', uri: uriOf(leaving) }] },
  })
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
  const session = await connection.createSession('client')
  await session.createConsumer('queue://ORDERS', { prefetchSize: 10 })
  connection.start()
  await sendTo(neighbour.port, 'queue://ORDERS', numbered(100))
  while ((await sizesOf(leaving.adminUrl))['ORDERS'] !== 100) await turns(20)
  await sendTo(leaving.port, 'queue://ORDERS', [{ body: '100' }])
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await drained(leaving.adminUrl)
  const taken = await takeFrom(neighbour.port, 'ORDERS', 101)
  expect(textsOf(taken).toSorted(byNumber)).toEqual(textsFrom(101))
  await connection.close().catch(() => {})
})

test('what is under way to a third broker is answered first, and goes nowhere else', async () => {
  const [neighbour, third] = await Promise.all([member('neighbour'), member('third')])
  const proxy = await proxyTo(third)
  const leaving = await member('leaving', { config: { networkConnectors: [{ name: 'nc', uri: uriOf(proxy) }] } })
  const connection = await createConnectionFactory(`tcp://127.0.0.1:${third.port}`).createConnection()
  const session = await connection.createSession('client')
  const consumer = await session.createConsumer('queue://ORDERS')
  connection.start()
  await sendTo(leaving.port, 'queue://ORDERS', [{ body: 'first' }])
  await consumer.receive()
  proxy.hold()
  await sendTo(leaving.port, 'queue://ORDERS', numbered(100))
  const received: string[] = []
  while (received.length < 100) received.push((await consumer.receive())!.text!)
  await put(leaving.adminUrl, [uriOf(neighbour)])
  proxy.release()
  await drained(leaving.adminUrl)
  expect(await sizesOf(neighbour.adminUrl)).toEqual({})
  expect(received).toEqual(textsFrom(100))
  await connection.close()
})

test.each(['dialled', 'accepted'])(
  'what waits for a durable subscriber elsewhere goes there first, over a bridge that was %s',
  async (how) => {
    const connector = { name: 'nc', prefetchSize: 10, duplex: true }
    const [neighbour, first] = await Promise.all([member('neighbour'), member('first')])
    const second = await member('second', { config: { networkConnectors: [{ ...connector, uri: uriOf(first) }] } })
    const [leaving, third] = how === 'dialled' ? [second, first] : [first, second]
    const factory = createConnectionFactory(`tcp://127.0.0.1:${third.port}`, { clientId: 'accounting' })
    const connection = await factory.createConnection()
    const consumer = await (await connection.createSession()).createDurableConsumer('topic://PRICES', 'all')
    connection.start()
    do await sendTo(leaving.port, 'topic://PRICES', [{ body: '-1' }])
    while ((await consumer.receive(200)) === null)

    const publisher = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
    const producer = await (await publisher.createSession()).createProducer('topic://PRICES')
    const sent = { answered: 0 }
    const published = (async () => {
      for (let number = 0; ; number++) {
        await producer.send(String(number))
        sent.answered++
      }
    })().catch(() => {})
    while (sent.answered < 50) await turns(1)
    await put(leaving.adminUrl, [uriOf(neighbour)])
    await published
    const { messagesOfSubscriptions } = await drained(leaving.adminUrl)
    expect(messagesOfSubscriptions).toBe(0)
    let last = -1
    while (last < sent.answered - 1) last = Number((await consumer.receive())!.text)
    await connection.close()
  },
)

test('priorities and groups go along', async () => {
  const config = { destinationPolicies: [{ queue: '>', prioritizedMessages: true }] }
  const [leaving, neighbour] = await Promise.all([member('leaving', { config }), member('neighbour', { config })])
  for (const priority of [1, 9, 5])
    await sendTo(leaving.port, 'queue://ORDERS', [{ body: `${priority}`, groupId: `group ${priority}` }], { priority })
  await put(leaving.adminUrl, [uriOf(neighbour)])
  await drained(leaving.adminUrl)
  const taken = await takeFrom(neighbour.port, 'ORDERS', 3)
  expect(taken.map(({ text, groupId }) => [text, groupId])).toEqual([
    ['9', 'group 9'],
    ['5', 'group 5'],
    ['1', 'group 1'],
  ])
})

test('with several neighbours each message goes to one of them', async () => {
  const [leaving, one, other] = await Promise.all([member('leaving'), member('one'), member('other')])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(1000))
  await put(leaving.adminUrl, [uriOf(one), uriOf(other)])
  await drained(leaving.adminUrl)
  const counts = await Promise.all([sizesOf(one.adminUrl), sizesOf(other.adminUrl)])
  expect((counts[0]['ORDERS'] ?? 0) + (counts[1]['ORDERS'] ?? 0)).toBe(1000)
})

test('what cannot be is refused with the reason, or told while it lasts', async () => {
  const leaving = await member('leaving', {
    config: { networkConnectors: [{ name: 'nc', uri: 'static:(tcp://127.0.0.1:1)' }] },
  })
  await sendTo(leaving.port, 'queue://ORDERS', numbered(1))
  expect(
    await put(leaving.adminUrl, ['multicast://default', 'tcp://b:1', 'static:(tcp://b:1)', 'static:(tcp://b:1)']),
  ).toEqual({
    status: 400,
    text: expect.stringMatching(
      /^to\[0\]: got "multicast:\/\/default", expected brokers by name: static:\(…\) or masterslave:\(…\)\nto\[1\]: got "tcp:\/\/b:1", expected a discovery URI: .*\nto\[3\]: got "static:\(tcp:\/\/b:1\)" again, expected each once\n$/,
    ),
  })
  expect((await fetch(`${leaving.adminUrl}/drain`, { method: 'DELETE' })).status).toBe(200)
  await put(leaving.adminUrl, ['static:(tcp://127.0.0.1:1)'])
  const { reason } = await drainIs(leaving.adminUrl, (drain) => drain.reason?.includes('ECONNREFUSED') === true)
  expect(reason).toMatch(/^No other broker is reached: .*tcp:\/\/127\.0\.0\.1:1/)
  const started = await fetch(`${leaving.adminUrl}/network-connectors/nc/start`, { method: 'POST' })
  expect([started.status, await started.text()]).toEqual([
    409,
    'this member drains: its network connectors are stopped until that ends\n',
  ])
})

test('whoever watches hears of it', async () => {
  const [leaving, neighbour] = await Promise.all([member('leaving'), member('neighbour')])
  const watch = await fetch(`${leaving.adminUrl}/watch?roles&bridges`)
  const reader = watch.body!.getReader()
  await reader.read()
  await put(leaving.adminUrl, [uriOf(neighbour)])
  const lines: string[] = []
  // It has begun, the bridge is there, nothing is left.
  const decoder = new TextDecoder()
  while (lines.length < 3) {
    const { value } = await reader.read()
    lines.push(
      ...decoder
        .decode(value as Uint8Array)
        .trim()
        .split('\n'),
    )
  }
  expect(lines.map((line) => (JSON.parse(line) as { role: string }).role)).toEqual(['Active', 'Active', 'Active'])
  await reader.cancel()
})

const byNumber = (one: string, other: string): number => Number(one) - Number(other)

// Brokers that lie hurt nobody but themselves (docs/reliability.md). Each lie is told over a real bridge, without sockets.
import { describe, expect, test } from '@jest/globals'
import { deflateSync } from 'node:zlib'
import { maxDestinations } from '../../../broker/network/demand/limits.ts'
import { unreadTimeoutMs } from '../../../broker/network/limits.ts'
import {
  buildBrokerInfo,
  buildExceptionResponse,
  buildKeepAlive,
  buildRemoveInfo,
  buildResponse,
} from '../../../broker/openwire/build-commands.ts'
import { maxConnectionsPerSocket } from '../../../broker/session/openwire/limits.ts'
import type { ActiveMQTextMessage } from '../../../broker/wire/openwire/commands.ts'
import { buildThrowable } from '../../../broker/wire/openwire/throwable.ts'
import { BridgeWorld } from '../../reliability/bridge-strangers/bridge-world.ts'
import { HonestTraffic } from '../../reliability/bridge-strangers/honest-traffic.ts'
import {
  advisoryOf,
  dialling,
  dispatchOf,
  LocalClient,
  LyingBroker,
  there,
} from '../../reliability/bridge-strangers/lying-broker.ts'
import { settle } from '../../reliability/janitor.ts'
import { Peer } from '../../reliability/stranger-world.ts'
import {
  brokerPath,
  consumer,
  consumerId,
  subscriber,
  subscriptionsOf,
  temporary,
  unsubscribed,
} from '../network/demand/demand-harness.ts'
import { connectionInfo } from '../session/openwire/session-harness.ts'
import { consumerInfo, producerInfo, sessionInfo, textMessage } from '../session/openwire/test-commands.ts'

const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('who it is', () => {
  test('may be this broker: nothing is to be bridged', async () => {
    const liar = await LyingBroker.dialled({ brokerInfo: { brokerId: { kind: 'BrokerId', value: 'ID:us' } } })
    expect(liar.bridge).toMatchObject({ state: 'Idle', reason: 'tcp://liar:61616 is this broker itself' })
  })

  test('may be another one that there is a bridge to: that goes on', async () => {
    const world = await BridgeWorld.start()
    world.us.parts.network.start()
    const traffic = await HonestTraffic.start(world)
    const peer = world.dialled.get('s1')!
    peer.open()
    peer.negotiate({ maxInactivityDurationMs: 0 })
    peer.send({ ...buildBrokerInfo(there), brokerId: { kind: 'BrokerId', value: 'ID:friend' } })
    peer.send(
      dispatchOf(advisoryOf(consumer('c', 'topic://>'))),
      dispatchOf(advisoryOf(consumer('d', 'topic://honest.network.T'))),
    )
    await traffic.exchange()
    peer.leave()
    await traffic.exchange()
  })

  test.each([
    ['brokerId', { brokerId: null }, 'brokerId is missing'],
    ['brokerName', { brokerName: '' }, 'brokerName is missing'],
    ['length', { brokerName: 'n'.repeat(2000) }, 'brokerName has 2000 characters'],
  ])('has to be said: %s', async (_what, brokerInfo, reason) => {
    const liar = await LyingBroker.dialled({ brokerInfo })
    expect(liar.bridge).toMatchObject({ state: 'Down', reason: expect.stringContaining(reason) })
    expect(liar.peer.closed).toBe(true)
  })
})

describe('consumers', () => {
  test.each([
    ['our own', ['ID:us']],
    ['its own and ours', ['ID:there', 'ID:us']],
    ['more brokers than a network has', Array.from({ length: 3000 }, (_, at) => `ID:${at}`)],
    ['one with an endless name', ['b'.repeat(50_000)]],
  ])('behind %s are no demand', async (_what, path) => {
    const liar = await LyingBroker.dialled({ settings: { networkTTL: -1 } })
    await liar.advise(consumer('c', 'queue://Q', { brokerPath: brokerPath(...path) }))
    expect(liar.bridge).toMatchObject({ state: 'Connected', demandSubscriptions: 0 })
  })

  test('of more destinations than a bridge takes on: the rest is no demand, is counted, and the bridge goes on', async () => {
    const liar = await LyingBroker.dialled()
    const most = maxDestinations
    for (let number = 1; number <= most + 500; number++)
      liar.peer.send(dispatchOf(advisoryOf(consumer(`c${number}`, `queue://MANY.${number}`))))
    await settle()
    expect(liar.bridge).toMatchObject({ state: 'Connected', demandSubscriptions: most })
    const { totals } = liar.world.us.parts.limits
    expect(totals.get('maxDestinations')).toBe(500)
    const client = liar.client()
    client.consume('queue://HONEST')
    await client.send('queue://HONEST', 5)
    expect(await client.receive()).toEqual(numbers(1, 5))
    await liar.advise(buildRemoveInfo(consumerId('c1')), consumer('new', 'queue://NEW'))
    expect(liar.bridge.demandSubscriptions).toBe(most)
  })

  test('of another bridge do not go when it says so', async () => {
    const world = await BridgeWorld.start()
    world.us.parts.network.start()
    const traffic = await HonestTraffic.start(world)
    const peer = world.dialled.get('s1')!
    peer.open()
    peer.negotiate({ maxInactivityDurationMs: 0 })
    peer.send(buildBrokerInfo(there))
    for (let value = 0; value < 10; value++)
      for (const connectionId of ['ID:honest-reader', 'us->friend'])
        peer.send(dispatchOf(advisoryOf(buildRemoveInfo({ kind: 'ConsumerId', connectionId, sessionId: 1, value }))))
    await traffic.exchange()
    await traffic.exchangeOverQueue(50)
  })

  test('of everything get what nobody here takes, and what is there for them only', async () => {
    const liar = await LyingBroker.dialled()
    await liar.advise(
      consumer('q', 'queue://>'),
      consumer('t', 'topic://>'),
      consumer('a', 'topic://ActiveMQ.Advisory.>'),
    )
    const client = liar.client()
    client.consume('queue://MINE')
    client.consume('topic://NEWS')
    await client.send('queue://MINE', 5)
    await client.send('topic://NEWS', 5)
    expect((await client.receive()).toSorted((one, other) => one - other)).toEqual(numbers(1, 10))
    const taken = liar.take().filter(({ destination }) => destination?.physicalName === 'NEWS')
    expect(taken).toHaveLength(5)
    expect(liar.bridge).toMatchObject({ state: 'Connected', demandSubscriptions: 3 })
  })
})

test('a message that a bridge with a marshalling cache cannot send is a dead letter, and the next bridge goes on', async () => {
  const uri =
    'static:(tcp://liar:61616?wireFormat.cacheEnabled=true&wireFormat.tightEncodingEnabled=true)?initialReconnectDelay=100'
  const liar = await LyingBroker.dialled({ settings: { uri } })
  await liar.advise(consumer('c', 'queue://Q'))
  const stranger = new Peer(liar.world, { tightEncodingEnabled: false, cacheEnabled: false }, true)
  stranger.negotiate({ tightEncodingEnabled: false, cacheEnabled: false, maxInactivityDurationMs: 0 })
  stranger.send(connectionInfo(), sessionInfo(), producerInfo(), textMessage({ type: 'x'.repeat(40_000) }))
  await settle()
  expect(liar.world.errors).toEqual([])
  expect([liar.sizeOf('queue://Q'), liar.sizeOf('queue://ActiveMQ.DLQ')]).toEqual([0, 1])
})

test('advisories of nothing, or of what is no news, change nothing', async () => {
  const liar = await LyingBroker.dialled()
  liar.peer.send(dispatchOf(null), dispatchOf(advisoryOf(null)), dispatchOf(advisoryOf(buildKeepAlive(1))))
  await liar.advise(
    buildRemoveInfo(null),
    buildRemoveInfo({ kind: 'ConnectionId', value: 'ID:client' }),
    consumer('c', 'queue://Q', { consumerId: null }),
    consumer('c', 'queue://Q', { destination: null }),
    temporary('remove', 'temp-queue://nobody:1'),
    unsubscribed('nobody'),
    subscriptionsOf(consumer('c', 'queue://Q')),
    buildBrokerInfo(there),
  )
  expect(liar.bridge).toMatchObject({ state: 'Connected', demandSubscriptions: 0 })
})

describe('answers', () => {
  const wanting = async (): Promise<LyingBroker> => {
    const liar = await LyingBroker.dialled()
    await liar.advise(consumer('c', 'queue://Q'))
    await liar.client().send('queue://Q', 10)
    return liar
  }

  test('that never come: the messages are kept, are seen to be in flight, and others get them when the bridge is stopped', async () => {
    const liar = await wanting()
    expect(liar.take()).toHaveLength(10)
    liar.world.clock.advance(60 * 60_000)
    const found = liar.world.us.parts.region.statistics().find(({ name }) => name === 'Q')
    expect(found).toMatchObject({ size: 10, inFlight: 10, dequeued: 0 })
    expect(liar.bridge).toMatchObject({ state: 'Connected', forwarded: 0 })
    const other = liar.client('ID:other')
    other.consume('queue://Q')
    expect(await other.receive()).toEqual([])
    liar.world.us.parts.network.switchConnector('NC', false)
    expect(await other.receive()).toEqual(numbers(1, 10))
  })

  test('that nobody waits for mean nothing', async () => {
    const liar = await wanting()
    for (let id = -5; id < 5; id++)
      liar.peer.send(buildResponse(id * 100_000), buildExceptionResponse(id * 100_000, no))
    const [first] = liar.take()
    for (let times = 0; times < 5; times++) liar.peer.send(buildResponse(first!.commandId))
    await settle()
    expect(liar.bridge).toMatchObject({ state: 'Connected', forwarded: 1 })
    expect(liar.sizeOf('queue://Q')).toBe(9)
  })

  test('that refuse everything end the bridge, and others get the messages', async () => {
    const liar = await wanting()
    liar.peer.send(buildExceptionResponse(liar.take()[0]!.commandId, no))
    await settle()
    expect(liar.bridge).toMatchObject({ state: 'Down', reason: 'The other broker refused a message to Q: no' })
    const other = liar.client('ID:other')
    other.consume('queue://Q')
    expect(await other.receive()).toEqual(numbers(1, 10))
  })
})

describe('messages over a duplex bridge', () => {
  const settings = { duplex: true }
  const message = (changed: Partial<ActiveMQTextMessage> = {}) =>
    textMessage({ responseRequired: false, destination: { kind: 'ActiveMQQueue', physicalName: 'Q' }, ...changed })

  test('that have been here, or repeat an id with another body, are messages like any other', async () => {
    const liar = await LyingBroker.dialled({ settings })
    const path = brokerPath('ID:there', 'ID:us')
    liar.peer.send(message({ brokerPath: path }), message({ brokerPath: path, content: Buffer.from('other') }))
    await settle()
    expect(liar.sizeOf('queue://Q')).toBe(2)
    expect(liar.bridge).toMatchObject({ state: 'Connected', received: 2 })
  })

  test('that explode when they are inflated are kept as they came', async () => {
    const liar = await LyingBroker.dialled({ settings })
    const content = deflateSync(Buffer.alloc(50 * 2 ** 20))
    liar.peer.send(message({ compressed: true, persistent: false, content }))
    await settle()
    expect(liar.world.us.parts.region.memory().used).toBeLessThan(2 * content.length)
  })

  test('without a producer are refused', async () => {
    const world = await BridgeWorld.start({})
    const peer = await dialling(world)
    peer.received.length = 0
    peer.send(message({ responseRequired: true, commandId: 77 }))
    expect(peer.received).toMatchObject([{ kind: 'ExceptionResponse', correlationId: 77 }])
    expect(world.us.parts.network.bridges()).toMatchObject([{ accepted: true, state: 'Connected' }])
  })
})

describe('a liar that dials', () => {
  const refusalTo = (peer: Peer): string | null | undefined =>
    peer.received.flatMap((command) =>
      command.kind === 'ConnectionError' || command.kind === 'ExceptionResponse' ? [command.exception?.message] : [],
    )[0]

  test.each([
    ['is this broker', { brokerId: { kind: 'BrokerId', value: 'ID:us' } }, 'Cannot bridge there with itself'],
    ['has huge properties', { networkProperties: `#\n${'x=1\n'.repeat(300)}name=${'n'.repeat(5000)}` }, 'its name is'],
    [
      'has too many of them',
      { networkProperties: Array.from({ length: 300 }, (_, at) => `p${at}=1\n`).join('') },
      'networkProperties are 300',
    ],
    ['wants what cannot be', { networkProperties: 'prefetchSize=0\n' }, 'its prefetchSize is "0"'],
  ] as const)('and says that it %s is told so', async (_what, brokerInfo, reason) => {
    const world = await BridgeWorld.start({})
    const peer = await dialling(world, brokerInfo)
    expect(refusalTo(peer)).toContain(reason)
    expect(world.us.parts.network.bridges()).toEqual([])
    world.clock.advance(10_000)
    expect(peer.closed).toBe(true)
    expect(world.us.parts.registry.size).toBe(0)
  })

  test('says who it is once', async () => {
    const world = await BridgeWorld.start({})
    const peer = await dialling(world)
    peer.send(buildBrokerInfo(there, { networkConnection: true, duplexConnection: true }))
    expect(peer.closed).toBe(true)
    expect(world.us.parts.network.bridges()).toEqual([])
  })

  test('connects as often as anybody, not more', async () => {
    const world = await BridgeWorld.start({})
    const peer = await dialling(world)
    for (let number = 0; number < 200; number++)
      peer.send(
        connectionInfo({ connectionId: { kind: 'ConnectionId', value: `ID:${number}` }, clientId: `${number}` }),
      )
    expect(world.us.parts.registry.size).toBe(maxConnectionsPerSocket)
    peer.leave()
    expect(world.us.parts.registry.size).toBe(0)
  })

  test('tells of more subscriptions than a broker can have, and is gone', async () => {
    const liar = await LyingBroker.dialled({ settings: { duplex: true, syncDurableSubs: true } })
    const many = subscriptionsOf(...Array.from({ length: 30_000 }, () => subscriber('s', 'topic://T')))
    liar.peer.send(many)
    expect(liar.bridge).toMatchObject({ state: 'Down', reason: expect.stringContaining('structures') })
    const peer = await dialling(liar.world)
    peer.send(many)
    expect(peer.closed).toBe(true)
  })

  test('tells of as many as one can have, before it has connected, and is heard', async () => {
    const world = await BridgeWorld.start({})
    const networkProperties = '#\nname=NC\nsyncDurableSubs=true\n'
    const many = subscriptionsOf(...Array.from({ length: 9000 }, (_, at) => subscriber(`client-${at}`, 'topic://T')))
    const peer = await dialling(world, { networkProperties }, many)
    expect(peer.closed).toBe(false)
    expect(world.us.parts.network.bridges()).toMatchObject([{ state: 'Connected', demandSubscriptions: 1 }])
  })

  test('says that it is many brokers with long addresses: clients are told of as many as they can read', async () => {
    const world = await BridgeWorld.start({})
    const own = (at: number) => ({
      brokerId: { kind: 'BrokerId', value: `ID:${at}` } as const,
      brokerURL: `tcp://${'h'.repeat(1000)}:${10_000 + at}`,
    })
    for (let at = 0; at < 100; at++) await dialling(world, own(at), null, `ID:liar-${at}`)
    const client = new Peer(world, { tightEncodingEnabled: true, cacheEnabled: true }, true)
    client.negotiate({ maxInactivityDurationMs: 0 })
    client.send(connectionInfo({ faultTolerant: true, manageable: true }))
    await dialling(world, own(100), null, 'ID:liar-100')
    expect(client.closed).toBe(false)
    expect(client.received.filter(({ kind }) => kind === 'ConnectionControl')).toHaveLength(2)
  })

  test('has an address that nobody could read: it is not repeated', async () => {
    const world = await BridgeWorld.start({})
    const listener = new Peer(world, { tightEncodingEnabled: true, cacheEnabled: true }, true)
    listener.negotiate({ maxInactivityDurationMs: 0 })
    listener.send(
      connectionInfo(),
      sessionInfo(),
      consumerInfo({ destination: { kind: 'ActiveMQTopic', physicalName: 'ActiveMQ.Advisory.NetworkBridge' } }),
    )
    await dialling(world, { brokerURL: `tcp://${'h'.repeat(50_000)}:1` })
    expect(listener.closed).toBe(false)
    expect(listener.received.filter(({ kind }) => kind === 'MessageDispatch')).toHaveLength(1)
  })
})

describe('temporary destinations', () => {
  const replies = 'temp-queue://ID:requester:1:1'

  test('of clients here are not there as well: the replies that a client waits for are its own', async () => {
    const liar = await LyingBroker.dialled({ settings: { decreaseNetworkConsumerPriority: false } })
    const requester = liar.client('ID:requester:1')
    requester.create(replies)
    requester.consume(replies)
    await liar.advise(temporary('add', replies), consumer('thief', replies, { priority: 127 }))
    await liar.client().send(replies, 20)
    expect(await requester.receive()).toEqual(numbers(1, 20))
    await liar.advise(temporary('remove', replies))
    await liar.client('ID:other').send(replies, 3)
    expect(await requester.receive()).toEqual(numbers(1, 3))
    expect(liar.take()).toEqual([])
    expect(liar.bridge.state).toBe('Connected')
  })

  test('of clients here are not listened to by one that dials', async () => {
    const world = await BridgeWorld.start({})
    const requester = new LocalClient(world, 'ID:requester:1')
    requester.create(replies)
    const peer = await dialling(world)
    const destination = { kind: 'ActiveMQTempQueue', physicalName: 'ID:requester:1:1' } as const
    peer.send(
      consumerInfo({
        consumerId: { kind: 'ConsumerId', connectionId: 'ID:liar', sessionId: 1, value: 2 },
        destination,
      }),
    )
    expect(peer.received.at(-1)).toMatchObject({
      kind: 'ExceptionResponse',
      exception: { message: expect.stringContaining('belongs to the connection that created it') },
    })
  })
})

describe('a duplex bridge whose other end never reads', () => {
  const settings = { duplex: true }

  test('is not read any more before its answers take the memory, and is given up', async () => {
    const liar = await LyingBroker.dialled({ settings })
    liar.peer.takesBytes = false
    const message = liar.peer.codec.encode(
      textMessage({ responseRequired: true, persistent: false, destination: topic }),
    )
    let sent = 0
    for (; liar.peer.reading && !liar.peer.closed && sent < 500_000; sent++) liar.peer.give(message)
    await settle()
    expect(sent).toBeLessThan(500_000)
    expect(liar.peer.untakenBytes).toBeLessThan(16 * 2 ** 20)
    liar.world.clock.advance(unreadTimeoutMs)
    expect(liar.bridge.reason).toContain('has not read what it was sent')
  })

  test('is not told that we are alive, again and again', async () => {
    const liar = await LyingBroker.dialled({ settings })
    liar.peer.takesBytes = false
    const question = liar.peer.codec.encode({ ...buildKeepAlive(7), responseRequired: true })
    for (let asked = 0; asked < 100_000; asked++) liar.peer.give(question)
    expect(liar.peer.untakenBytes).toBeLessThan(64 * 1024)
  })
})

const topic = { kind: 'ActiveMQTopic', physicalName: 'T' } as const
const no = buildThrowable('javax.jms.JMSException', 'no')

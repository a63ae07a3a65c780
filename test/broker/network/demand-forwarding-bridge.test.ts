// A bridge over a real region to a broker that is only written down: what it asks there, forwards, and settles here.
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { buildMessage } from '../../../broker/message/build-message.ts'
import type { RemoteBroker } from '../../../broker/network/bridge.ts'
import type { BridgeSettings } from '../../../broker/network/connector-settings.ts'
import { DemandForwardingBridge } from '../../../broker/network/demand-forwarding-bridge.ts'
import { returnGraceMs } from '../../../broker/network/limits.ts'
import { NetworkDemands } from '../../../broker/network/demand/network-demands.ts'
import { buildConnectionError, buildRemoveInfo, buildShutdownInfo } from '../../../broker/openwire/build-commands.ts'
import type { ConsumerOptions, Region } from '../../../broker/region/region.ts'
import type { Command, ConsumerInfo, DataStructure } from '../../../broker/wire/openwire/commands.ts'
import { messageCommandOf, nestedFormOf } from '../../../broker/wire/openwire/stored-form.ts'
import { buildThrowable } from '../../../broker/wire/openwire/throwable.ts'
import { ownProvider } from '../../../broker/wire/openwire/wire-format.ts'
import { FakeRegion } from '../../support/fake-region.ts'
import { lastingStore } from '../../support/lasting-store.ts'
import { RegionHarness, type TestClient } from '../region/region-harness.ts'
import { bridgeSettings } from './bridge-settings.ts'
import { consumer, consumerId, named, subscriber, subscriptionsOf, temporary } from './demand/demand-harness.ts'
import { FakeFarEnd } from './fake-far-end.ts'

const remote: RemoteBroker = {
  brokerName: 'B',
  brokerId: 'ID:B',
  brokerUrl: 'tcp://b:61616',
  address: 'tcp://there:61616',
}

interface SetUp {
  readonly settings?: Partial<BridgeSettings>
  readonly accepted?: boolean
  readonly far?: FakeFarEnd
  readonly harness?: RegionHarness
  /** Instead of the harness's. */
  readonly region?: Region
  readonly subscribers?: readonly ConsumerInfo[]
}

async function setUp(options: SetUp = {}) {
  const { settings = {}, accepted = false, far = new FakeFarEnd(), harness: given, subscribers = [] } = options
  const harness = given ?? (await RegionHarness.start({ brokerId: 'ID:A' }))
  const events: string[] = []
  const warnings: string[] = []
  const bridge = new DemandForwardingBridge({
    settings: bridgeSettings(settings),
    local: { brokerName: 'A', brokerId: 'ID:A', brokerUrl: 'tcp://a:61616' },
    remote,
    region: options.region ?? harness.region,
    demands: new NetworkDemands(),
    subscribers: () => subscribers,
    far,
    idSeed: `A->B-${++seeds}`,
    networkProperties: accepted ? null : 'name=NC',
    logger: { ...silentLogger, warn: (message, fields) => void warnings.push(`${message}: ${fields?.['cause']}`) },
    listener: {
      started: ({ brokerName }) => void events.push(`started ${brokerName}`),
      ended: (reason) => void events.push(reason.message),
    },
  })
  bridge.start()
  const client = harness.connect()
  const send = async (destination: string, count = 1, persistent = true): Promise<void> => {
    for (let sent = 0; sent < count; sent++) client.send(destination, { persistent })
    await harness.settle()
  }
  const hear = async (...structures: DataStructure[]): Promise<void> => {
    for (const structure of structures) bridge.command(advisoryOf(structure))
    await harness.settle()
  }
  return { harness, bridge, far, events, warnings, client, send, hear }
}

let seeds = 0
let advisories = 0

/** As a broker dispatches it to a bridge. */
const advisoryOf = (structure: DataStructure): Command => messageCommandOf(advisoryBytes(structure))

const advisoryBytes = (structure: DataStructure): Buffer =>
  buildMessage({
    destination: { kind: 'topic', name: 'ActiveMQ.Advisory.Consumer.Queue.Q' },
    producer: { connectionId: 'ID:B:advisory', sessionId: 0, value: 0 },
    producerSequenceId: ++advisories,
    type: 'Advisory',
    dataStructure: nestedFormOf(structure),
  }).bytes

const subscriptionNames = ({ region }: RegionHarness): readonly string[] =>
  region.subscriptionsPage(0, 10).items.map(({ subscriptionName }) => subscriptionName)

const reader = (client: TestClient, name = 'queue://Q'): number[] => client.consume(name).received

test('introduces itself, and asks for demand', async () => {
  const { far, events, bridge } = await setUp()
  expect(far.kinds).toEqual(['BrokerInfo', 'ConnectionInfo', 'SessionInfo', 'ProducerInfo', 'ConsumerInfo'])
  expect(events).toEqual(['started B'])
  expect(bridge.statistics).toEqual({ demandSubscriptions: 0, forwarded: 0, received: 0 })
})

describe('has started', () => {
  const silent = (): FakeFarEnd => {
    const far = new FakeFarEnd()
    far.unanswered = []
    return far
  }

  test('when the other broker has let it in', async () => {
    const { far, events, hear, bridge } = await setUp({ far: silent() })
    expect(events).toEqual([])
    far.unanswered![0]!(null)
    expect(events).toEqual(['started B'])
    await hear(consumer('c', 'queue://Q'))
    expect(bridge.statistics.demandSubscriptions).toBe(1)
  })

  test('never, when that refuses it', async () => {
    const { far, events } = await setUp({ far: silent() })
    far.unanswered![0]!(buildThrowable('java.lang.SecurityException', 'who are you'))
    expect([events, far.closed]).toEqual([['The other broker refused the bridge: who are you'], true])
    far.unanswered![0]!(null)
    expect(events).toHaveLength(1)
  })

  // ActiveMQ's end of a duplex bridge does not answer.
  test('at once, when it is duplex or was accepted', async () => {
    for (const options of [{ settings: { duplex: true } }, { accepted: true }]) {
      const { far, events } = await setUp({ ...options, far: silent() })
      expect([events, far.unanswered]).toEqual([['started B'], []])
    }
  })
})

test('a static bridge asks for nothing, and forwards what is included', async () => {
  const { far, send } = await setUp({
    settings: { staticBridge: true, staticallyIncludedDestinations: [named('queue://Q')] },
  })
  expect(far.kinds).not.toContain('ConsumerInfo')
  await send('queue://Q', 2)
  expect(far.numbers).toEqual([1, 2])
})

describe('a message', () => {
  test('is forwarded when it is wanted, and removed when it is answered, in whichever order', async () => {
    const { bridge, harness, far, send, hear } = await setUp()
    await send('queue://Q', 3)
    expect(far.numbers).toEqual([])
    await hear(consumer('c', 'queue://Q'))
    expect(far.numbers).toEqual([1, 2, 3])
    for (const number of [3, 1]) far.answer(number)
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 1, dequeued: 2 })
    far.answer(2)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(0)
    expect(bridge.statistics).toEqual({ demandSubscriptions: 1, forwarded: 3, received: 0 })
  })

  test('that is not persistent waits for an answer as well, unless alwaysSyncSend is off', async () => {
    const waiting = await setUp()
    await waiting.hear(consumer('c', 'queue://Q'))
    await waiting.send('queue://Q', 1, false)
    expect([waiting.far.forwarded[0]!.answered === null, waiting.harness.of('queue://Q').size]).toEqual([false, 1])

    const { harness, far, bridge, hear, send } = await setUp({ settings: { alwaysSyncSend: false } })
    await hear(consumer('c', 'queue://Q'))
    await send('queue://Q', 1, false)
    await send('queue://Q')
    expect(far.forwarded.map(({ answered }) => answered === null)).toEqual([true, false])
    expect([harness.of('queue://Q').size, bridge.statistics.forwarded]).toEqual([1, 1])
  })

  test('that the other broker refuses ends the bridge, and is in its queue again', async () => {
    const { harness, far, events, hear, send } = await setUp()
    await hear(consumer('c', 'queue://Q'))
    await send('queue://Q', 3)
    far.answer(1)
    far.answer(2, 'no room')
    far.answer(3)
    expect(events).toEqual(['started B', 'The other broker refused a message to Q: no room'])
    expect(far.closed).toBe(true)
    await harness.settle()
    expect(reader(harness.connect())).toEqual([2, 3])
  })

  test('whose temporary destination is no more is a dead letter, and the bridge goes on', async () => {
    const { harness, far, events, hear, send } = await setUp()
    const destination = 'temp-queue://ID:there:1:1'
    await hear(temporary('add', destination), consumer('c', destination), consumer('d', 'queue://Q'))
    await send(destination)
    await send('queue://Q')
    far.answer(1, 'it is no more')
    far.answer(2)
    await harness.settle()
    expect(events).toEqual(['started B'])
    expect([harness.of(destination).size, harness.of('queue://ActiveMQ.DLQ').size]).toEqual([0, 1])
  })

  test('that cannot be sent to this broker at all is a dead letter, and the next one goes', async () => {
    const { harness, far, events, warnings, hear, send } = await setUp()
    far.unsendable = ({ message }) => (message.producerSequenceId === 1 ? new Error('it is too large') : null)
    await hear(consumer('c', 'queue://Q'))
    await send('queue://Q', 2)
    expect([far.numbers, events]).toEqual([[2], ['started B']])
    expect(warnings).toEqual(['Cannot forward a message: it is too large'])
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })

  test('is not settled again by an answer that comes twice or after the end', async () => {
    const { harness, bridge, far, hear, send } = await setUp()
    await hear(consumer('c', 'queue://Q'))
    await send('queue://Q', 2)
    bridge.stop()
    far.answer(1)
    await harness.settle()
    expect(reader(harness.connect())).toEqual([1, 2])
  })
})

describe('demand', () => {
  test('that ends while forwards are unanswered takes nothing more, and goes with the last answer', async () => {
    const { harness, bridge, far, hear, send } = await setUp()
    await hear(consumer('c', 'queue://Q'))
    await send('queue://Q', 2)
    await hear(buildRemoveInfo(consumerId('c')))
    await send('queue://Q')
    expect([far.numbers, bridge.statistics.demandSubscriptions]).toEqual([[1, 2], 0])
    for (const number of [2, 1]) far.answer(number)
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ consumers: 0, size: 1, inFlight: 0 })
  })

  test('goes back at once to a broker of ours, and to others when they have had time to take in our answer', async () => {
    for (const provider of [ownProvider, 'ActiveMQ', undefined]) {
      const far = Object.assign(new FakeFarEnd(), { provider })
      const { harness, hear } = await setUp({ far, harness: await RegionHarness.start({ store: lastingStore() }) })
      await hear(consumer('c', 'queue://Q'))
      const sent = { brokerPath: [remote.brokerId], persistent: true, producerId: 'ID:c:1:1', producerSequenceId: 7 }
      harness.connect({ network: true }).send('queue://Q', sent)
      await harness.settle()
      expect(far.numbers).toEqual(provider === ownProvider ? [7] : [])
      harness.clock.advance(returnGraceMs)
      expect(far.numbers).toEqual([7])
    }
  })

  test('comes bare from a duplex peer, too, and in the stored form', async () => {
    const { bridge, harness } = await setUp({ accepted: true })
    bridge.command(consumer('c', 'queue://Q'))
    bridge.message(advisoryBytes(consumer('d', 'queue://R')))
    await harness.settle()
    expect(bridge.statistics.demandSubscriptions).toBe(2)
    bridge.command(buildRemoveInfo(consumerId('c')))
    expect(bridge.statistics.demandSubscriptions).toBe(1)
  })

  test('of the other broker for advisories is what it can use of them by the settings of the bridge', async () => {
    const region = new FakeRegion()
    const { hear } = await setUp({ region, settings: { consumerTTL: 3 } })
    await hear(
      consumer('c', 'topic://ActiveMQ.Advisory.Consumer.>,ActiveMQ.Advisory.TempQueue'),
      consumer('d', 'topic://ActiveMQ.Advisory.>'),
      consumer('e', 'queue://Q'),
    )
    const asked = region.of('addConsumer').map(([options]) => (options as ConsumerOptions).demandTerms)
    expect(asked).toEqual([{ brokerId: 'ID:B', consumerTTL: 3, conduit: true }, undefined, undefined])
  })

  test('that this broker refuses is told, and the rest counts', async () => {
    const { bridge, warnings, hear } = await setUp({ settings: { conduitSubscriptions: false } })
    await hear(consumer('c', 'queue://Q', { selector: 'this is no selector' }), consumer('d', 'queue://Q'))
    expect(warnings).toHaveLength(1)
    expect(bridge.statistics.demandSubscriptions).toBeGreaterThan(0)
  })

  test('that is durable is kept while the bridge is away', async () => {
    const first = await setUp()
    await first.hear(subscriber('s', 'topic://T'))
    first.bridge.stop()
    await first.send('topic://T')
    const second = await setUp({ harness: first.harness })
    await second.hear(subscriber('s', 'topic://T'))
    expect(second.far.numbers).toEqual([1])
  })
})

test('a far end that is congested gets nothing until it is relieved', async () => {
  const { bridge, far, hear, send } = await setUp()
  await hear(consumer('c', 'queue://Q'))
  far.congested = true
  await send('queue://Q', 2)
  expect(far.numbers).toEqual([])
  far.congested = false
  bridge.relieved()
  expect(far.numbers).toEqual([1, 2])
})

test('advisories are acknowledged when three quarters of their prefetch have come', async () => {
  const { far, hear } = await setUp({ settings: { advisoryPrefetchSize: 8 } })
  const hearSix = async (): Promise<void> => {
    for (let heard = 0; heard < 6; heard++) await hear(consumer(`c${heard}`, 'queue://Q'))
  }
  const acknowledged = (): unknown[] =>
    far.sent.flatMap((sent) => (sent.kind === 'MessageAck' ? [sent.messageCount] : []))
  await hearSix()
  expect(acknowledged()).toEqual([])
  await hearSix()
  expect(acknowledged()).toEqual([7])
})

describe('the end', () => {
  test.each<[string, Command, string]>([
    ['the other broker goes', buildShutdownInfo(), 'The other broker ended the bridge'],
    [
      'it refuses the bridge',
      buildConnectionError(buildThrowable('java.lang.SecurityException', 'who are you')),
      'The other broker refused the bridge: who are you',
    ],
  ])('is told once: %s', async (_, command, reason) => {
    const { bridge, far, events } = await setUp()
    bridge.command(command)
    bridge.command(command)
    bridge.failed(new Error('reset'))
    bridge.stop()
    expect([events, far.closed]).toEqual([['started B', reason], true])
    expect(far.kinds).not.toContain('ShutdownInfo')
  })

  test('is not told when it was stopped, but the other broker is', async () => {
    const { harness, bridge, far, events, hear } = await setUp()
    await hear(consumer('c', 'queue://Q'))
    bridge.stop()
    bridge.stop()
    bridge.relieved()
    bridge.failed(new Error('reset'))
    expect([events, far.kinds.filter((kind) => kind === 'ShutdownInfo'), far.closed]).toEqual([
      ['started B'],
      ['ShutdownInfo'],
      true,
    ])
    expect(harness.of('queue://Q').consumers).toBe(0)
  })
})

describe('with syncDurableSubs', () => {
  const syncDurableSubs = { syncDurableSubs: true }

  test('it tells the other broker who listens here, if that one understands it', async () => {
    const subscribers = [subscriber('s', 'topic://T'), consumer('c', 'topic://T')]
    const { far } = await setUp({ settings: syncDurableSubs, subscribers })
    const told = (end: FakeFarEnd) =>
      end.sent.flatMap((sent) => (sent.kind === 'BrokerSubscriptionInfo' ? [sent.subscriptionInfos?.length] : []))
    expect(told(far)).toEqual([1])
    const old = await setUp({ settings: syncDurableSubs, subscribers, far: new FakeFarEnd(11) })
    const without = await setUp({ subscribers })
    expect([told(old.far), told(without.far)]).toEqual([[], []])
  })

  test('what nobody subscribes to any more ends, and what is subscribed to is demand', async () => {
    const first = await setUp()
    await first.hear(subscriber('gone', 'topic://OLD'))
    first.bridge.stop()
    const { bridge, harness } = await setUp({ settings: syncDurableSubs, harness: first.harness })
    await harness.settle()
    bridge.command(subscriptionsOf(subscriber('s', 'topic://NEW')))
    await harness.settle()
    expect(subscriptionNames(harness)).toEqual(['NC-DS_A_NEW'])
  })

  // As ActiveMQ does, which answers a BrokerInfo with it.
  test('also when that is told before the bridge is let in', async () => {
    const first = await setUp()
    await first.hear(subscriber('gone', 'topic://OLD'))
    first.bridge.stop()
    const far = new FakeFarEnd()
    far.unanswered = []
    const { bridge, harness } = await setUp({ settings: syncDurableSubs, harness: first.harness, far })
    bridge.command(subscriptionsOf(subscriber('s', 'topic://NEW')))
    await harness.settle()
    expect(subscriptionNames(harness)).toEqual(['NC-DS_A_OLD'])
    far.unanswered[0]!(null)
    await harness.settle()
    expect(subscriptionNames(harness)).toEqual(['NC-DS_A_NEW'])
  })

  test.each([{ syncDurableSubs: false }, { ...syncDurableSubs, dynamicOnly: true }])(
    'unless it is told to leave them: %o',
    async (settings) => {
      const { bridge, harness } = await setUp({ settings })
      bridge.command(subscriptionsOf(subscriber('s', 'topic://NEW')))
      await harness.settle()
      expect(harness.region.subscriptionsPage(0, 10).items).toEqual([])
    },
  )
})

test('messages come in over a duplex bridge that this broker dialled, and not over others', async () => {
  const { harness, bridge, client } = await setUp({ settings: { duplex: true } })
  const message = client.message('queue://Q', { persistent: true, brokerPath: ['ID:B'] })
  bridge.message(message.bytes)
  await harness.settle()
  expect([harness.of('queue://Q').size, bridge.statistics.received]).toEqual([1, 1])
  const accepted = await setUp({ settings: { duplex: true }, accepted: true, harness })
  accepted.bridge.message(message.bytes)
  expect(accepted.bridge.statistics.received).toBe(0)
})

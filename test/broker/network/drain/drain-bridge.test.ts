// A bridge that gives everything away, over a real region to a broker that is only written down.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { DrainBridge } from '../../../../broker/network/drain/drain-bridge.ts'
import { DrainFlow } from '../../../../broker/network/drain/drain-flow.ts'
import { drainSettings } from '../../../../broker/network/drain/drain-settings.ts'
import { refusedRetryMs } from '../../../../broker/network/drain/limits.ts'
import { returnGraceMs } from '../../../../broker/network/limits.ts'
import { buildConnectionError, buildShutdownInfo } from '../../../../broker/openwire/build-commands.ts'
import { buildThrowable } from '../../../../broker/wire/openwire/throwable.ts'
import { RegionHarness, type HarnessOptions } from '../../region/region-harness.ts'
import { FakeFarEnd } from '../fake-far-end.ts'

const policy = { strictOrderDispatch: false, useConsumerPriority: true, allConsumersExclusiveByDefault: false }

async function setUp(options: HarnessOptions = {}) {
  const harness = await RegionHarness.start({ brokerId: 'ID:A', ...options })
  const far = new FakeFarEnd()
  const events: string[] = []
  const warnings: string[] = []
  const flow = new DrainFlow()
  const bridge = new DrainBridge({
    settings: drainSettings,
    local: { brokerName: 'A', brokerId: 'ID:A', brokerUrl: 'tcp://a:61616' },
    remote: { brokerName: 'B', brokerId: 'ID:B', brokerUrl: 'tcp://b:61616', address: 'tcp://there:61616' },
    region: harness.region,
    far,
    idSeed: 'A->B-1',
    networkProperties: 'name=drain',
    logger: { ...silentLogger, warn: (message, fields) => void warnings.push(`${message}: ${fields?.['cause']}`) },
    listener: {
      started: ({ brokerName }) => void events.push(`started ${brokerName}`),
      ended: (reason) => void events.push(reason.message),
    },
    clock: harness.clock,
    flow,
  })
  const client = harness.connect()
  const start = async (): Promise<void> => {
    bridge.start()
    await harness.settle()
  }
  return { harness, far, events, warnings, flow, bridge, client, start }
}

test('introduces itself as a bridge, and asks for nothing', async () => {
  const { far, events, start, bridge, flow } = await setUp()
  await start()
  expect(far.kinds).toEqual(['BrokerInfo', 'ConnectionInfo', 'SessionInfo', 'ProducerInfo'])
  expect(events).toEqual(['started B'])
  expect([...flow.bridges]).toEqual([bridge])
  expect(bridge.statistics).toEqual({ demandSubscriptions: 1, forwarded: 0, received: 0 })
})

test('all queues go, whatever is in them and wherever it has been; each is gone here when it is answered', async () => {
  const { far, harness, client, start, bridge, flow } = await setUp()
  client.send('queue://Q')
  client.send('queue://Q', { persistent: false })
  client.send('queue://DLQ', { brokerPath: ['ID:C', 'ID:B'] })
  client.send('queue://G', { groupId: 'g' })
  client.send('topic://T')
  await start()
  expect(far.numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  expect([bridge.underWay, harness.region.held().ofQueues]).toEqual([4, 4])
  for (const number of [4, 2, 1]) far.answer(number)
  await harness.settle()
  expect([bridge.underWay, flow.forwarded, harness.region.held().ofQueues]).toEqual([1, 3, 1])
  far.answer(3)
  await harness.settle()
  expect(harness.region.held().ofQueues).toBe(0)
  expect(bridge.statistics.forwarded).toBe(4)
})

test('one of others than ours gets nothing before it has surely taken in what it was answered', async () => {
  const { far, harness, client, start } = await setUp()
  far.provider = 'ActiveMQ'
  client.send('queue://Q', { brokerPath: ['ID:B'] })
  await start()
  harness.clock.advance(returnGraceMs - 1)
  await harness.settle()
  expect(far.numbers).toEqual([])
  harness.clock.advance(1)
  await harness.settle()
  expect(far.numbers).toEqual([1])
})

test('it arrives with an empty path: from there it may go as far as a message that was sent there', async () => {
  const { far, client, start } = await setUp()
  const headers: unknown[] = []
  const { forward } = far
  far.forward = (delivery, header, answered) => {
    headers.push(header.brokerId)
    forward.call(far, delivery, header, answered)
  }
  client.send('queue://Q', { brokerPath: ['ID:B'] })
  await start()
  expect(headers).toEqual([null])
})

test('nothing is held back for consumers that are yet to come, nor for the rate of a bridge', async () => {
  const { far, client, start } = await setUp({
    dispatchPolicies: [
      {
        kind: 'queue',
        pattern: '>',
        ...policy,
        consumersBeforeDispatchStarts: 3,
        timeBeforeDispatchStartsMs: 1000,
      },
    ],
    networkFilterPolicies: [
      {
        kind: 'queue',
        pattern: '>',
        replayWhenNoConsumers: false,
        replayDelayMs: 1000,
        rateLimit: 1,
        rateDurationMs: 1000,
        selectorAware: false,
      },
    ],
  })
  for (let i = 0; i < 3; i++) client.send('queue://Q', { brokerPath: ['ID:B'] })
  await start()
  expect(far.numbers).toEqual([1, 2, 3])
})

test('a queue that is called like a wildcard goes as well', async () => {
  const { far, harness, start } = await setUp({
    virtualDestinations: [
      {
        kind: 'virtualTopic',
        name: 'VirtualTopic.>',
        prefix: 'Consumer.*.',
        postfix: '',
        selectorAware: false,
        local: false,
        dropOnResourceLimit: false,
      },
    ],
  })
  const away = harness.connect()
  away.consume('queue://Consumer.A.VirtualTopic.>')
  await harness.settle()
  away.connection.close()
  harness.connect().send('topic://VirtualTopic.X')
  await start()
  expect(far.forwarded.map(({ delivery }) => delivery.destination.name)).toEqual(['Consumer.A.VirtualTopic.>'])
})

test('what another broker has still only goes', async () => {
  const { far, harness, client, start, bridge, flow } = await setUp()
  for (let i = 0; i < 3; i++) client.send('queue://Q')
  flow.keptElsewhere = new Set([2])
  await start()
  expect([far.numbers, bridge.underWay, harness.region.held().ofQueues]).toEqual([[1, 3], 2, 2])
})

test('what is refused, or cannot be sent, stays under way and is offered again; the others go on', async () => {
  const { far, harness, client, start, bridge, warnings, events } = await setUp()
  const timers = harness.clock.pendingTimers
  for (let i = 0; i < 3; i++) client.send('queue://Q')
  far.unsendable = ({ message }) => (message.producerSequenceId === 3 ? new Error('too large') : null)
  await start()
  expect([bridge.refused, bridge.refusal]).toEqual([1, 'a message to Q: too large'])
  far.answer(1, 'no room')
  far.answer(2)
  await harness.settle()
  expect([bridge.refused, bridge.underWay, harness.region.held().ofQueues]).toEqual([2, 2, 2])
  expect(bridge.refusal).toBe('a message to Q: no room')
  far.unsendable = null
  far.forwarded.length = 0
  harness.clock.advance(refusedRetryMs)
  expect(far.numbers).toEqual([3, 1])
  expect([bridge.refused, bridge.refusal]).toEqual([0, null])
  far.answer(1)
  far.answer(3)
  await harness.settle()
  expect(harness.region.held().ofQueues).toBe(0)
  expect(warnings).toEqual(['Cannot give away a message: too large', 'Cannot give away a message: no room'])
  expect(events).toEqual(['started B'])
  bridge.stop()
  expect(harness.clock.pendingTimers).toBe(timers)
})

test('what was not answered when it ends goes back to its queue, and out with the next one', async () => {
  const { far, harness, client, start, bridge, flow } = await setUp()
  for (let i = 0; i < 3; i++) client.send('queue://Q')
  await start()
  far.answer(2)
  bridge.stop()
  far.answer(1)
  expect([far.closed, far.kinds.at(-1), flow.bridges.size]).toEqual([true, 'ShutdownInfo', 0])
  expect(harness.of('queue://Q')).toMatchObject({ size: 2, inFlight: 0 })
  bridge.stop()
  bridge.failed(new Error('late'))
})

test.each([
  ['The other broker ended the bridge', buildShutdownInfo()],
  [
    'The other broker refused the bridge: no',
    buildConnectionError(buildThrowable('java.lang.SecurityException', 'no')),
  ],
])('%s', async (reason, command) => {
  const { events, bridge, start, far } = await setUp()
  await start()
  bridge.command(command)
  expect(events).toEqual(['started B', reason])
  expect(far.closed).toBe(true)
  bridge.command(command)
  expect(events).toHaveLength(2)
})

test('while the socket takes no more nothing is given to it', async () => {
  const { far, bridge, client, start, harness } = await setUp()
  far.congested = true
  client.send('queue://Q')
  await start()
  expect(far.numbers).toEqual([])
  far.congested = false
  bridge.relieved()
  await harness.settle()
  expect(far.numbers).toEqual([1])
})

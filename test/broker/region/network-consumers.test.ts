import { describe, expect, test } from '@jest/globals'
import { defaultNetworkFilterPolicy } from '../../../broker/destination/network/network-filter-policy.ts'
import type { NetworkFilterPolicy } from '../../../broker/destination/network/network-filter-policy.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { parseDestination } from '../../../broker/message/destination.ts'
import { testMessage } from '../../support/test-message.ts'
import { bridgeTo, takeAll } from './bridge-harness.ts'
import { RegionHarness, type HarnessOptions, type TestConsumer } from './region-harness.ts'

const start = async (policy: Partial<NetworkFilterPolicy> = {}, options: HarnessOptions = {}) => {
  const networkFilterPolicies = [
    { kind: 'queue', pattern: '>', ...defaultNetworkFilterPolicy, ...policy },
  ] as const satisfies HarnessOptions['networkFilterPolicies']
  const harness = await RegionHarness.start({ networkFilterPolicies, ...options })
  return { harness, client: harness.connect(), remote: harness.connect({ network: true }) }
}

describe('a bridge takes along', () => {
  test('what has not been where it goes, and the rest stays for others', async () => {
    const { harness, client, remote } = await start({ replayWhenNoConsumers: false })
    const demand = bridgeTo(harness, 'B', -1).demand('queue://Q')
    client.send('queue://Q')
    remote.send('queue://Q', { brokerPath: ['A', 'B'] })
    remote.send('queue://Q', { brokerPath: ['A', 'C'] })
    client.send('queue://Q')
    expect(demand.deliveries.map(({ message }) => message.brokerPath)).toEqual([[], ['A', 'C'], []])
    const local = client.consume('queue://Q')
    expect(local.deliveries.map(({ message }) => message.brokerPath)).toEqual([['A', 'B']])
  })

  test('what has passed fewer brokers than messageTTL says', async () => {
    const { harness, client, remote } = await start()
    const [none, one, two] = [0, 1, 2].map((ttl) => bridgeTo(harness, `to-${ttl}`, ttl).demand('queue://Q'))
    remote.send('queue://Q', { brokerPath: ['X', 'Y'] })
    expect(harness.of('queue://Q').inFlight).toBe(0)
    remote.send('queue://Q', { brokerPath: ['X'] })
    expect([none, one, two].map((demand) => demand!.received)).toEqual([[], [], [2]])
    for (let i = 0; i < 4; i++) client.send('queue://Q')
    expect([none, one, two].map((demand) => demand!.deliveries.length)).toEqual([0, 2, 3])
  })

  test('nothing of a topic that has been there, and no advisory that bridges understand', async () => {
    const { harness, remote } = await start()
    const bridge = bridgeTo(harness, 'B')
    const demand = bridge.demand('topic://T')
    remote.send('topic://T', { brokerPath: ['B'] })
    remote.send('topic://T', { brokerPath: ['A'] })
    remote.send('topic://T')
    expect(demand.received).toEqual([3])
    const advisories = bridge.demand('topic://ActiveMQ.Advisory.>')
    const duplex = remote.consume('topic://ActiveMQ.Advisory.Consumer.>,topic://ActiveMQ.Advisory.TempQueue')
    const topics = ['Consumer.Queue.A', 'VirtualDestination.Consumer.Topic.A', 'TempQueue', 'TempTopic', 'Queue']
    for (const [index, topic] of topics.entries())
      harness.region.publish(
        testMessage({
          destination: parseDestination(`topic://ActiveMQ.Advisory.${topic}`),
          producerSequenceId: index,
        }),
      )
    expect(advisories.received).toEqual([4])
    // Another broker's wish to hear of consumers is none of its consumers.
    expect(duplex.received).toEqual([0, 2])
  })

  test('from a durable subscription what it may, and what it may not is taken out of it', async () => {
    const { harness, client, remote } = await start()
    const bridge = bridgeTo(harness, 'B')
    bridge.demand('topic://T', { subscriptionName: 'NC-DS_here_T' }).close()
    remote.send('topic://T', { brokerPath: ['B'], persistent: true })
    client.send('topic://T', { persistent: true })
    await harness.settle()
    const pending = () => harness.region.subscriptionsPage(0, 10).items.map((found) => found.pending)
    expect(pending()).toEqual([2])
    const demand = bridge.demand('topic://T', { subscriptionName: 'NC-DS_here_T', consumerId: 'again' })
    await harness.settle()
    expect(demand.deliveries.map(({ message }) => message.brokerPath)).toEqual([[]])
    expect(pending()).toEqual([1])
    remote.send('topic://T', { brokerPath: ['B'], persistent: true })
    await harness.settle()
    expect(pending()).toEqual([1])
  })

  test('nothing more when its demand has ended; what selectors of others want stays what it is', async () => {
    const { harness, client } = await start()
    const local = client.consume('queue://Q', { selector: 'JMSPriority > 4' })
    let permitted = true
    const filter = { brokerId: 'B', messageTTL: 1, permits: () => permitted }
    const demand = bridgeTo(harness, 'B').demand('queue://Q', { network: { brokerPath: ['B'], filter } })
    permitted = false
    demand.close()
    client.send('queue://Q', { priority: 3 })
    client.send('queue://Q', { priority: 7 })
    expect(local.deliveries.map(({ message }) => message.priority)).toEqual([7])
  })

  test('messages of groups, and by priority', async () => {
    const priorityPolicies = [{ kind: 'queue', pattern: '>', prioritizedMessages: true }] as const
    const { harness, client, remote } = await start({ replayWhenNoConsumers: false }, { priorityPolicies })
    remote.send('queue://Q', { brokerPath: ['B'], priority: 9, groupId: 'g' })
    client.send('queue://Q', { priority: 1, groupId: 'g' })
    client.send('queue://Q', { priority: 7 })
    const demand = bridgeTo(harness, 'B').demand('queue://Q')
    expect(demand.deliveries.map(({ message }) => message.priority)).toEqual([7, 1])
    expect(harness.of('queue://Q')).toMatchObject({ size: 3, inFlight: 2, withoutConsumer: 1 })
  })
})

describe('a message goes back to where it has been', () => {
  const returned = ({ deliveries }: TestConsumer): number => deliveries.length

  test('while the bridge that could take it farther is leaving, and has yet to hear of what it took', async () => {
    const { harness, remote } = await start({}, { brokerId: 'B' })
    const farther = bridgeTo(harness, 'C', 3)
    const demand = farther.demand('queue://Q', { prefetchSize: 1 })
    for (let i = 0; i < 3; i++) remote.send('queue://Q', { brokerPath: ['A'] })
    const back = bridgeTo(harness, 'A', 3).demand('queue://Q')
    expect([returned(demand), returned(back)]).toEqual([1, 0])
    farther.client.connection.setPrefetch(demand.consumerId, 0)
    expect([returned(demand), returned(back)]).toEqual([1, 2])
    demand.close()
    expect([returned(demand), returned(back)]).toEqual([1, 3])
  })

  test.each([
    ['from memory', 3],
    ['from the store', destinationLimits.windowMessages + 500],
  ])('when the last consumer here has gone, %s', async (_, count) => {
    const { harness, client, remote } = await start()
    const demand = bridgeTo(harness, 'A').demand('queue://Q', { prefetchSize: 10_000 })
    const [one, two] = [1, 2].map(() => client.consume('queue://Q', { prefetchSize: 1 }))
    for (let i = 0; i < count + 2; i++) remote.send('queue://Q', { brokerPath: ['A'], persistent: true })
    await harness.settle()
    expect([returned(demand), one!.received, two!.received]).toEqual([0, [1], [2]])
    one!.close()
    expect(returned(demand)).toBe(0)
    two!.close()
    for (let i = 0; i < 100; i++) await harness.settle()
    expect(demand.received).toEqual(Array.from({ length: count + 2 }, (_unused, index) => index + 1))
    takeAll(demand)
    expect(harness.of('queue://Q').size).toBe(0)
  })

  test('when the connection of the last one ends, whatever the TTL says', async () => {
    const { harness, client, remote } = await start()
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    client.consume('queue://Q', { prefetchSize: 1 })
    for (let i = 0; i < 2; i++) remote.send('queue://Q', { brokerPath: ['X', 'A', 'Y'] })
    client.connection.close()
    expect(demand.received).toEqual([1, 2])
  })

  test('not to a browser, and browsers keep nothing here', async () => {
    const { harness, client, remote } = await start()
    client.consume('queue://Q', { browser: true })
    remote.send('queue://Q', { brokerPath: ['A'] })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    expect(demand.received).toEqual([1])
  })

  test('not while a bridge may take it farther, although that one has no room', async () => {
    const { harness, remote } = await start()
    const back = bridgeTo(harness, 'A', 2).demand('queue://Q')
    const on = bridgeTo(harness, 'C', 2).demand('queue://Q', { prefetchSize: 1 })
    const spent = bridgeTo(harness, 'D', 1).demand('queue://Q')
    for (let i = 0; i < 3; i++) remote.send('queue://Q', { brokerPath: ['A'] })
    expect([returned(back), returned(on), returned(spent)]).toEqual([0, 1, 0])
    on.close()
    expect([returned(back), returned(spent)]).toEqual([3, 0])
  })

  test('when a bridge is the exclusive consumer, and nobody else would get it', async () => {
    const { harness, client, remote } = await start()
    const local = client.consume('queue://Q')
    const demand = bridgeTo(harness, 'A').demand('queue://Q', { exclusive: true })
    remote.send('queue://Q', { brokerPath: ['A'] })
    expect([local.received, demand.received]).toEqual([[], [1]])
    const owner = client.consume('queue://Q', { exclusive: true, priority: 1 })
    remote.send('queue://Q', { brokerPath: ['A'] })
    expect([owner.received, demand.received]).toEqual([[2], [1]])
  })

  test('not by a way on which it would be held up', async () => {
    const { harness, remote } = await start()
    const { client } = bridgeTo(harness, 'A', 2)
    const far = (brokerPath: string[]) => ({
      network: { brokerPath, consumerIds: [], filter: { brokerId: 'A', messageTTL: 2, consumerTTL: 2 } },
    })
    const unknown = client.consume('queue://Q', far(['C', 'A']))
    remote.send('queue://Q', { brokerPath: ['X', 'A'] })
    expect(returned(unknown)).toBe(0)
    const known = client.consume('queue://Q', far(['X', 'A']))
    expect(returned(known)).toBe(1)
  })

  test('not where it is switched off', async () => {
    const { harness, remote } = await start({ replayWhenNoConsumers: false })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    remote.send('queue://Q', { brokerPath: ['A'] })
    expect(demand.received).toEqual([])
  })

  test('which is so without any policy', async () => {
    const harness = await RegionHarness.start()
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    harness.connect({ network: true }).send('queue://Q', { brokerPath: ['A'] })
    expect(demand.received).toEqual([1])
  })

  test('with selectorAware when nobody here wants it', async () => {
    const { harness, client, remote } = await start({ selectorAware: true })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    const urgent = client.consume('queue://Q', { selector: 'JMSPriority > 5' })
    const slow = client.consume('queue://Q', { selector: 'JMSPriority = 3', prefetchSize: 1 })
    for (const priority of [4, 9, 3, 3]) remote.send('queue://Q', { brokerPath: ['A'], priority })
    expect([demand.received, urgent.received, slow.received]).toEqual([[1], [2], [3]])
    slow.close()
    expect(demand.received).toEqual([1, 3, 4])
  })

  test('without it not while there is anybody', async () => {
    const { harness, client, remote } = await start()
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    const picky = client.consume('queue://Q', { selector: 'JMSPriority > 5' })
    remote.send('queue://Q', { brokerPath: ['A'] })
    expect(demand.received).toEqual([])
    expect(harness.of('queue://Q').withoutConsumer).toBe(1)
    picky.close()
    expect(demand.received).toEqual([1])
  })

  test('with replayDelay when it has been here so long, without anybody asking', async () => {
    const { harness, remote } = await start({ replayDelayMs: 1000 })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    const send = () => remote.send('queue://Q', { brokerPath: ['A'], brokerInTime: harness.clock.nowMs() })
    send()
    harness.clock.advance(600)
    send()
    expect(demand.received).toEqual([])
    harness.clock.advance(399)
    expect([demand.received, harness.of('queue://Q').withoutConsumer]).toEqual([[], 2])
    harness.clock.advance(1)
    expect(demand.received).toEqual([1])
    harness.clock.advance(600)
    expect(demand.received).toEqual([1, 2])
    expect(harness.of('queue://Q').withoutConsumer).toBe(0)
  })

  test('the delay costs no timer once the bridge has gone', async () => {
    const { harness, remote } = await start({ replayDelayMs: 1000 })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    const timers = harness.clock.pendingTimers
    remote.send('queue://Q', { brokerPath: ['A'], brokerInTime: harness.clock.nowMs() })
    expect(harness.clock.pendingTimers).toBe(timers + 1)
    demand.close()
    expect(harness.clock.pendingTimers).toBe(timers)
  })
})

describe('rateLimit', () => {
  test('lets so many messages over one bridge in a time, and the next ones in the next', async () => {
    const { harness, client } = await start({ rateLimit: 2, rateDurationMs: 500 })
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    const other = bridgeTo(harness, 'B').demand('queue://Q')
    for (let i = 0; i < 10; i++) client.send('queue://Q')
    expect([demand.deliveries.length, other.deliveries.length]).toEqual([2, 2])
    harness.clock.advance(500)
    expect([demand.deliveries.length, other.deliveries.length]).toEqual([4, 4])
    harness.clock.advance(500)
    expect(harness.of('queue://Q').inFlight).toBe(10)
  })
})

describe('withoutConsumer', () => {
  test('counts what waits for nobody who is there', async () => {
    const { harness, client, remote } = await start({ replayWhenNoConsumers: false })
    const count = () => harness.of('queue://Q').withoutConsumer
    for (let i = 0; i < 3; i++) remote.send('queue://Q', { brokerPath: ['A'] })
    client.send('queue://Q')
    expect(count()).toBe(4)
    const demand = bridgeTo(harness, 'A').demand('queue://Q', { prefetchSize: 1 })
    expect([demand.received.length, count()]).toEqual([1, 3])
    // It is full: nobody knows yet whether it takes this one.
    client.send('queue://Q')
    expect(count()).toBe(3)
    const local = client.consume('queue://Q', { prefetchSize: 1 })
    expect(count()).toBe(0)
    local.close()
    // What came back it has not looked at again.
    expect(count()).toBe(0)
    takeAll(demand)
    expect([demand.received.length, count()]).toEqual([2, 3])
    demand.close()
    expect(count()).toBe(3)
  })

  test('knows of what only the store has once all have looked at it', async () => {
    const { harness, remote } = await start({ replayWhenNoConsumers: false })
    const total = destinationLimits.windowMessages + 700
    for (let i = 0; i < total; i++) remote.send('queue://Q', { brokerPath: ['A'], persistent: true })
    await harness.settle()
    const demand = bridgeTo(harness, 'A').demand('queue://Q')
    for (let i = 0; i < 100; i++) await harness.settle()
    expect([demand.received, harness.of('queue://Q').withoutConsumer]).toEqual([[], total])
  })
})

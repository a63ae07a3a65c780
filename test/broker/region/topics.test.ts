// Topics: who hears what, and what happens to those who listen slowly.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { RegionHarness } from './region-harness.ts'

test('every subscriber of the moment gets a message; nothing is stored', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const a = client.consume('topic://T')
  const b = client.consume('topic://T')
  expect(client.send('topic://T', { persistent: true }).state).toBe('done')
  const late = client.consume('topic://T')
  expect([a.received, b.received, late.received]).toEqual([[1], [1], []])
  expect(harness.store.statistics().messages).toBe(0)
})

test('noLocal leaves out what the own connection sent', async () => {
  const harness = await RegionHarness.start()
  const own = harness.connect({ connectionId: 'ID:host-1' })
  const other = harness.connect({ connectionId: 'ID:host-1:1' })
  const consumer = own.consume('topic://T', { noLocal: true })
  own.send('topic://T')
  other.send('topic://T')
  expect(consumer.deliveries.map(({ message }) => message.producerId)).toEqual(['ID:host-1:1:1:1'])
})

describe('acknowledgements make room', () => {
  test.each(['standard', 'individual', 'poison', 'expired', 'delivered'] as const)('%s', async (type) => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('topic://T', { prefetchSize: 2 })
    for (let i = 0; i < 4; i++) client.send('topic://T')
    expect(consumer.received).toEqual([1, 2])
    expect(harness.region.memory().used).toBe(2 * 1024)
    consumer.acknowledge(type, null, 0)
    expect(consumer.received).toEqual([1, 2, 3])
    expect(harness.region.memory().used).toBe(1024)
  })

  test('in a transaction they count at its end', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('topic://T', { prefetchSize: 1 })
    client.send('topic://T')
    client.send('topic://T')
    client.connection.begin('TX:1')
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    expect(consumer.received).toEqual([1])
    client.connection.commit('TX:1', () => {})
    expect(consumer.received).toEqual([1, 2])
  })

  test('a lost one does not stop the subscription: the count is believed', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('topic://T', { prefetchSize: 2 })
    for (let i = 0; i < 4; i++) client.send('topic://T')
    consumer.acknowledge('standard', null, 0, { last: { messageId: 'ID:x:1:1:1', sequence: 0 }, messageCount: 2 })
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })
})

describe('a slow subscriber', () => {
  test('loses the oldest non-persistent message beyond its limit', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('topic://T', { prefetchSize: 1, maximumPendingMessageLimit: 2 })
    for (const persistent of [false, true, false, false, true, true]) client.send('topic://T', { persistent })
    consumer.acknowledge('standard', null, 0)
    consumer.acknowledge('standard', null, 1, { messageCount: 1 })
    expect(consumer.received).toEqual([1, 5, 6])
    expect(harness.region.memory().used).toBe(0)
  })

  test('has a limit even if it names none', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    client.consume('topic://T', { prefetchSize: 1 })
    for (let i = 0; i < destinationLimits.defaultPendingMessageLimit + 10; i++) client.send('topic://T')
    expect(harness.of('topic://T').size).toBe(destinationLimits.defaultPendingMessageLimit)
  })
})

test('a bridge that is slow loses no advisory: what it does not hear of now it would never hear of', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const advisory = 'topic://ActiveMQ.Advisory.Consumer.Queue.Q'
  const demandTerms = { brokerId: 'ID:B', consumerTTL: 1, conduit: true }
  const bridge = client.consume(advisory, { prefetchSize: 1, demandTerms })
  for (let i = 0; i < destinationLimits.defaultPendingMessageLimit + 10; i++)
    harness.region.publishTo(bridge.consumerId, client.message(advisory))
  bridge.acknowledge('standard', null, 0)
  expect(bridge.received).toEqual([1, 2])
})

describe("messages of the broker's own", () => {
  const advisory = 'topic://ActiveMQ.Advisory.Consumer.Queue.Q'

  test('reach subscribers and wildcard subscribers, and create no topics', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const wildcard = client.consume('topic://ActiveMQ.Advisory.>')
    harness.region.publish(client.message(advisory))
    expect(harness.region.destinations()).toEqual([])
    const exact = client.consume(advisory)
    harness.region.publish(client.message(advisory))
    expect([wildcard.received, exact.received]).toEqual([[1, 2], [2]])
    wildcard.acknowledge('standard', null, 1)
  })

  test('to one consumer reach nobody else, and nobody whose destination does not match', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const a = client.consume('topic://ActiveMQ.Advisory.Consumer.>')
    const b = client.consume('topic://ActiveMQ.Advisory.Consumer.>')
    const queue = client.consume('queue://Q')
    for (const { consumerId } of [a, queue]) harness.region.publishTo(consumerId, client.message(advisory))
    harness.region.publishTo('ID:nobody:1:1', client.message(advisory))
    expect([a.received, b.received, queue.received]).toEqual([[1], [], []])
  })

  test("are all that another broker's bridge gets of advisories, and what is to everybody it does not get", async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const demandTerms = { brokerId: 'ID:B', consumerTTL: 1, conduit: true }
    const bridges = ['topic://ActiveMQ.Advisory.Consumer.>', advisory].map((destination) =>
      client.consume(destination, { demandTerms }),
    )
    harness.region.publish(client.message(advisory))
    client.send(advisory)
    for (const { consumerId } of bridges) harness.region.publishTo(consumerId, client.message(advisory))
    expect(bridges.map(({ received }) => received)).toEqual([[3], [4]])
    for (const bridge of bridges) bridge.close()
    for (const { consumerId } of bridges) harness.region.publishTo(consumerId, client.message(advisory))
    expect(bridges.map(({ received }) => received)).toEqual([[3], [4]])
  })
})

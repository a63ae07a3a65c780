// What a queue does for its producers and consumers, seen through the region.
import { describe, expect, test } from '@jest/globals'
import { RegionHarness } from './region-harness.ts'
import type { TestConsumer } from './region-harness.ts'

const persistent = { persistent: true }

test('a persistent message is answered and delivered once it is durable, and gone once it is acknowledged', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://ORDERS')

  const sent = client.send('queue://ORDERS', persistent)
  expect(sent.state).toBe('pending')
  expect(consumer.received).toEqual([])

  await harness.settle()
  expect(sent.state).toBe('done')
  expect(consumer.received).toEqual([1])
  expect(harness.store.statistics().messages).toBe(1)

  const acknowledged = consumer.acknowledge('standard', null, 0)
  expect(acknowledged.state).toBe('pending')
  await harness.settle()
  expect(acknowledged.state).toBe('done')
  expect(harness.store.statistics().messages).toBe(0)
  expect(harness.of('queue://ORDERS')).toMatchObject({ size: 0, inFlight: 0, enqueued: 1, dequeued: 1, dispatched: 1 })
})

test('a non-persistent message is delivered at once and never touches the store', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q')
  expect(client.send('queue://Q').state).toBe('done')
  expect(consumer.received).toEqual([1])
  expect(consumer.acknowledge('standard', null, 0).state).toBe('done')
  expect(harness.store.statistics().messages).toBe(0)
  expect(harness.region.memory().used).toBe(0)
})

test('a queue keeps its messages, in order, until somebody comes', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  for (let i = 0; i < 5; i++) client.send('queue://Q', { persistent: i % 2 === 0 })
  await harness.settle()
  const consumer = client.consume('queue://Q')
  expect([...consumer.received].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5])
  const odd = consumer.received.filter((sequence) => sequence % 2 === 1)
  expect(odd).toEqual([1, 3, 5])
})

describe('prefetch', () => {
  test('limits what a consumer holds; acknowledging makes room', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 2 })
    for (let i = 0; i < 5; i++) client.send('queue://Q')
    expect(consumer.received).toEqual([1, 2])
    consumer.acknowledge('standard', null, 0)
    expect(consumer.received).toEqual([1, 2, 3])
    consumer.acknowledge('standard', null, 2, { messageCount: 2 })
    expect(consumer.received).toEqual([1, 2, 3, 4, 5])
  })

  test('a delivered acknowledgement widens the window, the standard one narrows it again', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 2 })
    for (let i = 0; i < 8; i++) client.send('queue://Q')
    consumer.acknowledge('delivered', null, 1)
    expect(consumer.received).toEqual([1, 2, 3, 4])
    consumer.acknowledge('standard', null, 3)
    expect(consumer.received).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a failover client restores its consumer with prefetch 0 and gets messages when it raises it', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.send('queue://Q')
    client.send('queue://Q')
    expect(consumer.received).toEqual([])
    client.connection.setPrefetch(consumer.consumerId, 1)
    expect(consumer.received).toEqual([1])
  })
})

describe('pull', () => {
  test('brings exactly one message', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.send('queue://Q')
    client.send('queue://Q')
    client.connection.pull(consumer.consumerId, 0)
    expect(consumer.received).toEqual([1])
    client.connection.pull(consumer.consumerId, -1)
    expect(consumer.received).toEqual([1, 2])
  })

  test('is answered with nothing: at once for -1, after the timeout, never for 0', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.connection.pull(consumer.consumerId, -1)
    expect(consumer.nothings).toBe(1)
    client.connection.pull(consumer.consumerId, 500)
    harness.clock.advance(499)
    expect(consumer.nothings).toBe(1)
    harness.clock.advance(1)
    expect(consumer.nothings).toBe(2)
    client.connection.pull(consumer.consumerId, 0)
    harness.clock.advance(1_000_000)
    expect(consumer.nothings).toBe(2)
    client.send('queue://Q')
    expect(consumer.received).toEqual([1])
  })

  test('a message in time ends the wait', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 0 })
    client.connection.pull(consumer.consumerId, 500)
    client.send('queue://Q')
    client.send('queue://Q')
    harness.clock.advance(1000)
    expect(consumer.received).toEqual([1])
    expect(consumer.nothings).toBe(0)
  })
})

describe('several consumers', () => {
  test('of the same priority take turns, full ones are passed over', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const a = client.consume('queue://Q', { prefetchSize: 1 })
    const b = client.consume('queue://Q')
    const c = client.consume('queue://Q')
    for (let i = 0; i < 6; i++) client.send('queue://Q')
    expect([a.received, b.received, c.received]).toEqual([[1], [2, 4, 6], [3, 5]])
  })

  test('the higher priority comes first', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const low = client.consume('queue://Q', { priority: -5 })
    const high = client.consume('queue://Q', { priority: 1, prefetchSize: 2 })
    for (let i = 0; i < 4; i++) client.send('queue://Q')
    expect([high.received, low.received]).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  test('an exclusive one gets everything; on its end the next exclusive one takes over', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const ordinary = client.consume('queue://Q')
    const first = client.consume('queue://Q', { exclusive: true })
    const second = client.consume('queue://Q', { exclusive: true })
    client.send('queue://Q')
    expect(first.received).toEqual([1])
    first.close(-1)
    expect(second.received).toEqual([1])
    second.close(-1)
    expect(ordinary.received).toEqual([1])
  })

  // Found by the queue model: nothing was given back, so nobody was asked.
  test.each([
    ['closes', (consumer: TestConsumer) => consumer.close(-1)],
    ['goes with its connection', (consumer: TestConsumer) => consumer.client.connection.close()],
  ])('an exclusive one that holds nothing %s: what waits goes to the others at once', async (_how, end) => {
    const harness = await RegionHarness.start()
    const ordinary = harness.connect().consume('queue://Q')
    const exclusive = harness.connect().consume('queue://Q', { exclusive: true, prefetchSize: 0 })
    harness.connect().send('queue://Q')
    expect(ordinary.received).toEqual([])
    end(exclusive)
    expect(ordinary.received).toEqual([1])
  })
})

describe('a closed consumer', () => {
  const withFour = async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q', { prefetchSize: 3 })
    for (let i = 0; i < 4; i++) client.send('queue://Q')
    return { client, consumer }
  }

  test('gives back what it did not acknowledge, in order and before everything else', async () => {
    const { client, consumer } = await withFour()
    consumer.close(-1)
    expect(client.consume('queue://Q').received).toEqual([1, 2, 3, 4])
  })

  test.each([
    ['-2, connection lost: all counted', () => -2, [1, 1, 1, 0]],
    ['-1, nothing delivered: none counted', () => -1, [0, 0, 0, 0]],
    ['a sequence among them: counted up to it', (sequences: number[]) => sequences[1]!, [1, 1, 0, 0]],
    ['a sequence not among them: none counted', () => 987_654, [0, 0, 0, 0]],
  ])('redelivery counters for lastDelivered %s', async (_name, lastDelivered, expected) => {
    const { client, consumer } = await withFour()
    consumer.close(lastDelivered(consumer.deliveries.map(({ sequence }) => sequence)))
    const next = client.consume('queue://Q')
    expect(next.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual(expected)
  })

  test('removing it twice is an IllegalStateException', async () => {
    const { consumer } = await withFour()
    consumer.close()
    expect(() => consumer.close()).toThrow(/had not been registered/)
  })
})

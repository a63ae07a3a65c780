// Messages that are not stored and find no room in memory: they wait in the temp store, and only what fills that has to wait.
// A test message without body counts 1024 bytes.
import { describe, expect, test } from '@jest/globals'
import { TestTempStore } from '../../support/test-temp-store.ts'
import { RegionHarness, type HarnessOptions, type TestConsumer } from './region-harness.ts'

const kib = 1024
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

const started = async (options: HarnessOptions = {}) => {
  const temp = new TestTempStore()
  const harness = await RegionHarness.start({ memoryLimit: 64 * kib, temp, ...options })
  return { temp, harness, limit: options.memoryLimit ?? 64 * kib }
}

/** Until all is written that has room to be on its way. */
const rest = async (harness: RegionHarness): Promise<void> => {
  for (let i = 0; i < 10; i++) await harness.settle()
}

const acknowledged = new WeakMap<TestConsumer, number>()

/** Acknowledges whatever comes, until nothing does. */
const consumeAll = async (harness: RegionHarness, consumer: TestConsumer): Promise<void> => {
  for (;;) {
    await rest(harness)
    const first = acknowledged.get(consumer) ?? 0
    const { length } = consumer.deliveries
    if (length === first) return
    consumer.acknowledge('standard', first, length - 1)
    acknowledged.set(consumer, length)
  }
}

describe('a queue that nobody consumes', () => {
  test('keeps a share of memory; what comes on top goes to the temp store, and nobody waits', async () => {
    const { harness, temp, limit } = await started()
    const producer = harness.connect()
    const sent = numbers(1000).map(() => producer.send('queue://Q'))
    await rest(harness)
    expect(sent.every(({ state }) => state === 'done')).toBe(true)
    expect(harness.of('queue://Q').size).toBe(1000)
    expect(harness.region.memory().used).toBeLessThan(limit / 2)
    expect(temp.kept('Q').length).toBeGreaterThan(900)
  })

  test('gives all of them in the order in which they came, and the temp store is empty then', async () => {
    const { harness, temp } = await started()
    const producer = harness.connect()
    for (let i = 0; i < 1000; i++) producer.send('queue://Q', { persistent: i % 10 === 0 })
    await harness.settle()
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 100 })
    await consumeAll(harness, consumer)
    expect(consumer.received).toEqual(numbers(1000))
    expect([harness.of('queue://Q').size, harness.region.memory().used, temp.isEmpty]).toEqual([0, 0, true])
    producer.send('queue://Q')
    expect(temp.isEmpty).toBe(true)
  })

  test('holds up no other one', async () => {
    const { harness, temp } = await started()
    const flood = harness.connect()
    for (let i = 0; i < 200; i++) flood.send('queue://Q')
    await harness.settle()
    temp.setRoom(0)
    const waiting = flood.send('queue://Q')
    const consumer = harness.connect().consume('queue://other')
    const other = harness.connect()
    const sent = numbers(10).map(() => other.send('queue://other'))
    expect([waiting.state, sent.every(({ state }) => state === 'done')]).toEqual(['pending', true])
    expect(consumer.received).toEqual(numbers(10))
    expect(harness.region.memory().blockedConnections).toBe(1)
    temp.setRoom(Number.POSITIVE_INFINITY)
    expect(waiting.state).toBe('done')
  })

  test('lets its senders go on when its messages are consumed, even without a word of the temp store', async () => {
    const { harness, temp } = await started()
    const flood = harness.connect()
    for (let i = 0; i < 30; i++) flood.send('queue://Q')
    await harness.settle()
    temp.setRoom(0)
    const waiting = flood.send('queue://Q')
    const consumer = harness.connect().consume('queue://Q')
    await consumeAll(harness, consumer)
    expect([waiting.state, consumer.received]).toEqual(['done', numbers(31)])
  })
})

test('senders wait while more is on its way to the temp store than memory should have, each queue with its own', async () => {
  const { harness, temp, limit } = await started({ memoryLimit: 2 ** 20 })
  temp.writesAtOnce = false
  const body = 'x'.repeat(7 * kib)
  const flood = harness.connect()
  const sent = numbers(200).map(() => flood.send('queue://Q', { body }))
  const first = sent.filter(({ state }) => state === 'done').length
  expect(first).toBeLessThan(50)
  expect(flood.flow).toEqual(['pause'])
  expect(harness.region.memory().used).toBeLessThan(limit / 2)
  const other = numbers(5).map(() => harness.connect().send('queue://other', { body }))
  expect(other.every(({ state }) => state === 'done')).toBe(true)
  for (let i = 0; i < 50; i++) temp.finishWrites()
  expect(sent.every(({ state }) => state === 'done')).toBe(true)
  expect(flood.flow).toEqual(['pause', 'resume'])
  expect(harness.of('queue://Q').size).toBe(200)
})

test('a message does not overtake those on their way to the temp store, persistent or not', async () => {
  const { harness, temp } = await started()
  temp.writesAtOnce = false
  const producer = harness.connect()
  for (let i = 0; i < 60; i++) producer.send('queue://Q')
  const consumer = harness.connect().consume('queue://Q')
  await consumeAll(harness, consumer)
  expect(consumer.deliveries.length).toBeLessThan(60)
  producer.send('queue://Q', { persistent: true })
  producer.send('queue://Q')
  await consumeAll(harness, consumer)
  expect(consumer.deliveries.length).toBeLessThan(60)
  while (consumer.deliveries.length < 62) {
    temp.finishWrites()
    await consumeAll(harness, consumer)
  }
  expect(consumer.received).toEqual(numbers(62))
})

test('a pull that will not wait waits for what is on its way to the temp store', async () => {
  const { harness, temp } = await started()
  temp.writesAtOnce = false
  const producer = harness.connect()
  const body = 'x'.repeat(100 * kib)
  producer.send('queue://Q', { body })
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { prefetchSize: 0 })
  client.connection.pull(consumer.consumerId, -1)
  await harness.settle()
  expect([consumer.received, consumer.nothings]).toEqual([[], 0])
  temp.finishWrites()
  await harness.settle()
  expect([consumer.received, consumer.nothings]).toEqual([[1], 0])
})

test('a commit brings its messages by way of the temp store, too', async () => {
  const { harness, temp } = await started()
  const producer = harness.connect()
  for (let i = 0; i < 40; i++) producer.send('queue://Q')
  await rest(harness)
  producer.connection.begin('TX:1')
  for (let i = 0; i < 10; i++) producer.send('queue://Q', { transactionId: 'TX:1' })
  const committed = producer.outcome((done) => producer.connection.commit('TX:1', done))
  expect(committed.state).toBe('done')
  await harness.settle()
  expect(temp.kept('Q').length).toBeGreaterThan(15)
  const consumer = harness.connect().consume('queue://Q')
  await consumeAll(harness, consumer)
  expect(consumer.received).toEqual(numbers(50))
})

test('acknowledged in a transaction they leave the temp store with its commit', async () => {
  const { harness, temp } = await started()
  const client = harness.connect()
  for (let i = 0; i < 40; i++) client.send('queue://Q')
  await harness.settle()
  const consumer = client.consume('queue://Q')
  await harness.settle()
  client.connection.begin('TX:1')
  consumer.acknowledge('standard', null, 39, { transactionId: 'TX:1' })
  expect(temp.isEmpty).toBe(false)
  client.connection.commit('TX:1', () => {})
  expect(temp.isEmpty).toBe(true)
})

test('a temporary queue uses it, and leaves nothing there', async () => {
  const { harness, temp } = await started()
  const owner = harness.connect({ connectionId: 'ID:owner' })
  const name = 'temp-queue://ID:owner:1'
  owner.connection.addDestination({ kind: 'temp-queue', name: 'ID:owner:1' })
  const sent = numbers(50).map((_, i) => harness.connect().send(name, { persistent: i % 2 === 0 }))
  await harness.settle()
  expect(sent.every(({ state }) => state === 'done')).toBe(true)
  expect(temp.kept(name).length).toBeGreaterThan(20)
  const consumer = owner.consume(name, { prefetchSize: 5 })
  await harness.settle()
  consumer.acknowledge('standard', null, 4)
  await harness.settle()
  expect(consumer.deliveries).toHaveLength(10)
  owner.connection.close()
  expect([temp.isEmpty, harness.region.memory().used]).toEqual([true, 0])
})

test('a dead letter is made of what the temp store has', async () => {
  const deadLetter = { queue: 'DLQ', processExpired: true, processNonPersistent: true }
  const { harness, temp } = await started({ deadLetter })
  const producer = harness.connect()
  for (let i = 0; i < 60; i++) producer.send('queue://Q', { body: 'x'.repeat(2000) })
  await rest(harness)
  const consumer = harness.connect().consume('queue://Q')
  await rest(harness)
  consumer.acknowledge('poison', null, 59)
  await rest(harness)
  expect([harness.of('queue://DLQ').size, harness.of('queue://Q').size, temp.isEmpty]).toEqual([60, 0, true])
})

describe('a topic with a subscriber that does not keep up', () => {
  test('may fill half of memory; then who sends to it waits, and nobody else', async () => {
    const { harness, limit } = await started()
    harness.connect().consume('topic://slow', { prefetchSize: 1 })
    const flood = harness.connect()
    const sent = numbers(100).map(() => flood.send('topic://slow'))
    expect(sent.at(-1)!.state).toBe('pending')
    expect(harness.region.memory().used).toBeLessThanOrEqual(limit / 2)
    const other = harness.connect()
    const subscriber = other.consume('topic://quick', { prefetchSize: 1 })
    for (let i = 0; i < 20; i++) {
      expect(other.send('topic://quick').state).toBe('done')
      subscriber.acknowledge('standard', i, i)
    }
    expect(subscriber.received).toEqual(numbers(20))
  })

  test('lets them go on as it catches up', async () => {
    const { harness } = await started()
    const subscriber = harness.connect().consume('topic://slow', { prefetchSize: 1 })
    const flood = harness.connect()
    const sent = numbers(100).map(() => flood.send('topic://slow'))
    await consumeAll(harness, subscriber)
    expect(sent.every(({ state }) => state === 'done')).toBe(true)
    expect(subscriber.received).toEqual(numbers(100))
    expect(harness.region.memory()).toMatchObject({ used: 0, blockedConnections: 0 })
  })
})

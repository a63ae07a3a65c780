// Memory without a temp store: what waits when a queue has its share of it, and that nothing waits for ever. A test message
// without body counts 1024 bytes.
import { describe, expect, test } from '@jest/globals'
import { connectionLimits } from '../../../broker/region/limits.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness } from './region-harness.ts'

const kib = 1024

describe('when a queue has filled its share of memory', () => {
  const full = async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const producer = harness.connect()
    for (let i = 0; i < 9; i++) expect(producer.send('queue://Q').state).toBe('done')
    return { harness, producer }
  }

  test('sends wait, in order, and go on with each message that is consumed', async () => {
    const { harness, producer } = await full()
    const waiting = [producer.send('queue://Q'), producer.send('queue://Q', { persistent: true })]
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect(harness.region.memory()).toEqual({ used: 9 * kib, limit: 10 * kib, blockedConnections: 1 })

    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 10 })
    consumer.acknowledge('standard', null, 0)
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(consumer.received).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(harness.region.memory().blockedConnections).toBe(0)
  })

  test('persistent messages of other producers do not wait: they are in the store', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    const sent = harness.connect().send('queue://Q', { persistent: true })
    await harness.settle()
    expect([waiting.state, sent.state]).toEqual(['pending', 'done'])
    expect(harness.region.memory().used).toBe(9 * kib)
  })

  test('senders to other queues do not wait', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    expect([waiting.state, harness.connect().send('queue://other').state]).toEqual(['pending', 'done'])
  })

  test('topics go on as long as nobody has to keep the message', async () => {
    const { harness, producer } = await full()
    const other = harness.connect()
    const fast = other.consume('topic://T')
    expect(other.send('topic://T').state).toBe('done')
    other.consume('topic://T', { prefetchSize: 0 })
    expect([other.send('topic://T').state, other.send('topic://T').state]).toEqual(['done', 'pending'])
    expect(fast.received).toEqual([1, 2])
    expect(producer.flow).toEqual([])
  })

  test('a connection that goes on sending is not read any more, until there is room', async () => {
    const { harness, producer } = await full()
    const count = connectionLimits.heldBackBytes / kib
    const held = Array.from({ length: count }, () => producer.send('queue://Q'))
    expect(producer.flow).toEqual(['pause'])
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 100_000 })
    for (let i = 0; i < 9 + count; i++) consumer.acknowledge('standard', null, i, { messageCount: 1, first: null })
    expect(producer.flow).toEqual(['pause', 'resume'])
    expect(held.every(({ state }) => state === 'done')).toBe(true)
    expect(consumer.received).toEqual(Array.from({ length: 9 + count }, (_, i) => i + 1))
  })

  test('a connection that closes leaves nothing behind', async () => {
    const { harness, producer } = await full()
    const waiting = producer.send('queue://Q')
    producer.connection.close()
    expect(waiting).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
    expect(harness.region.memory().blockedConnections).toBe(0)
    expect(harness.of('queue://Q').size).toBe(9)
  })

  test('a connection that blocks its own acknowledgements is read again after a while; its waiting sends are refused', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const both = harness.connect()
    const consumer = both.consume('queue://Q', { prefetchSize: 10 })
    for (let i = 0; i < 9; i++) both.send('queue://Q')
    const count = connectionLimits.heldBackBytesOfConsumers / kib
    const held = Array.from({ length: count }, () => both.send('queue://Q'))
    expect(both.flow).toEqual(['pause'])
    harness.clock.advance(connectionLimits.blockedConsumerTimeoutMs)
    expect(both.flow).toEqual(['pause', 'resume'])
    expect(held[0]).toMatchObject({ message: expect.stringMatching(/send and consume on separate connections/) })
    consumer.acknowledge('standard', null, 8)
    expect(both.send('queue://Q').state).toBe('done')
  })
})

describe('transactions', () => {
  test('hold memory from the send on; the commit waits for what others hold, never for itself', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    const consumer = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    client.connection.begin('TX:1')
    for (let i = 0; i < 2; i++) client.send('queue://Q', { transactionId: 'TX:1' })
    expect(harness.region.memory().used).toBe(2 * kib)
    for (let i = 0; i < 8; i++) client.send('queue://Q')
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    expect(committed.state).toBe('done')
    consumer.acknowledge('standard', null, 0)
    expect(harness.region.memory().used).toBe(9 * kib)
  })

  test('are refused what would take too much', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    client.connection.begin('TX:1')
    const sent = Array.from({ length: 3 }, () => client.send('queue://Q', { transactionId: 'TX:1' }))
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done', 'failed'])
    expect(sent[2]).toMatchObject({ className: 'javax.jms.ResourceAllocationException' })
  })

  test('a commit that waits is rolled back with its connection', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 10 * kib })
    const client = harness.connect()
    client.connection.begin('TX:1')
    client.send('queue://Q', { transactionId: 'TX:1' })
    const other = harness.connect()
    for (let i = 0; i < 8; i++) other.send('queue://Q')
    other.connection.begin('TX:2')
    other.send('queue://Q', { transactionId: 'TX:2' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    expect(committed.state).toBe('pending')
    client.connection.close()
    expect(committed).toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    expect(harness.of('queue://Q').size).toBe(8)
  })
})

test('whoever writes faster than the disk is not read until it has caught up', async () => {
  let sync = (): void => {}
  class Disk extends MemoryStore {
    readonly #callbacks: (() => void)[] = []
    override whenDurable(callback: () => void): void {
      this.#callbacks.push(callback)
      sync = () => this.#callbacks.splice(0).forEach((next) => next())
    }
  }
  const harness = await RegionHarness.start({ store: new Disk() })
  const client = harness.connect()
  const body = 'x'.repeat(2 ** 20)
  for (let i = 0; i < 20; i++) client.send('queue://Q', { persistent: true, body })
  expect(client.flow).toEqual(['pause'])
  sync()
  sync()
  expect(client.flow).toEqual(['pause', 'resume'])
  expect(harness.of('queue://Q').size).toBe(20)
})

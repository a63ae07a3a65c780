// The store is full: what waits, what does not, and what is refused where that is configured.
import { describe, expect, test } from '@jest/globals'
import { connectionLimits } from '../../../broker/region/limits.ts'
import type { WhenNoSpace } from '../../../broker/region/flow-control.ts'
import type { MessageHolder } from '../../../broker/store/held-message.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { RegionHarness } from './region-harness.ts'

const kib = 1024

/** A store whose room the test decides about. */
class BoundedStore extends MemoryStore {
  room = Number.POSITIVE_INFINITY
  #onRoom = (): void => {}

  override hasRoom(_holder: MessageHolder, bytes: number): boolean {
    return bytes <= this.room
  }

  override whenRoom(callback: () => void): void {
    this.#onRoom = callback
  }

  setRoom(bytes: number): void {
    this.room = bytes
    this.#onRoom()
  }
}

async function fullStore(options: { whenNoSpace?: WhenNoSpace; memoryLimit?: number } = {}) {
  const store = new BoundedStore()
  const harness = await RegionHarness.start({ store, ...options })
  const producer = harness.connect()
  producer.send('queue://Q', { persistent: true })
  await harness.settle()
  store.setRoom(0)
  return { store, harness, producer }
}

describe('when the store is full', () => {
  test('persistent sends wait, in order; consumers go on, and bring room', async () => {
    const { store, harness, producer } = await fullStore()
    const waiting = [1, 2].map(() => producer.send('queue://Q', { persistent: true }))
    const consumer = harness.connect().consume('queue://Q')
    await harness.settle()
    expect(consumer.received).toEqual([1])
    consumer.acknowledge('standard', null, 0)
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending'])
    expect(harness.region.memory().blockedConnections).toBe(1)
    store.setRoom(10 * kib)
    await harness.settle()
    expect(waiting.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(consumer.received).toEqual([1, 2, 3])
    expect(harness.region.memory().blockedConnections).toBe(0)
  })

  test('non-persistent messages and topics go on, apart from what follows a persistent one of its producer', async () => {
    const { store, harness, producer } = await fullStore()
    const consumer = harness.connect().consume('queue://N')
    expect(harness.connect().send('queue://N').state).toBe('done')
    const waiting = producer.send('queue://Q', { persistent: true })
    const behind = producer.send('queue://N')
    expect([waiting.state, behind.state]).toEqual(['pending', 'pending'])
    expect(consumer.received).toEqual([1])
    store.setRoom(10 * kib)
    await harness.settle()
    expect([waiting.state, behind.state]).toEqual(['done', 'done'])
  })

  test('senders that wait for memory and senders that wait for the store do not hold up each other', async () => {
    const { store, harness } = await fullStore({ memoryLimit: 5 * kib })
    const volatile = harness.connect()
    const stored = harness.connect().send('queue://Q', { persistent: true })
    for (let i = 0; i < 4; i++) volatile.send('queue://N')
    const forMemory = volatile.send('queue://N')
    expect([stored.state, forMemory.state]).toEqual(['pending', 'pending'])
    const consumer = harness.connect().consume('queue://N')
    consumer.acknowledge('standard', null, 2)
    expect([stored.state, forMemory.state]).toEqual(['pending', 'done'])
    store.setRoom(10 * kib)
    await harness.settle()
    expect(stored.state).toBe('done')
  })

  test('a large message is not overtaken for ever by small ones', async () => {
    const { store, harness, producer } = await fullStore()
    const large = producer.send('queue://Q', { persistent: true, body: 'x'.repeat(20 * kib) })
    store.setRoom(2 * kib)
    const small = harness.connect().send('queue://Q', { persistent: true })
    expect([large.state, small.state]).toEqual(['pending', 'pending'])
    store.setRoom(30 * kib)
    await harness.settle()
    expect([large.state, small.state]).toEqual(['done', 'done'])
  })

  test('a connection that goes on sending is not read any more, until there is room', async () => {
    const { store, harness, producer } = await fullStore()
    const count = connectionLimits.heldBackBytes / kib
    const held = Array.from({ length: count }, () => producer.send('queue://Q', { persistent: true }))
    expect(producer.flow).toEqual(['pause'])
    store.setRoom(10 * kib)
    await harness.settle()
    expect(producer.flow).toEqual(['pause', 'resume'])
    expect(held.every(({ state }) => state === 'done')).toBe(true)
  })

  test('acknowledgements in transactions and their commits go on', async () => {
    const { harness } = await fullStore()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    await harness.settle()
    client.connection.begin('TX:1')
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    await harness.settle()
    expect(committed.state).toBe('done')
    expect(harness.of('queue://Q').size).toBe(0)
  })
})

describe('a transaction that sends while the store is full', () => {
  test.each([false, true])('waits with its sends, and commits behind them; after a failover: %s', async (failover) => {
    const { store, harness } = await fullStore()
    const client = harness.connect({ failoverReconnect: failover })
    client.connection.begin('TX:1')
    const sent = client.send('queue://Q', { persistent: true, transactionId: 'TX:1' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    await harness.settle()
    expect([sent.state, committed.state]).toEqual(['pending', 'pending'])
    store.setRoom(10 * kib)
    await harness.settle()
    expect([sent.state, committed.state]).toEqual(['done', 'done'])
    expect(harness.of('queue://Q').size).toBe(2)
  })

  test('leaves nothing behind when it is rolled back', async () => {
    const { store, harness } = await fullStore()
    const client = harness.connect()
    client.connection.begin('TX:1')
    const sent = client.send('queue://Q', { persistent: true, transactionId: 'TX:1' })
    client.outcome((done) => client.connection.rollback('TX:1', done))
    expect(sent.state).toBe('done')
    store.setRoom(10 * kib)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(1)
    expect(harness.region.memory().blockedConnections).toBe(0)
  })

  test('is rolled back with its connection, sends, commit and all', async () => {
    const { store, harness } = await fullStore()
    const client = harness.connect()
    client.connection.begin('TX:1')
    client.send('queue://Q', { persistent: true, transactionId: 'TX:1' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    client.connection.close()
    expect(committed).toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    store.setRoom(10 * kib)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(1)
  })
})

describe('sendFailIfNoSpace', () => {
  test('refuses a persistent send at once, with ResourceAllocationException', async () => {
    const { store, producer, harness } = await fullStore({ whenNoSpace: { refuseAfterMs: 0 } })
    const refused = producer.send('queue://Q', { persistent: true })
    expect(refused).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
    store.setRoom(10 * kib)
    const sent = producer.send('queue://Q', { persistent: true })
    await harness.settle()
    expect(sent.state).toBe('done')
  })

  test('refuses non-persistent sends when memory is full', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 3 * kib, whenNoSpace: { refuseAfterMs: 0 } })
    const producer = harness.connect()
    const sent = [1, 2, 3].map(() => producer.send('queue://Q'))
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done', 'failed'])
  })

  test('after a timeout: lets a send wait that long, and what was refused in a transaction rolls it back', async () => {
    const { harness, producer } = await fullStore({ whenNoSpace: { refuseAfterMs: 500 } })
    producer.connection.begin('TX:1')
    const first = producer.send('queue://Q', { persistent: true, transactionId: 'TX:1' })
    harness.clock.advance(400)
    const committed = producer.outcome((done) => producer.connection.commit('TX:1', done))
    const second = harness.connect().send('queue://Q', { persistent: true })
    expect([first.state, committed.state, second.state]).toEqual(['pending', 'pending', 'pending'])
    harness.clock.advance(100)
    expect(first).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
    expect(committed).toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    expect(second.state).toBe('pending')
    harness.clock.advance(400)
    expect(second).toMatchObject({ state: 'failed', className: 'javax.jms.ResourceAllocationException' })
  })
})

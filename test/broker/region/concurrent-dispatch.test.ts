// concurrentStoreAndDispatchQueues: consumers get persistent messages of a queue while these are being written.
import { describe, expect, test } from '@jest/globals'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import type { JournalStore } from '../../../broker/store/journal/journal-store.ts'
import { durable } from '../../contract/message-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { RegionHarness } from './region-harness.ts'

const persistent = { persistent: true }
const notAwaited = { responseRequired: false }

async function start(options: { memoryLimit?: number; concurrent?: boolean } = {}) {
  const store: JournalStore = createJournalStore({ disk: new SimulatedDisk() })
  const harness = await RegionHarness.start({
    store,
    concurrentStoreAndDispatchQueues: options.concurrent ?? true,
    ...(options.memoryLimit !== undefined && { memoryLimit: options.memoryLimit }),
  })
  await durable(store)
  const written = (): Promise<void> => durable(store)
  return { harness, store, written }
}

describe('with concurrentStoreAndDispatchQueues', () => {
  test('a waiting consumer has the message at once; its sender is answered when it is durable', async () => {
    const { harness, written } = await start()
    const consumer = harness.connect().consume('queue://Q')
    const sent = harness.connect().send('queue://Q', persistent)
    expect(consumer.received).toEqual([1])
    expect(sent.state).toBe('pending')
    await written()
    expect(sent.state).toBe('done')
  })

  test('or when it was acknowledged before', async () => {
    const { harness, store } = await start()
    const consumer = harness.connect().consume('queue://Q')
    const sent = harness.connect().send('queue://Q', persistent)
    const records = store.statistics().recordsWritten
    expect(consumer.acknowledge('standard', null, 0, notAwaited).state).toBe('done')
    await Promise.resolve()
    expect(sent.state).toBe('done')
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, enqueued: 1, dequeued: 1, memoryUsed: 0 })
    expect(store.statistics().recordsWritten).toBe(records)
  })

  test('an acknowledgement that is awaited is answered when it is durable, and so is the sender', async () => {
    const { harness, written } = await start()
    const consumer = harness.connect().consume('queue://Q')
    const sent = harness.connect().send('queue://Q', persistent)
    const acknowledged = consumer.acknowledge('standard', null, 0)
    await Promise.resolve()
    expect([sent.state, acknowledged.state]).toEqual(['pending', 'pending'])
    await written()
    expect([sent.state, acknowledged.state]).toEqual(['done', 'done'])
  })

  test('without a consumer that has room a message waits for its sync, and later ones stay behind it', async () => {
    const { harness, written } = await start()
    const sender = harness.connect()
    sender.send('queue://Q', persistent)
    const consumer = harness.connect().consume('queue://Q')
    sender.send('queue://Q', persistent)
    expect(consumer.received).toEqual([])
    await written()
    expect(consumer.received).toEqual([1, 2])
    sender.send('queue://Q', persistent)
    expect(consumer.received).toEqual([1, 2, 3])
  })

  test('messages stay behind a commit and a dead letter that wait for their sync', async () => {
    const { harness, written } = await start()
    const sender = harness.connect()
    const consumer = harness.connect().consume('queue://Q')
    sender.connection.begin('TX:1')
    sender.send('queue://Q', { ...persistent, transactionId: 'TX:1' })
    const committed = sender.outcome((done) => sender.connection.commit('TX:1', done))
    sender.send('queue://Q', persistent)
    expect([committed.state, consumer.received]).toEqual(['pending', []])
    await written()
    expect(consumer.received).toEqual([1, 2])
    const dead = harness.connect().consume('queue://ActiveMQ.DLQ')
    consumer.acknowledge('poison', null, 0)
    sender.send('queue://ActiveMQ.DLQ', persistent)
    expect(dead.received).toEqual([])
    await written()
    expect(dead.received).toEqual([1, 3])
  })

  test('one whose consumer closes goes to the next, body and all, although memory is short', async () => {
    const { harness, written } = await start({ memoryLimit: 6 * 1024 })
    const closing = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    const sender = harness.connect()
    sender.send('queue://Q', persistent)
    for (let i = 0; i < 5; i++) sender.send('queue://fill', {})
    closing.close(-1)
    const next = harness.connect().consume('queue://Q')
    expect(next.received).toEqual([1])
    await written()
    expect(next.received).toEqual([1])
    expect(harness.of('queue://Q')).toMatchObject({ size: 1, inFlight: 1 })
  })

  test('a poison one is in the dead letter queue before its sender is answered', async () => {
    const { harness, written } = await start()
    const consumer = harness.connect().consume('queue://Q')
    const sent = harness.connect().send('queue://Q', persistent)
    consumer.acknowledge('poison', null, 0, notAwaited)
    await Promise.resolve()
    expect(sent.state).toBe('pending')
    await written()
    expect(sent.state).toBe('done')
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })

  test('a transacted acknowledgement takes it with its commit', async () => {
    const { harness, store, written } = await start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    client.connection.begin('TX:1')
    const sent = harness.connect().send('queue://Q', persistent)
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    const committed = client.outcome((done) => client.connection.commit('TX:1', done))
    await written()
    expect([sent.state, committed.state]).toEqual(['done', 'done'])
    expect(store.statistics().messages).toBe(0)
  })

  test('a queue is deleted with it; its sender is answered', async () => {
    const { harness, written } = await start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    const sent = client.send('queue://Q', persistent)
    consumer.close(-1)
    client.connection.removeDestination({ kind: 'queue', name: 'Q' })
    await written()
    expect(sent.state).toBe('done')
  })
})

test('without it nobody gets a message before it is durable', async () => {
  const { harness, written } = await start({ concurrent: false })
  const consumer = harness.connect().consume('queue://Q')
  const sent = harness.connect().send('queue://Q', persistent)
  await Promise.resolve()
  expect([sent.state, consumer.received]).toEqual(['pending', []])
  await written()
  expect([sent.state, consumer.received]).toEqual(['done', [1]])
})

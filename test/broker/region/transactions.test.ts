// Local transactions as a client sees them.
import { describe, expect, test } from '@jest/globals'
import { RefusalError } from '../../../broker/base/errors.ts'
import type { TestClient } from './region-harness.ts'
import { RegionHarness } from './region-harness.ts'

const commit = (client: TestClient, id: string) => client.outcome((done) => client.connection.commit(id, done))
const rollback = (client: TestClient, id: string) => client.outcome((done) => client.connection.rollback(id, done))

const started = async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  client.connection.begin('TX:c:1')
  return { harness, client, transacted: { transactionId: 'TX:c:1', persistent: true } }
}

test('what was sent becomes visible at commit, all at once, once it is durable', async () => {
  const { harness, client, transacted } = await started()
  const consumer = client.consume('queue://Q')
  for (let i = 0; i < 3; i++) expect(client.send('queue://Q', transacted).state).toBe('done')
  client.send('queue://Q', { transactionId: 'TX:c:1' })
  client.send('topic://T', { transactionId: 'TX:c:1' })
  await harness.settle()
  expect(consumer.received).toEqual([])
  const committed = commit(client, 'TX:c:1')
  expect(committed.state).toBe('pending')
  await harness.settle()
  expect(committed.state).toBe('done')
  expect(consumer.received).toEqual([1, 2, 3, 4])
  expect(new Set(consumer.deliveries.map(({ sequence }) => sequence)).size).toBe(4)
})

test('what was sent is forgotten at rollback, in memory and in the store', async () => {
  const { harness, client, transacted } = await started()
  client.send('queue://Q', transacted)
  client.send('queue://Q', { transactionId: 'TX:c:1' })
  expect(rollback(client, 'TX:c:1').state).toBe('done')
  await harness.settle()
  expect(client.consume('queue://Q').received).toEqual([])
  expect(harness.store.statistics().messages).toBe(0)
  expect(harness.region.memory().used).toBe(0)
})

describe('acknowledgements', () => {
  const withDelivered = async () => {
    const { harness, client, transacted } = await started()
    const consumer = client.consume('queue://Q', { prefetchSize: 2 })
    for (let i = 0; i < 4; i++) client.send('queue://Q', { persistent: true })
    await harness.settle()
    return { harness, client, consumer, transacted }
  }

  test('take effect at commit', async () => {
    const { harness, client, consumer } = await withDelivered()
    consumer.acknowledge('standard', null, 1, { transactionId: 'TX:c:1' })
    expect(harness.of('queue://Q')).toMatchObject({ size: 4, inFlight: 2 })
    commit(client, 'TX:c:1')
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3, 4])
    expect(harness.store.statistics().messages).toBe(2)
  })

  test('of a range may repeat what the transaction acknowledged before', async () => {
    const { harness, client, consumer } = await withDelivered()
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:c:1' })
    consumer.acknowledge('standard', null, 1, { transactionId: 'TX:c:1', messageCount: 1 })
    commit(client, 'TX:c:1')
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 2, dequeued: 2 })
  })

  test('after a rollback nothing is dispatched again: the client redelivers, and acknowledges once more', async () => {
    const { harness, client, consumer } = await withDelivered()
    consumer.acknowledge('standard', null, 1, { transactionId: 'TX:c:1' })
    rollback(client, 'TX:c:1')
    await harness.settle()
    expect(consumer.received).toEqual([1, 2])
    client.connection.begin('TX:c:2')
    expect(consumer.acknowledge('standard', null, 1, { transactionId: 'TX:c:2' }).state).toBe('done')
    commit(client, 'TX:c:2')
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })

  test('an individual one widens the window until the end of the transaction', async () => {
    const { harness, client, consumer } = await withDelivered()
    consumer.acknowledge('individual', null, 0, { transactionId: 'TX:c:1' })
    expect(consumer.received).toEqual([1, 2, 3])
    commit(client, 'TX:c:1')
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3])
    consumer.acknowledge('individual', null, 1)
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })

  test('survive the end of their consumer: gone after commit, back in the queue after rollback', async () => {
    const { harness, client, consumer } = await withDelivered()
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:c:1' })
    client.connection.begin('TX:c:2')
    consumer.acknowledge('individual', null, 1, { transactionId: 'TX:c:2' })
    consumer.close(-1)
    const next = client.consume('queue://Q')
    expect(next.received).toEqual([3, 4])
    rollback(client, 'TX:c:2')
    expect(next.received).toEqual([3, 4, 2])
    commit(client, 'TX:c:1')
    await harness.settle()
    expect(harness.of('queue://Q')).toMatchObject({ size: 3, inFlight: 3, dequeued: 1 })
  })
})

test('beginning twice is one transaction; an unknown one was not started', async () => {
  const { client, transacted } = await started()
  client.send('queue://Q', transacted)
  client.connection.begin('TX:c:1')
  const expected = { className: 'javax.jms.JMSException', message: "Transaction 'TX:c:9' has not been started." }
  expect(commit(client, 'TX:c:9')).toMatchObject(expected)
  expect(rollback(client, 'TX:c:9')).toMatchObject(expected)
  expect(client.send('queue://Q', { transactionId: 'TX:c:9' })).toMatchObject(expected)
  expect(commit(client, 'TX:c:1').state).toBe('pending')
})

describe('a transaction belongs to its connection', () => {
  const victimAndStranger = async () => {
    const harness = await RegionHarness.start()
    const victim = harness.connect({ connectionId: 'victim' })
    victim.connection.begin('TX:victim:1')
    victim.send('queue://Q', { transactionId: 'TX:victim:1', persistent: true })
    return { harness, victim, stranger: harness.connect({ connectionId: 'stranger' }) }
  }

  test('another one that uses its id has one of its own', async () => {
    const { harness, victim, stranger } = await victimAndStranger()
    stranger.connection.begin('TX:victim:1')
    stranger.send('queue://Q', { transactionId: 'TX:victim:1', persistent: true })
    expect(rollback(stranger, 'TX:victim:1').state).toBe('done')
    const committed = commit(victim, 'TX:victim:1')
    await harness.settle()
    expect(committed.state).toBe('done')
    expect(harness.store.statistics().messages).toBe(1)
    expect(victim.consume('queue://Q').deliveries.map(({ message }) => message.messageId)).toEqual(['victim:1:1:1'])
  })

  test('nor can it be reached by the ids that a broker could make up for itself', async () => {
    const { harness, victim, stranger } = await victimAndStranger()
    for (const id of ['TX:composite:1', 'TX:dead-letter:1']) {
      stranger.connection.begin(id)
      stranger.send('queue://Strange', { transactionId: id, persistent: true })
    }
    expect(victim.send('queue://A,queue://B', { persistent: true }).state).toBe('pending')
    const consumer = victim.consume('queue://A')
    await harness.settle()
    consumer.acknowledge('poison', null, 0)
    await harness.settle()
    for (const id of ['TX:composite:1', 'TX:dead-letter:1']) expect(rollback(stranger, id).state).toBe('done')
    await harness.settle()
    expect(harness.of('queue://B').size).toBe(1)
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
    expect(harness.of('queue://Strange').size).toBe(0)
    expect(victim.send('queue://Q', { persistent: true }).state).toBe('pending')
  })
})

test('a transaction in which something failed can only be rolled back', async () => {
  const { harness, client, transacted } = await started()
  client.send('queue://Q', transacted)
  client.connection.failTransaction('TX:c:1', new RefusalError('INVALID_REQUEST', 'a send failed'))
  client.connection.failTransaction('TX:unknown', new RefusalError('INVALID_REQUEST', 'ignored'))
  expect(commit(client, 'TX:c:1')).toMatchObject({
    className: 'javax.jms.TransactionRolledBackException',
    message: "Transaction 'TX:c:1' was rolled back: a send failed",
  })
  await harness.settle()
  expect(harness.of('queue://Q').size).toBe(0)
})

test('a connection that goes away rolls back', async () => {
  const { harness, client, transacted } = await started()
  const consumer = client.consume('queue://IN')
  client.send('queue://IN', { persistent: true })
  await harness.settle()
  client.send('queue://OUT', transacted)
  consumer.acknowledge('standard', null, 0, { transactionId: 'TX:c:1' })
  client.connection.close()
  const other = harness.connect()
  const returned = other.consume('queue://IN')
  expect(returned.deliveries).toMatchObject([{ redeliveryCounter: 1 }])
  expect(other.consume('queue://OUT').received).toEqual([])
})

test('a commit on its way survives the end of its connection', async () => {
  const { harness, client, transacted } = await started()
  const consumer = client.consume('queue://IN')
  client.send('queue://IN', { persistent: true })
  await harness.settle()
  client.send('queue://OUT', transacted)
  consumer.acknowledge('standard', null, 0, { transactionId: 'TX:c:1' })
  commit(client, 'TX:c:1')
  client.connection.close()
  await harness.settle()
  const other = harness.connect()
  expect(other.consume('queue://IN').received).toEqual([])
  expect(other.consume('queue://OUT').received).toEqual([2])
})

describe('scenarios that random commands found', () => {
  const start = async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://Q')
    for (let i = 0; i < 2; i++) client.send('queue://Q')
    client.connection.begin('TX:1')
    return { harness, client, consumer }
  }

  test('acknowledgements of a closed consumer, made in reverse order, come back in order (seed -1141840412)', async () => {
    const { harness, client, consumer } = await start()
    for (const index of [1, 0]) consumer.acknowledge('individual', null, index, { transactionId: 'TX:1' })
    consumer.close()
    const next = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    rollback(client, 'TX:1')
    expect(next.received).toEqual([1])
  })

  test('a closing connection gives back all it has before any of it goes elsewhere (seed 917793294)', async () => {
    const { harness, client } = await start()
    const other = client.consume('queue://Q')
    client.send('queue://Q', { producerSequenceId: 3 })
    client.send('queue://Q', { producerSequenceId: 4 })
    other.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    other.close(-1)
    const next = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    client.connection.close()
    expect(next.received).toEqual([1])
  })

  test('so does one whose commit is held back (seed 4004)', async () => {
    const harness = await RegionHarness.start({ memoryLimit: 4 * 1024 })
    const client = harness.connect()
    client.consume('queue://Q', { prefetchSize: 1 })
    const closed = client.consume('queue://Q', { prefetchSize: 1 })
    for (const queue of ['Q', 'Q', 'X', 'X']) client.send(`queue://${queue}`)
    client.connection.begin('TX:1')
    client.send('queue://X', { transactionId: 'TX:1' })
    closed.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    const committed = commit(client, 'TX:1')
    closed.close(-1)
    const next = harness.connect().consume('queue://Q', { prefetchSize: 1 })
    client.connection.close()
    expect(committed).toMatchObject({ className: 'javax.jms.TransactionRolledBackException' })
    expect(next.received).toEqual([1])
  })
})

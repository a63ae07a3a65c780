// What a failover client sends again.
import { expect, test } from '@jest/globals'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { durable } from '../../contract/message-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { RegionHarness } from './region-harness.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'
import type { StoreOwner } from '../../../broker/store/message-store.ts'

const again = { persistent: true, producerId: 'ID:app:1:1' }

test('a send that is stored already is answered and dropped', async () => {
  const harness = await RegionHarness.start()
  const before = harness.connect()
  before.send('queue://Q', { ...again, producerSequenceId: 7 })
  await harness.settle()
  before.connection.close()
  const after = harness.connect({ failoverReconnect: true })
  const repeated = after.send('queue://Q', { ...again, producerSequenceId: 7 })
  const fresh = after.send('queue://Q', { ...again, producerSequenceId: 8 })
  await harness.settle()
  expect([repeated.state, fresh.state]).toEqual(['done', 'done'])
  expect(after.consume('queue://Q').received).toEqual([7, 8])
})

test('so is one that still waits for its sync; it is answered with that sync', async () => {
  const harness = await RegionHarness.start()
  harness.connect().send('queue://Q', { ...again, producerSequenceId: 7 })
  const after = harness.connect({ failoverReconnect: true })
  const repeated = after.send('queue://Q', { ...again, producerSequenceId: 7 })
  expect(repeated.state).toBe('pending')
  await harness.settle()
  expect(repeated.state).toBe('done')
  expect(harness.of('queue://Q').size).toBe(1)
})

// Found with the stock client 5.19 on a starved machine: it had acknowledged, its broker was killed, and it committed at the
// next one, where it restores BEGIN and sends but no acknowledgements.
test('a transaction whose acknowledgements went to the broker before cannot be committed', async () => {
  const harness = await RegionHarness.start()
  const after = harness.connect({ failoverReconnect: true })
  const commit = (id: string) => after.outcome((done) => after.connection.commit(id, done))
  after.connection.begin('TX:c:1')
  expect(commit('TX:c:1')).toMatchObject({
    state: 'failed',
    className: 'javax.jms.TransactionRolledBackException',
    message: expect.stringContaining('what it acknowledged was lost with the connection before the failover'),
  })
  after.connection.begin('TX:c:2')
  after.send('queue://Q', { ...again, producerSequenceId: 1, transactionId: 'TX:c:2' })
  const committed = commit('TX:c:2')
  await harness.settle()
  expect(committed.state).toBe('done')
})

// Found with the stock client 5.19 on a starved machine. Its transaction before the failover had delivered 2 and 4. It says so
// when they come again, rolls that transaction back, and hands them out before 1 and 3: from its own memory.
test('a transaction takes what its client delivered, also where that is not the order of dispatch', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect({ failoverReconnect: true })
  const consumer = client.consume('queue://Q')
  for (let i = 1; i <= 5; i++) client.send('queue://Q', { ...again, producerSequenceId: i })
  await harness.settle()
  for (const index of [1, 3]) consumer.acknowledge('delivered', null, index, { messageCount: 1 })
  client.connection.begin('TX:c:1')
  const inFirst = { transactionId: 'TX:c:1', messageCount: 3 }
  expect(consumer.acknowledge('standard', 1, 0, inFirst).state).toBe('done')
  const committed = client.outcome((done) => client.connection.commit('TX:c:1', done))
  await harness.settle()
  expect(committed.state).toBe('done')
  client.connection.close()
  expect(harness.connect().consume('queue://Q').received).toEqual([3, 5])
})

// A second failover within the client's redelivery delay: 1 and 4 come from its memory, what was between them is elsewhere.
test('a transaction never takes more messages than its client says it has delivered', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect({ failoverReconnect: true })
  const consumer = client.consume('queue://Q')
  for (let i = 1; i <= 4; i++) client.send('queue://Q', { ...again, producerSequenceId: i })
  await harness.settle()
  client.connection.begin('TX:c:1')
  const inFirst = { transactionId: 'TX:c:1', messageCount: 2 }
  expect(consumer.acknowledge('standard', 0, 3, inFirst).state).toBe('done')
  expect(client.outcome((done) => client.connection.commit('TX:c:1', done))).toMatchObject({
    state: 'failed',
    className: 'javax.jms.TransactionRolledBackException',
    message: expect.stringContaining('it acknowledges 2 messages that were not dispatched one after the other'),
  })
  client.connection.close()
  expect(harness.connect().consume('queue://Q').received).toEqual([1, 2, 3, 4])
})

test('non-persistent messages, and clients that did not fail over, are never taken for repetitions', async () => {
  const harness = await RegionHarness.start()
  const ordinary = harness.connect()
  const after = harness.connect({ failoverReconnect: true })
  for (let i = 0; i < 2; i++) ordinary.send('queue://Q', { ...again, producerSequenceId: 7 })
  for (let i = 0; i < 2; i++) after.send('queue://Q', { ...again, persistent: false, producerSequenceId: 7 })
  await harness.settle()
  expect(harness.of('queue://Q').size).toBe(4)
})

// Found by the queue model: the dead letter of the expired message told the store of its sequence, beyond the one held back.
test('a held back send is not taken for stored because a later one of its producer expired', async () => {
  const harness = await RegionHarness.start({ memoryLimit: 3 * 1024 })
  const before = harness.connect()
  for (let i = 1; i <= 3; i++) before.send('queue://Q', { ...again, persistent: false, producerSequenceId: i })
  const held = before.send('queue://Q', { ...again, producerSequenceId: 4 })
  before.send('queue://Q', { ...again, producerSequenceId: 5, expiration: harness.clock.nowMs() - 1 })
  await harness.settle()
  expect(held.state).toBe('pending')
  before.connection.close()
  expect(held.state).toBe('failed')

  const after = harness.connect({ failoverReconnect: true })
  const consumer = after.consume('queue://Q')
  consumer.acknowledge('standard', null, 1)
  after.send('queue://Q', { ...again, producerSequenceId: 4 })
  await harness.settle()
  expect(consumer.received).toEqual([1, 2, 4])
})

// Seeds 2026112101 and 2086073881 of the queue model, which had not listened and took the dead letter for one that had been
// acknowledged.
test.each([
  ['just before another one takes its store: it is a dead letter', false, [0, 1]],
  ['just after that: it is still in its queue', true, [1, 0]],
])('a message expires at a member %s', async (_when, late, expected) => {
  const disk = new SimulatedDisk()
  let owner = 1
  const member = (term: number): StoreOwner => ({
    term,
    verify() {
      if (owner !== term) throw new Error('Replaced')
    },
  })
  const store = createJournalStore({ disk })
  const harness = await RegionHarness.start({ store, owner: member(1) })
  const client = harness.connect()
  client.send('queue://Q', { ...again, producerSequenceId: 1, expiration: harness.clock.nowMs() + 1 })
  await durable(store)
  const standby = createJournalStore({ disk })
  standby.follow()
  const takeOver = (): Promise<unknown> => {
    owner = 2
    return standby.open(member(2))
  }
  if (late) await takeOver()
  harness.clock.advance(1)
  client.consume('queue://Q')
  expect(harness.events).toContain('messageExpired queue://Q')
  await (late ? store.failed : durable(store))
  if (!late) await takeOver()
  const counts = ['Q', 'ActiveMQ.DLQ'].map(
    async (queue) => (await standby.read(queueHolder(queue), 0, 100, 10, 1_000_000)).length,
  )
  expect(await Promise.all(counts)).toEqual(expected)
  await standby.close()
})

// Queues whose messages go by priority: whatever waits, the next one is the first of the highest priority.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'
import { priorityHolders } from '../../../broker/store/priority-holder.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { contentOf, durable, readAll } from '../../support/store-content.ts'
import { TestTempStore } from '../../support/test-temp-store.ts'
import { turns } from '../../support/turns.ts'
import { RegionHarness, type HarnessOptions, type TestClient, type TestConsumer } from './region-harness.ts'

const priorityPolicies = [{ kind: 'queue', pattern: 'Q', prioritizedMessages: true }] as const
const persistent = true

const start = async (options: HarnessOptions = {}) => {
  const harness = await RegionHarness.start({ priorityPolicies, ...options })
  return { harness, client: harness.connect() }
}

const sendAll = (client: TestClient, priorities: readonly number[], options = { persistent }): void => {
  for (const priority of priorities) client.send('queue://Q', { ...options, priority })
}

const prioritiesOf = (consumer: TestConsumer): number[] => consumer.deliveries.map(({ message }) => message.priority)

const takenOf = new WeakMap<TestConsumer, number>()

/** Takes all there is, some at a time. */
async function drain(harness: RegionHarness, consumer: TestConsumer): Promise<void> {
  for (let taken = takenOf.get(consumer) ?? 0; ;) {
    await harness.settle()
    await turns(5)
    const { length } = consumer.deliveries
    if (length === taken) return
    consumer.acknowledge('standard', taken, length - 1)
    takenOf.set(consumer, (taken = length))
  }
}

describe.each([
  ['persistent', { persistent: true }],
  ['non-persistent', { persistent: false }],
])('%s messages', (_kind, options) => {
  test('are given by priority, and in the order in which they came within one', async () => {
    const { harness, client } = await start()
    sendAll(client, [4, 0, 9, 4, 9, 5, 3, 0], options)
    await harness.settle()
    expect(harness.of('queue://Q').size).toBe(8)
    const consumer = client.consume('queue://Q')
    await drain(harness, consumer)
    expect(consumer.received).toEqual([3, 5, 6, 1, 4, 7, 2, 8])
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, dequeued: 8, memoryUsed: 0 })
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('are given in the order in which they came where no policy says otherwise', async () => {
    const { harness, client } = await start({ priorityPolicies: [] })
    sendAll(client, [4, 0, 9, 4], options)
    await harness.settle()
    const consumer = client.consume('queue://Q')
    await harness.settle()
    expect(consumer.received).toEqual([1, 2, 3, 4])
  })

  test('overtake those that wait when a consumer has room for one', async () => {
    const { harness, client } = await start()
    const consumer = client.consume('queue://Q', { prefetchSize: 1 })
    sendAll(client, [0, 1, 4], options)
    await harness.settle()
    sendAll(client, [9], options)
    await harness.settle()
    await drain(harness, consumer)
    expect(prioritiesOf(consumer)).toEqual([0, 9, 4, 1])
  })

  test('come back to the front of their priority', async () => {
    const { harness, client } = await start()
    sendAll(client, [9, 4, 9, 4], options)
    await harness.settle()
    const first = client.consume('queue://Q', { prefetchSize: 3 })
    first.close(first.deliveries.at(-1)!.sequence)
    sendAll(client, [9], options)
    await harness.settle()
    const consumer = client.consume('queue://Q')
    await harness.settle()
    expect(consumer.received).toEqual([1, 3, 5, 2, 4])
    expect(consumer.deliveries.map(({ redeliveryCounter }) => redeliveryCounter)).toEqual([1, 1, 0, 1, 0])
  })

  test('are chosen by selectors', async () => {
    const { harness, client } = await start()
    sendAll(client, [0, 7, 4, 9, 4, 7], options)
    await harness.settle()
    const low = client.consume('queue://Q', { selector: 'JMSPriority < 9', prefetchSize: 1 })
    const all = client.consume('queue://Q', { prefetchSize: 1, selector: 'JMSPriority <> 7' })
    await harness.settle()
    expect([low.received, all.received]).toEqual([[2], [4]])
    await drain(harness, low)
    expect(low.received).toEqual([2, 6, 3, 5, 1])
    sendAll(client, [4, 8], options)
    await drain(harness, low)
    expect(low.received).toEqual([2, 6, 3, 5, 1, 7, 8])
  })
})

test('a JMSPriority that is none counts as the nearest that is one, as in ActiveMQ (Message.setPriority)', async () => {
  const { harness, client } = await start()
  sendAll(client, [-3, 0, 9, 100])
  await harness.settle()
  const consumer = client.consume('queue://Q')
  await harness.settle()
  expect(consumer.received).toEqual([3, 4, 1, 2])
})

test('one that arrives behind thousands which only the store has overtakes them', async () => {
  const { harness, client } = await start()
  const many = 2 * destinationLimits.windowMessages
  sendAll(
    client,
    Array.from({ length: many }, () => 1),
  )
  sendAll(client, [9, 4, 9])
  await harness.settle()
  const consumer = client.consume('queue://Q', { prefetchSize: 100 })
  await harness.settle()
  expect(consumer.received.slice(0, 4)).toEqual([many + 1, many + 3, many + 2, 1])
  sendAll(client, [9])
  await drain(harness, consumer)
  expect(consumer.received[100]).toBe(many + 4)
  expect(consumer.received.filter((number) => number <= many)).toEqual(Array.from({ length: many }, (_, i) => i + 1))
  expect(harness.store.statistics().messages).toBe(0)
})

test('of thousands in the store of each priority the highest come first, with selectors and without', async () => {
  const { harness, client } = await start({ memoryLimit: 2 ** 20 })
  const each = 700
  for (let i = 0; i < each; i++) sendAll(client, [2, 8, 4])
  await harness.settle()
  const consumers = [
    client.consume('queue://Q'),
    client.consume('queue://Q', { selector: 'JMSPriority <> 8' }),
  ] as const
  await Promise.all(consumers.map((consumer) => drain(harness, consumer)))
  for (const consumer of consumers) {
    const priorities = prioritiesOf(consumer)
    expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
    for (const priority of [2, 4, 8]) {
      const order = consumer.deliveries
        .filter(({ message }) => message.priority === priority)
        .map((one) => one.sequence)
      expect(order).toEqual(order.toSorted((a, b) => a - b))
    }
  }
  expect(consumers[0].deliveries.length + consumers[1].deliveries.length).toBe(3 * each)
  expect(harness.of('queue://Q')).toMatchObject({ size: 0, memoryUsed: 0 })
})

test('transactions bring and take by priority, also messages of which only the store has the bodies', async () => {
  const { harness, client } = await start({ memoryLimit: 16 * 1024 })
  client.connection.begin('TX:1')
  for (let i = 0; i < 30; i++)
    client.send('queue://Q', { persistent, priority: i % 10, body: 'x'.repeat(2000), transactionId: 'TX:1' })
  const committed = client.outcome((done) => client.connection.commit('TX:1', done))
  await harness.settle()
  expect(committed).toEqual({ state: 'done' })
  const consumer = client.consume('queue://Q', { prefetchSize: 6 })
  await harness.settle()
  expect(prioritiesOf(consumer)).toEqual([9, 9, 9, 8, 8, 8])
  client.connection.begin('TX:2')
  consumer.acknowledge('standard', 0, 2, { transactionId: 'TX:2' })
  client.outcome((done) => client.connection.commit('TX:2', done))
  await harness.settle()
  expect(prioritiesOf(consumer).slice(6)).toEqual([7, 7, 7])
  expect(harness.store.statistics().messages).toBe(27)
  client.connection.begin('TX:3')
  consumer.acknowledge('standard', 3, 5, { transactionId: 'TX:3' })
  consumer.close()
  client.outcome((done) => client.connection.rollback('TX:3', done))
  await harness.settle()
  const next = client.consume('queue://Q')
  await drain(harness, next)
  expect(prioritiesOf(next).slice(0, 7)).toEqual([8, 8, 8, 7, 7, 7, 6])
  expect(harness.store.statistics().messages).toBe(0)
})

test('a dead letter is gone from its priority, and has its own in the queue for them', async () => {
  const policies = [...priorityPolicies, { kind: 'queue', pattern: 'ActiveMQ.DLQ', prioritizedMessages: true } as const]
  const { harness, client } = await start({ priorityPolicies: policies, memoryLimit: 4 * 1024 })
  sendAll(client, [1, 8, 6])
  await harness.settle()
  const consumer = client.consume('queue://Q')
  await harness.settle()
  for (const index of [2, 0, 1]) consumer.acknowledge('poison', index, index)
  await harness.settle()
  expect(harness.of('queue://Q').size).toBe(0)
  const letters = client.consume('queue://ActiveMQ.DLQ')
  await harness.settle()
  expect(prioritiesOf(letters)).toEqual([8, 6, 1])
  expect(harness.store.statistics().messages).toBe(3)
})

test('what the broker delivers again comes back to its priority when it is due', async () => {
  const policy = {
    maximumRedeliveries: 5,
    initialRedeliveryDelayMs: 1000,
    redeliveryDelayMs: 1000,
    maximumRedeliveryDelayMs: null,
    useExponentialBackOff: false,
    backOffMultiplier: 5,
    useCollisionAvoidance: false,
    collisionAvoidancePercent: 15,
  }
  const redelivery = {
    policies: [],
    defaultPolicy: policy,
    sendToDlqIfMaxRetriesExceeded: true,
    fallbackToDeadLetter: true,
  }
  const { harness, client } = await start({ redelivery })
  sendAll(client, [8, 8, 2])
  await harness.settle()
  const consumer = client.consume('queue://Q', { prefetchSize: 1 })
  await harness.settle()
  consumer.acknowledge('poison', 0, 0)
  await harness.settle()
  expect(consumer.received).toEqual([1, 2])
  sendAll(client, [9, 5])
  await harness.settle()
  harness.clock.advance(1000)
  takenOf.set(consumer, 1)
  await drain(harness, consumer)
  expect(consumer.received).toEqual([1, 2, 4, 1, 5, 3])
  expect(harness.store.statistics().messages).toBe(0)
})

test('expired ones are found at each priority, in memory and in the store', async () => {
  const { harness, client } = await start({ memoryLimit: 200 * 1024 })
  const filler = harness.connect()
  const expiration = harness.clock.nowMs() + 1000
  for (const priority of [0, 4, 9]) client.send('queue://Q', { priority, expiration })
  for (let i = 0; i < 130; i++) filler.send('queue://FULL')
  for (const priority of [0, 1, 4, 9]) {
    client.send('queue://Q', { persistent, priority, expiration })
    client.send('queue://Q', { persistent, priority })
  }
  await harness.settle()
  harness.clock.advance(destinationLimits.expirySweepMs)
  await harness.settle()
  await turns(20)
  expect(harness.of('queue://Q')).toMatchObject({ size: 4, expired: 7 })
  expect(harness.store.statistics().messages).toBe(8)
  const consumer = client.consume('queue://Q')
  await harness.settle()
  expect(prioritiesOf(consumer)).toEqual([9, 4, 1, 0])
})

test('what found no room in memory comes back from the temp store by priority, between what is stored', async () => {
  const temp = new TestTempStore()
  const { harness, client } = await start({ temp, memoryLimit: 64 * 1024 })
  for (let i = 0; i < 300; i++) {
    sendAll(client, [i % 10], { persistent: i % 3 === 0 })
    await harness.settle()
  }
  expect(temp.messages).toBeGreaterThan(100)
  const consumer = client.consume('queue://Q', { prefetchSize: 7 })
  await drain(harness, consumer)
  const expected = Array.from({ length: 10 }, (_, n) => 9 - n).flatMap((priority) =>
    Array.from({ length: 30 }, (_, n) => 10 * n + priority + 1),
  )
  expect(consumer.received).toEqual(expected)
  expect([temp.isEmpty, harness.of('queue://Q').memoryUsed, harness.store.statistics().messages]).toEqual([true, 0, 0])
})

describe('a queue that is deleted', () => {
  test('is gone with the messages of all priorities, in the store and in the temp store', async () => {
    const disk = new SimulatedDisk()
    const temp = new TestTempStore()
    const store = createJournalStore({ disk })
    const { harness, client } = await start({ store, temp, memoryLimit: 16 * 1024 })
    sendAll(client, [0, 4, 9])
    for (let i = 0; i < 40; i++) sendAll(client, [i % 10], { persistent: false })
    await turns(20)
    expect(temp.isEmpty).toBe(false)
    client.connection.removeDestination({ kind: 'queue', name: 'Q' })
    await durable(store)
    expect([temp.isEmpty, store.statistics().messages]).toEqual([true, 0])
    sendAll(client, [7])
    await turns(20)
    expect(harness.of('queue://Q').size).toBe(1)
    await store.close()
    expect((await createJournalStore({ disk }).open(soleOwner(2))).queues.map(({ name }) => name)).toEqual([
      'Q',
      priorityHolders('Q')[7]!.name,
    ])
  })

  test('does not come back for the priorities that it had once', async () => {
    const disk = new SimulatedDisk()
    const first = await start({ store: createJournalStore({ disk }) })
    sendAll(first.client, [9])
    await turns(20)
    await drain(first.harness, first.client.consume('queue://Q'))
    await first.harness.store.close()
    const second = await start({ store: createJournalStore({ disk }), owner: soleOwner(2), priorityPolicies: [] })
    second.client.connection.removeDestination({ kind: 'queue', name: 'Q' })
    await durable(second.harness.store)
    await second.harness.store.close()
    expect((await createJournalStore({ disk }).open(soleOwner(3))).queues).toEqual([])
  })
})

describe('after a restart', () => {
  const open = (disk: SimulatedDisk, term: number, options: HarnessOptions = {}) =>
    start({ store: createJournalStore({ disk }), owner: soleOwner(term), ...options })

  test('all are there, by priority', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1)
    sendAll(first.client, [4, 0, 9, 4, 9, 5])
    await turns(20)
    const consumer = first.client.consume('queue://Q', { prefetchSize: 2 })
    consumer.acknowledge('standard', 0, 0)
    await durable(first.harness.store)
    await first.harness.store.close()
    const second = await open(disk, 2)
    expect(second.harness.region.statistics().map(({ name, size }) => `${name} ${size}`)).toEqual(['Q 5'])
    sendAll(second.client, [9, 6])
    await turns(20)
    const next = second.client.consume('queue://Q')
    await drain(second.harness, next)
    expect(prioritiesOf(next)).toEqual([9, 9, 6, 5, 4, 4, 0])
    expect(second.harness.store.statistics().messages).toBe(0)
    await second.harness.store.close()
  })

  test('and so at a standby that takes over', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1)
    const standby = createJournalStore({ disk })
    standby.follow()
    sendAll(first.client, [4, 0, 9])
    await durable(first.harness.store)
    const second = await start({ store: standby, owner: soleOwner(2) })
    const consumer = second.client.consume('queue://Q')
    await drain(second.harness, consumer)
    expect(prioritiesOf(consumer)).toEqual([9, 4, 0])
    await standby.close()
  })

  test('with the policy, which there was none before: what was stored counts as of the default priority, in its order', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1, { priorityPolicies: [] })
    sendAll(first.client, [9, 0, 9, 0])
    await durable(first.harness.store)
    await first.harness.store.close()
    const second = await open(disk, 2)
    sendAll(second.client, [5, 3, 4])
    await turns(20)
    const consumer = second.client.consume('queue://Q', { prefetchSize: 1 })
    await drain(second.harness, consumer)
    expect(prioritiesOf(consumer)).toEqual([5, 9, 0, 9, 0, 4, 3])
    expect(second.harness.store.statistics().messages).toBe(0)
    await second.harness.store.close()
  })

  test('without the policy: what has its priority goes first, and what comes now in the order in which it comes', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1)
    sendAll(first.client, [4, 0, 9, 1])
    await durable(first.harness.store)
    await first.harness.store.close()
    const second = await open(disk, 2, { priorityPolicies: [], memoryLimit: 2 ** 20 })
    sendAll(second.client, [9, 5])
    await turns(20)
    expect(second.harness.of('queue://Q').size).toBe(6)
    expect(await contentOf(second.harness.store, 'Q')).toHaveLength(3)
    const consumer = second.client.consume('queue://Q', { prefetchSize: 1, selector: 'JMSPriority <> 5' })
    await drain(second.harness, consumer)
    expect(prioritiesOf(consumer)).toEqual([9, 1, 0, 4, 9])
    expect(second.harness.store.statistics().messages).toBe(1)
    second.client.connection.removeDestination({ kind: 'queue', name: 'OTHER' })
    await second.harness.store.close()
  })
})

test('the store has each priority apart, and the default one as the queue itself', async () => {
  const { harness, client } = await start()
  sendAll(client, [9, 4, 4, 0])
  await harness.settle()
  const holders = priorityHolders('Q')
  const counts = await Promise.all([9, 4, 0].map(async (p) => (await readAll(harness.store, holders[p]!)).length))
  expect(counts).toEqual([1, 2, 1])
  expect(await harness.store.read(queueHolder('Q'), 0, 100, 10, 10_000)).toHaveLength(2)
})

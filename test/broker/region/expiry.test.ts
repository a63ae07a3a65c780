// What expires while it waits goes without anybody consuming: in the backlogs of durable subscriptions, there or away, and with
// topic subscribers that are slow; and how often and how much is looked through, by policy. Queues: paging.test.ts.
import { describe, expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { started, subscribe, topic } from './durable-harness.ts'
import { RegionHarness } from './region-harness.ts'

const { expirySweepMs } = destinationLimits

/** A region with a publisher whose messages may live for a second only. */
async function startedWithShort(options: Parameters<typeof started>[0] = {}) {
  const all = await started(options)
  const { harness, publisher } = all
  const short = () => ({ persistent: true, expiration: harness.clock.nowMs() + 1000 })
  const publishShort = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) publisher.send(topic, short())
    await harness.settle()
  }
  /** Until all that a sweep does is done. */
  const sweep = async (): Promise<void> => {
    harness.clock.advance(expirySweepMs)
    for (let n = 0; n < 10; n++) await harness.settle()
  }
  const stored = (): number => harness.store.statistics().messages
  const letters = (): number => harness.of('queue://ActiveMQ.DLQ')?.size ?? 0
  return { ...all, short, publishShort, sweep, stored, letters }
}

describe('in the backlog of a durable subscription', () => {
  test('whose consumer is away a message goes with the next sweep, and what has not expired stays', async () => {
    const { harness, subscriber, publish, publishShort, sweep, stored, letters, pending } = await startedWithShort()
    subscribe(subscriber).close()
    await publish(1)
    await publishShort(2)
    await publish(1)
    expect([pending(), stored()]).toEqual([4, 4])
    await sweep()
    expect([pending(), letters(), stored()]).toEqual([2, 2, 4])
    expect(harness.of(topic)).toMatchObject({ expired: 2, dequeued: 2 })
    const consumer = subscribe(subscriber)
    await harness.settle()
    expect(consumer.received).toEqual([1, 4])
  })

  test('a message that several have expires for each of them, becomes one dead letter, and gives its space back', async () => {
    const { harness, publishShort, sweep, stored, letters } = await startedWithShort()
    for (const clientId of ['a', 'b', 'c']) subscribe(harness.connect({ clientId })).close()
    await publishShort(1)
    expect(stored()).toBe(1)
    harness.events.length = 0
    await sweep()
    expect(harness.of(topic).expired).toBe(3)
    expect(letters()).toBe(1)
    expect(stored()).toBe(1)
    expect(harness.events.filter((event) => event.startsWith('messageExpired'))).toHaveLength(3)
    expect(harness.events.filter((event) => event.startsWith('messageDeadLettered'))).toHaveLength(1)
  })

  test('one that only some have left expires for these', async () => {
    const { harness, publishShort, sweep } = await startedWithShort()
    const [a, b] = ['a', 'b'].map((clientId) => subscribe(harness.connect({ clientId })))
    await publishShort(1)
    a!.acknowledge('standard', null, 0)
    b!.close()
    await sweep()
    expect(harness.of(topic)).toMatchObject({ expired: 1, dequeued: 2 })
  })

  test('without dead letters of what has expired it is gone', async () => {
    const { subscriber, publishShort, sweep, stored, pending } = await startedWithShort({
      deadLetter: { queue: 'ActiveMQ.DLQ', processExpired: false, processNonPersistent: false },
    })
    subscribe(subscriber).close()
    await publishShort(3)
    await sweep()
    expect([pending(), stored()]).toEqual([0, 0])
  })

  test('whose consumer is behind goes what it does not have in its hands', async () => {
    const { harness, subscriber, publishShort, publish, sweep, pending } = await startedWithShort()
    const consumer = subscribe(subscriber, { prefetchSize: 1 })
    await publishShort(3)
    await publish(1)
    expect(consumer.received).toEqual([1])
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([2, 2])
    consumer.acknowledge('standard', null, 0)
    await harness.settle()
    expect([consumer.received, harness.errors]).toEqual([[1, 4], []])
    consumer.acknowledge('standard', null, 1, { messageCount: 1 })
    expect(pending()).toBe(0)
  })

  test('goes also what only the store has, while its consumer is behind', async () => {
    const { harness, publisher, subscriber, short, sweep, pending } = await startedWithShort()
    const consumer = subscribe(subscriber, { prefetchSize: 1 })
    const count = destinationLimits.windowMessages + 100
    for (let n = 0; n < count; n++) publisher.send(topic, n % 2 ? short() : { persistent: true })
    await harness.settle()
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([count / 2, count / 2])
    for (let taken = 0; taken < count / 2; taken++) {
      consumer.acknowledge('standard', null, taken, { messageCount: 1 })
      await harness.settle()
    }
    expect(consumer.received).toEqual(Array.from({ length: count / 2 }, (_, index) => 2 * index + 1))
    expect([pending(), harness.errors]).toEqual([0, []])
  })

  test('what its consumer has in its hands is left to it, and looked at again when that has gone', async () => {
    const { harness, subscriber, publishShort, sweep, pending } = await startedWithShort()
    const consumer = subscribe(subscriber)
    await publishShort(2)
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([2, 0])
    consumer.close()
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([0, 2])
  })

  test('what an open transaction has acknowledged is left to that', async () => {
    const { harness, subscriber, publishShort, sweep, pending } = await startedWithShort()
    const consumer = subscribe(subscriber)
    await publishShort(1)
    subscriber.connection.begin('TX:1')
    consumer.acknowledge('standard', null, 0, { transactionId: 'TX:1' })
    consumer.close()
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([1, 0])
    subscriber.outcome((done) => subscriber.connection.rollback('TX:1', done))
    await sweep()
    expect([pending(), harness.of(topic).expired]).toEqual([0, 1])
  })

  test('goes after a restart, too', async () => {
    const disk = new SimulatedDisk()
    const open = (term: number) => startedWithShort({ store: createJournalStore({ disk }), owner: soleOwner(term) })
    const first = await open(1)
    subscribe(first.subscriber).close()
    first.publisher.send(topic, first.short())
    first.publisher.send(topic, { persistent: true })
    await turns(20)
    await first.harness.store.close()
    const { harness, pending, letters } = await open(2)
    expect(pending()).toBe(2)
    harness.clock.advance(expirySweepMs)
    await turns(40)
    expect([pending(), letters()]).toEqual([1, 1])
    await harness.store.close()
  })
})

describe('a topic subscriber that is slow', () => {
  test('is not given what has expired while it waited; that becomes a dead letter if it is persistent', async () => {
    const { harness, publisher, short, letters } = await startedWithShort()
    const consumer = harness.connect().consume(topic, { prefetchSize: 1 })
    publisher.send(topic)
    publisher.send(topic, short())
    publisher.send(topic, { ...short(), persistent: false })
    publisher.send(topic)
    harness.clock.advance(1000)
    consumer.acknowledge('standard', null, 0)
    await harness.settle()
    expect(consumer.received).toEqual([1, 4])
    expect(harness.of(topic)).toMatchObject({ expired: 2, size: 0, memoryUsed: 0 })
    expect(letters()).toBe(1)
  })

  test('loses it with the next sweep, and the memory with it', async () => {
    const { harness, publisher, short, sweep, letters } = await startedWithShort()
    const consumers = [1, 2].map(() => harness.connect().consume(topic, { prefetchSize: 1 }))
    publisher.send(topic)
    publisher.send(topic, short())
    publisher.send(topic)
    expect(harness.of(topic)).toMatchObject({ size: 2, memoryUsed: 2048 })
    await sweep()
    expect(harness.of(topic)).toMatchObject({ size: 1, memoryUsed: 1024, expired: 2 })
    expect(letters()).toBe(1)
    for (const consumer of consumers) consumer.acknowledge('standard', null, 0)
    expect(consumers.map(({ received }) => received)).toEqual([
      [1, 3],
      [1, 3],
    ])
  })
})

test('what was sent to a topic in a transaction that was open for too long goes to nobody', async () => {
  const { harness, publisher, subscriber, short, letters, pending } = await startedWithShort()
  const plain = harness.connect().consume(topic)
  publisher.connection.begin('TX:1')
  publisher.send(topic, { ...short(), transactionId: 'TX:1' })
  publisher.send(topic, { ...short(), persistent: false, transactionId: 'TX:1' })
  publisher.send(topic, { persistent: false, transactionId: 'TX:1' })
  harness.clock.advance(1000)
  publisher.outcome((done) => publisher.connection.commit('TX:1', done))
  await harness.settle()
  expect([plain.received, harness.of(topic).expired, letters()]).toEqual([[3], 2, 1])
  const durable = subscribe(subscriber)
  publisher.connection.begin('TX:2')
  publisher.send(topic, { ...short(), transactionId: 'TX:2' })
  harness.clock.advance(1000)
  publisher.outcome((done) => publisher.connection.commit('TX:2', done))
  await harness.settle()
  expect([plain.received, durable.received, pending()]).toEqual([[3], [], 0])
  expect([harness.of(topic).expired, letters()]).toEqual([3, 2])
})

describe('by policy', () => {
  const policy = (
    kind: 'queue' | 'topic',
    pattern: string,
    expireMessagesPeriodMs: number,
    maxExpirePageSize = 5000,
  ) => ({
    kind,
    pattern,
    expireMessagesPeriodMs,
    maxExpirePageSize,
  })

  test('destinations are looked through more often, or never', async () => {
    const harness = await RegionHarness.start({
      expiryPolicies: [policy('queue', 'SOON', 2000), policy('queue', 'NEVER', 0), policy('topic', '>', 2000)],
    })
    const client = harness.connect()
    subscribe(client, { subscriptionName: 's' }).close()
    const expiration = harness.clock.nowMs() + 1000
    const destinations = ['queue://SOON', 'queue://NEVER', 'queue://OTHER', topic]
    for (const destination of destinations) client.send(destination, { persistent: true, expiration })
    await harness.settle()
    const expired = (): number[] => destinations.map((destination) => harness.of(destination).expired)
    expect(expired()).toEqual([0, 0, 0, 0])
    harness.clock.advance(2000)
    for (let n = 0; n < 5; n++) await harness.settle()
    expect(expired()).toEqual([1, 0, 0, 1])
    harness.clock.advance(expirySweepMs)
    await harness.settle()
    expect(expired()).toEqual([1, 0, 1, 1])
  })

  test('less of the store is looked through at a time', async () => {
    const { harness, subscriber, publishShort, sweep, pending } = await startedWithShort({
      store: new MemoryStore(),
      expiryPolicies: [policy('topic', '>', expirySweepMs, 2)],
    })
    subscribe(subscriber).close()
    await publishShort(5)
    for (const left of [3, 1, 0]) {
      await sweep()
      expect(pending()).toBe(left)
    }
    expect(harness.of(topic).expired).toBe(5)
  })

  test('nothing is looked through any more after the end', async () => {
    const harness = await RegionHarness.start({ expiryPolicies: [policy('queue', 'SOON', 2000)] })
    harness.region.stop()
    expect(harness.clock.pendingTimers).toBe(0)
  })
})

// Topics whose messages go by priority: those that wait for durable subscriptions, and those that wait in memory for other subscribers.
import { describe, expect, test } from '@jest/globals'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { started, subscribe, topic } from './durable-harness.ts'
import type { HarnessOptions, RegionHarness, TestClient, TestConsumer } from './region-harness.ts'

const priorityPolicies = [{ kind: 'topic', pattern: 'PRICES', prioritizedMessages: true }] as const

const publishAll = async (
  harness: RegionHarness,
  publisher: TestClient,
  priorities: readonly number[],
  persistent = true,
): Promise<void> => {
  for (const priority of priorities) publisher.send(topic, { persistent, priority })
  await harness.settle()
  await turns(5)
}

const prioritiesOf = (consumer: TestConsumer): number[] => consumer.deliveries.map(({ message }) => message.priority)

const takenOf = new WeakMap<TestConsumer, number>()

async function drain(harness: RegionHarness, consumer: TestConsumer): Promise<void> {
  for (let taken = takenOf.get(consumer) ?? 0; ;) {
    await harness.settle()
    await turns(5)
    const { length } = consumer.deliveries
    if (length === taken) return
    for (let index = taken; index < length; index++) consumer.acknowledge('individual', index, index)
    takenOf.set(consumer, (taken = length))
  }
}

test('a subscriber without room gets by priority what waits for it in memory', async () => {
  const { harness, publisher, subscriber } = await started({ priorityPolicies })
  const consumer = subscriber.consume(topic, { prefetchSize: 1 })
  const plain = subscriber.consume('topic://OTHER', { prefetchSize: 1 })
  for (const destination of [topic, 'topic://OTHER'])
    for (const priority of [4, 0, 9, 4, 9]) publisher.send(destination, { priority })
  for (const one of [consumer, plain]) for (let index = 0; index < 5; index++) one.acknowledge('standard', index, index)
  expect(prioritiesOf(consumer)).toEqual([4, 9, 9, 4, 0])
  expect(prioritiesOf(plain)).toEqual([4, 0, 9, 4, 9])
  expect(harness.region.memory().used).toBe(0)
})

describe('a durable subscription', () => {
  test('gets by priority what came while it was away, and what waits while it is there', async () => {
    const { harness, publisher, subscriber, pending } = await started({ priorityPolicies })
    subscribe(subscriber).close()
    await publishAll(harness, publisher, [4, 0, 9, 4, 9, 5])
    expect([pending(), harness.store.statistics().messages]).toEqual([6, 6])
    const consumer = subscribe(subscriber, { prefetchSize: 1 })
    await harness.settle()
    expect(consumer.received).toEqual([3])
    await publishAll(harness, publisher, [9, 1])
    await publishAll(harness, publisher, [9, 1], false)
    await drain(harness, consumer)
    expect(consumer.received).toEqual([3, 5, 7, 9, 6, 1, 4, 8, 10, 2])
    expect([pending(), harness.store.statistics().messages, harness.region.memory().used]).toEqual([0, 0, 0])
  })

  test('overtakes thousands that only the store has, with a selector', async () => {
    const { harness, publisher, subscriber, pending } = await started({ priorityPolicies, memoryLimit: 2 ** 20 })
    const red = { properties: encodePrimitiveMap(new Map([['colour', { type: 'string', value: 'red' }]])) }
    subscribe(subscriber, { selector: "colour = 'red'" }).close()
    for (let i = 0; i < 3000; i++) publisher.send(topic, { ...(i % 2 && red), persistent: true, priority: 1 })
    for (const priority of [9, 2, 9]) publisher.send(topic, { ...red, persistent: true, priority })
    await publishAll(harness, publisher, [9])
    expect(pending()).toBe(1503)
    const consumer = subscribe(subscriber, { selector: "colour = 'red'", prefetchSize: 10 })
    await drain(harness, consumer)
    expect(consumer.received.slice(0, 5)).toEqual([3001, 3003, 3002, 2, 4])
    expect(consumer.received).toHaveLength(1503)
    expect([pending(), harness.store.statistics().messages]).toEqual([0, 0])
  })

  test('has what was in flight at its place when its consumer comes again', async () => {
    const { harness, publisher, subscriber } = await started({ priorityPolicies })
    const first = subscribe(subscriber)
    await publishAll(harness, publisher, [1, 9, 4, 9])
    first.acknowledge('individual', 3, 3)
    first.close(-1)
    await harness.settle()
    await publishAll(harness, publisher, [5])
    const second = subscribe(subscriber)
    await harness.settle()
    expect(second.received).toEqual([2, 5, 3, 1])
  })

  test('takes in transactions, and gives what was rolled back with its consumer', async () => {
    const { harness, publisher, subscriber, pending } = await started({ priorityPolicies })
    const first = subscribe(subscriber, { prefetchSize: 2 })
    await publishAll(harness, publisher, [4, 4])
    await publishAll(harness, publisher, [2, 8])
    subscriber.connection.begin('TX:1')
    first.acknowledge('standard', 0, 1, { transactionId: 'TX:1' })
    subscriber.outcome((done) => subscriber.connection.commit('TX:1', done))
    await harness.settle()
    expect([prioritiesOf(first), pending()]).toEqual([[4, 4, 8, 2], 2])
    subscriber.connection.begin('TX:2')
    first.acknowledge('standard', 2, 3, { transactionId: 'TX:2' })
    first.close()
    const second = subscribe(subscriber)
    await publishAll(harness, publisher, [5])
    subscriber.connection.rollback('TX:2', () => {})
    await drain(harness, second)
    expect(prioritiesOf(second)).toEqual([5, 8, 2])
    expect([pending(), harness.store.statistics().messages]).toEqual([0, 0])
  })

  test('is one to whoever asks, and gone with all it has', async () => {
    const { harness, publisher, subscriber } = await started({ priorityPolicies })
    subscribe(subscriber).close()
    await publishAll(harness, publisher, [0, 4, 9])
    expect(harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ topic: 'PRICES', pending: 3 }])
    await harness.region.deleteSubscription('shop', 'all')
    expect(harness.region.subscriptionsPage(0, 10).items).toEqual([])
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('to several topics has each as its policy says', async () => {
    const { harness, publisher, subscriber } = await started({ priorityPolicies })
    subscribe(subscriber, {}, 'topic://*').close()
    for (const destination of [topic, 'topic://OTHER'])
      for (const priority of [0, 9, 4]) publisher.send(destination, { persistent: true, priority })
    await harness.settle()
    const consumer = subscribe(subscriber, {}, 'topic://*')
    await harness.settle()
    const of = (name: string) => consumer.deliveries.filter(({ destination }) => destination.name === name)
    expect(of('PRICES').map(({ message }) => message.priority)).toEqual([9, 4, 0])
    expect(of('OTHER').map(({ message }) => message.priority)).toEqual([0, 9, 4])
  })
})

describe('after a restart', () => {
  const open = (disk: SimulatedDisk, term: number, options: HarnessOptions = {}) =>
    started({ store: createJournalStore({ disk }), owner: soleOwner(term), priorityPolicies, ...options })

  test('a durable subscription has all it had, by priority', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1)
    subscribe(first.subscriber).close()
    await publishAll(first.harness, first.publisher, [4, 0, 9, 5])
    await first.harness.store.close()
    const second = await open(disk, 2)
    expect(second.harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ topic: 'PRICES', pending: 4 }])
    expect(second.harness.region.statistics().map(({ name }) => name)).toEqual(['PRICES'])
    await publishAll(second.harness, second.publisher, [9])
    const consumer = subscribe(second.subscriber)
    await drain(second.harness, consumer)
    expect(prioritiesOf(consumer)).toEqual([9, 9, 5, 4, 0])
    expect(second.harness.store.statistics().messages).toBe(0)
    await second.harness.store.close()
  })

  test('with the policy, which there was none before, and then without it again, nothing is lost', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, 1, { priorityPolicies: [] })
    subscribe(first.subscriber).close()
    await publishAll(first.harness, first.publisher, [9, 0])
    await first.harness.store.close()
    const second = await open(disk, 2)
    await publishAll(second.harness, second.publisher, [0, 9, 4])
    const consumer = subscribe(second.subscriber, { prefetchSize: 1 })
    await turns(5)
    consumer.acknowledge('individual', 0, 0)
    await turns(5)
    expect(consumer.received).toEqual([2, 1])
    consumer.close()
    await second.harness.store.close()
    const third = await open(disk, 3, { priorityPolicies: [] })
    await publishAll(third.harness, third.publisher, [9])
    expect(third.harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ pending: 5 }])
    const last = subscribe(third.subscriber)
    await drain(third.harness, last)
    expect(prioritiesOf(last)).toEqual([0, 9, 0, 4, 9])
    await third.harness.store.close()
    const { recovered, store } = await reopened(disk)
    expect(recovered.subscriptions.map((one) => one.messageCount)).toEqual([0, 0])
    await store.close()
    const fifth = await open(disk, 5, { priorityPolicies: [] })
    await fifth.harness.store.close()
    expect((await reopened(disk, 6)).recovered.subscriptions.map((one) => one.topic)).toEqual(['PRICES'])
  })

  async function reopened(disk: SimulatedDisk, term = 4) {
    const store = createJournalStore({ disk })
    return { store, recovered: await store.open(soleOwner(term)) }
  }
})

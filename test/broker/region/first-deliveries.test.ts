// persistJMSRedelivered: what was delivered comes as redelivered also after a crash.
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import { StoredMessage } from '../../../broker/message/stored-message.ts'
import { queueHolder } from '../../../broker/store/held-message.ts'
import { durable } from '../../contract/message-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { RegionHarness, type TestConsumer } from './region-harness.ts'

const deliveryPolicies = [{ kind: 'queue', pattern: 'ORDERS.>', persistJMSRedelivered: true }] as const

/** Until it is so; the store writes and reads in its own time. */
async function seen(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition() && turns < 10_000; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(condition()).toBe(true)
}

const counters = ({ deliveries }: TestConsumer): Record<number, number> =>
  Object.fromEntries(
    deliveries.map(({ message, redeliveryCounter }) => [message.producerSequenceId, redeliveryCounter]),
  )

test.each([
  ['queue://ORDERS.A', { 1: 1, 2: 1, 3: 0 }],
  ['queue://OTHER', { 1: 0, 2: 0, 3: 0 }],
] as const)('after a crash: %s', async (queue, expected) => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  const harness = await RegionHarness.start({ store, deliveryPolicies })
  const client = harness.connect()
  for (let i = 0; i < 3; i++) client.send(queue, { persistent: true })
  await durable(store)
  const consumer = client.consume(queue, { prefetchSize: 2 })
  await seen(() => consumer.deliveries.length === 2)
  expect(counters(consumer)).toEqual({ 1: 0, 2: 0 })
  disk.crashAfter(0)
  harness.region.stop()

  const after = createJournalStore({ disk: disk.restart(seededRandom(1)) })
  const next = await RegionHarness.start({ store: after, owner: soleOwner(2), deliveryPolicies })
  const browser = next.connect().consume(queue, { browser: true })
  const consumers = [browser, next.connect().consume(queue)]
  await seen(() => consumers.every(({ deliveries }) => deliveries.length === 3))
  for (const one of consumers) expect(counters(one)).toEqual(expected)
  next.region.stop()
  await after.close()
})

test('deliveries of one moment share a sync, and other queues write nothing', async () => {
  const store = createJournalStore({ disk: new SimulatedDisk(), maxFileLength: 2 ** 20 })
  const harness = await RegionHarness.start({ store, deliveryPolicies })
  const client = harness.connect()
  for (const queue of ['queue://ORDERS.A', 'queue://OTHER'])
    for (let i = 0; i < 100; i++) client.send(queue, { persistent: true })
  await durable(store)
  const before = store.statistics()
  const other = client.consume('queue://OTHER')
  await seen(() => other.deliveries.length === 100)
  await durable(store)
  expect(store.statistics().recordsWritten).toBe(before.recordsWritten)
  const { syncs } = store.statistics()
  const consumer = client.consume('queue://ORDERS.A')
  expect(consumer.deliveries).toEqual([])
  await seen(() => consumer.deliveries.length === 100)
  expect(store.statistics().recordsWritten).toBe(before.recordsWritten + 100)
  expect(store.statistics().syncs).toBeLessThanOrEqual(syncs + 2)
  harness.region.stop()
  await store.close()
})

test('with a consumer that waits, the sync that stores messages is enough', async () => {
  const store = createJournalStore({ disk: new SimulatedDisk() })
  const harness = await RegionHarness.start({ store, deliveryPolicies, concurrentStoreAndDispatchQueues: true })
  const client = harness.connect()
  const consumer = client.consume('queue://ORDERS.A')
  const { syncs } = store.statistics()
  for (let i = 0; i < 3; i++) client.send('queue://ORDERS.A', { persistent: i !== 1 })
  expect(consumer.deliveries).toEqual([])
  await seen(() => consumer.deliveries.length === 3)
  expect(store.statistics().syncs).toBe(syncs + 1)
  const stored = await store.read(queueHolder('ORDERS.A'), 0, Number.MAX_SAFE_INTEGER, 10, 100_000)
  expect(stored.map(({ bytes }) => StoredMessage.scan(bytes).redeliveryCounter)).toEqual([1, 1])
  expect(consumer.acknowledge('standard', null, 2)).toEqual({ state: 'pending' })
  await durable(store)
  expect(store.statistics().messages).toBe(0)
  harness.region.stop()
  await store.close()
})

// Policies that meet in one destination: what each promises holds with the others.
import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { turns } from '../../support/turns.ts'
import { started, subscribe, topic } from './durable-harness.ts'
import { RegionHarness, type TestConsumer } from './region-harness.ts'

const byPriority = [
  { kind: 'queue', pattern: '>', prioritizedMessages: true },
  { kind: 'topic', pattern: '>', prioritizedMessages: true },
] as const

/** The store reads and writes in its own time. */
async function rest(harness: RegionHarness): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await harness.settle()
    await turns(5)
  }
}

/** Takes what comes, one message at a time, until nothing comes any more. */
async function drain(harness: RegionHarness, consumers: readonly TestConsumer[]): Promise<void> {
  const taken = consumers.map(() => 0)
  for (let before = -1; before < taken.reduce((sum, count) => sum + count, 0);) {
    before = taken.reduce((sum, count) => sum + count, 0)
    for (const [index, consumer] of consumers.entries())
      for (; taken[index]! < consumer.deliveries.length; taken[index]!++)
        consumer.acknowledge('individual', taken[index]!, taken[index]!)
    await rest(harness)
  }
}

test.each([true, false])(
  'a group of messages has one owner and goes by priority; persistent %s',
  async (persistent) => {
    const harness = await RegionHarness.start({ priorityPolicies: byPriority })
    const sender = harness.connect()
    for (const [groupId, priority] of [
      ['a', 4],
      ['a', 9],
      ['b', 0],
      ['a', 0],
      ['b', 9],
      ['a', 7],
    ] as const)
      sender.send('queue://Q', { groupId, priority, persistent })
    await rest(harness)
    const consumers = [1, 2].map(() => harness.connect().consume('queue://Q', { prefetchSize: 1 }))
    await drain(harness, consumers)
    expect(consumers.map(({ received }) => received)).toEqual([
      [2, 6, 1, 4],
      [5, 3],
    ])
  },
)

test('what a group of low priority has left finds another owner, behind what others passed over', async () => {
  const harness = await RegionHarness.start({ priorityPolicies: byPriority })
  const sender = harness.connect()
  const owner = harness.connect().consume('queue://Q', { prefetchSize: 1 })
  sender.send('queue://Q', { groupId: 'a', priority: 4 })
  await rest(harness)
  for (const priority of [0, 9, 0, 9]) sender.send('queue://Q', { groupId: 'a', priority, persistent: true })
  await rest(harness)
  const other = harness.connect().consume('queue://Q', { prefetchSize: 10 })
  await rest(harness)
  owner.acknowledge('standard', 0, 0)
  await rest(harness)
  expect([owner.received, other.received]).toEqual([[1, 3], []])
  owner.acknowledge('standard', 1, 1)
  owner.close()
  await rest(harness)
  expect(other.received).toEqual([5, 2, 4])
})

test('a browser sees a queue that goes by priority in the order of arrival', async () => {
  const harness = await RegionHarness.start({ priorityPolicies: byPriority, memoryLimit: 256 * 1024 })
  const client = harness.connect()
  const count = 200
  for (let n = 0; n < count; n++) client.send('queue://Q', { priority: n % 10, persistent: n % 3 !== 0 })
  await rest(harness)
  const browser = client.consume('queue://Q', { browser: true, prefetchSize: 1000 })
  for (let i = 0; i < 20 && browser.nothings === 0; i++) await rest(harness)
  expect(browser.received).toEqual(Array.from({ length: count }, (_, n) => n + 1))
  expect(browser.nothings).toBe(1)
})

test('redelivery survives a crash at every priority, and what a consumer alone is told is not stored', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  const options = {
    priorityPolicies: byPriority,
    deliveryPolicies: [{ kind: 'queue', pattern: 'Q', persistJMSRedelivered: true }],
  } as const
  const harness = await RegionHarness.start({ store, ...options })
  const client = harness.connect()
  for (const priority of [0, 9, 4]) client.send('queue://Q', { priority, persistent: true, groupId: 'a' })
  await rest(harness)
  const consumer = client.consume('queue://Q', { prefetchSize: 2 })
  await rest(harness)
  expect(consumer.received).toEqual([2, 3])
  disk.crashAfter(0)
  harness.region.stop()
  const after = createJournalStore({ disk: disk.restart(seededRandom(1)) })
  const next = await RegionHarness.start({ store: after, owner: soleOwner(2), ...options })
  const again = next.connect().consume('queue://Q')
  await rest(next)
  expect(
    again.deliveries.map(({ message, redeliveryCounter }) => [
      message.producerSequenceId,
      redeliveryCounter,
      message.groupFirstForConsumer,
    ]),
  ).toEqual([
    [2, 1, true],
    [3, 1, false],
    [1, 0, false],
  ])
  next.region.stop()
  await after.close()
})

test('what expires in a durable backlog that goes by priority goes from each priority', async () => {
  const all = await started({ priorityPolicies: byPriority })
  const { harness, publisher, subscriber, pending } = all
  subscribe(subscriber).close()
  const expiration = harness.clock.nowMs() + 1000
  for (const priority of [0, 4, 9]) {
    publisher.send(topic, { persistent: true, priority, expiration })
    publisher.send(topic, { persistent: true, priority })
  }
  await rest(harness)
  expect(pending()).toBe(6)
  harness.clock.advance(destinationLimits.expirySweepMs)
  await rest(harness)
  expect([pending(), harness.of(topic).expired]).toEqual([3, 3])
  const consumer = subscribe(subscriber)
  await rest(harness)
  expect(consumer.received).toEqual([6, 4, 2])
})

// Redelivery by the broker: what a client gives up is delivered again after a while. What the copies look like is ActiveMQ's
// (RedeliveryPlugin); the interop run compares both.
import { describe, expect, test } from '@jest/globals'
import type { BrokerRedeliveryConfig } from '../../../broker/destination/broker-redelivery.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import type { RedeliveryPolicy } from '../../../broker/destination/redelivery-policy.ts'
import type { Message } from '../../../broker/message/message.ts'
import type { RecoveredState, StoreOwner } from '../../../broker/store/message-store.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { seededRandom } from '../../../broker/base/random.ts'
import { durable } from '../../contract/message-store.ts'
import { createJournalStore } from '../../support/journal-stores.ts'
import { SimulatedDisk } from '../../support/simulated-disk.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { TestTempStore } from '../../support/test-temp-store.ts'
import { RegionHarness, type HarnessOptions, type TestConsumer, type TestSend } from './region-harness.ts'

const policy: RedeliveryPolicy = {
  maximumRedeliveries: 2,
  initialRedeliveryDelayMs: 1000,
  redeliveryDelayMs: 5000,
  maximumRedeliveryDelayMs: null,
  useExponentialBackOff: false,
  backOffMultiplier: 5,
  useCollisionAvoidance: false,
  collisionAvoidancePercent: 15,
}
const redelivery: BrokerRedeliveryConfig = {
  policies: [{ kind: 'queue', pattern: 'Q', ...policy }],
  defaultPolicy: null,
  sendToDlqIfMaxRetriesExceeded: true,
  fallbackToDeadLetter: true,
}
const property = (message: Message, name: string): unknown => message.decodeProperties().get(name)

/** Opened a second time it has what it had: two messages of the queue. */
class KeptStore extends MemoryStore {
  #opened = false

  override async open(owner: StoreOwner): Promise<RecoveredState> {
    if (this.#opened)
      return {
        queues: [{ name: 'Q', messageCount: 2, messageBytes: 0 }],
        subscriptions: [],
        arrivals: [],
        lastSequence: 3,
      }
    this.#opened = true
    return super.open(owner)
  }
}

async function start(options: HarnessOptions = {}) {
  const harness = await RegionHarness.start({ redelivery, ...options })
  const client = harness.connect()
  const consumer = client.consume('queue://Q')
  const send = async (message: TestSend = {}) => {
    client.send('queue://Q', { persistent: true, ...message })
    await harness.settle()
  }
  const poison = async (index: number, of: TestConsumer = consumer) => {
    const outcome = of.acknowledge('poison', index, index, { messageCount: 1, cause: 'java.lang.Throwable: no' })
    await harness.settle()
    return outcome
  }
  const pass = async (durationMs: number) => {
    harness.clock.advance(durationMs)
    await harness.settle()
  }
  return { harness, client, consumer, send, poison, pass }
}

describe.each([true, false])('a message that its client gives up, persistent: %s', (persistent) => {
  test('comes again when its delay is over, counted, and is a dead letter after the last round', async () => {
    const { harness, client, consumer, send, poison, pass } = await start({
      deadLetter: { queue: 'DLQ', processExpired: true, processNonPersistent: true },
    })
    await send({ persistent, body: 'b' })
    expect((await poison(0)).state).toBe('done')
    expect(harness.of('queue://Q')).toMatchObject({ size: 1, inFlight: 0, awaitingRedelivery: 1 })
    await pass(999)
    expect(consumer.received).toEqual([1])
    await pass(1)
    expect(consumer.deliveries[1]).toMatchObject({ redeliveryCounter: 1 })
    expect(consumer.deliveries[1]!.message.messageId).toBe(consumer.deliveries[0]!.message.messageId)
    expect(property(consumer.deliveries[1]!.message, 'redeliveryDelay')).toEqual({ type: 'long', value: 1000 })
    await poison(1)
    await pass(4999)
    expect(consumer.deliveries).toHaveLength(2)
    await pass(1)
    expect(consumer.deliveries[2]).toMatchObject({ redeliveryCounter: 2 })
    expect(property(consumer.deliveries[2]!.message, 'redeliveryDelay')).toEqual({ type: 'long', value: 5000 })
    await poison(2)
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, awaitingRedelivery: 0, memoryUsed: 0 })
    const [letter] = client.consume('queue://DLQ').deliveries
    expect(letter!.message.content!.toString()).toBe('b')
    expect(property(letter!.message, 'dlqDeliveryFailureCause')).toMatchObject({ value: 'java.lang.Throwable: no' })
  })

  test('does not keep the others waiting, and they keep their order', async () => {
    const { consumer, send, poison, pass } = await start()
    for (let i = 0; i < 4; i++) await send({ persistent })
    await poison(0)
    await poison(1)
    await send({ persistent })
    expect(consumer.received).toEqual([1, 2, 3, 4, 5])
    await pass(1000)
    expect(consumer.received).toEqual([1, 2, 3, 4, 5, 1, 2])
  })

  test('is put off among others that nobody has read yet', async () => {
    const { harness, client, consumer, send, poison, pass } = await start({
      memoryLimit: 8192,
      temp: new TestTempStore(),
    })
    await send({ persistent })
    consumer.close(-1)
    const slow = client.consume('queue://Q', { prefetchSize: 1 })
    for (let i = 0; i < 30; i++) await send({ persistent })
    await poison(0, slow)
    await pass(1000)
    const seen: number[] = []
    for (let index = 1; index < slow.deliveries.length; index++) {
      seen.push(slow.received[index]!)
      slow.acknowledge('standard', index, index, { messageCount: 1 })
      await harness.settle()
    }
    expect(seen).toHaveLength(31)
    expect(seen.filter((one) => one !== 1)).toEqual(Array.from({ length: 30 }, (_, index) => index + 2))
    expect(harness.of('queue://Q')).toMatchObject({ size: 0, memoryUsed: 0 })
  })
})

describe('what waits', () => {
  test('is in the store, and the next broker goes on with the wait and the count', async () => {
    const store = new KeptStore()
    const first = await start({ store })
    await first.send()
    await first.send()
    await first.poison(0)
    expect(store.statistics().messages).toBe(2)
    first.harness.region.stop()
    expect(first.harness.clock.pendingTimers).toBe(0)

    const second = await start({ store: store })
    await second.harness.settle()
    expect(second.consumer.received).toEqual([2])
    expect(second.harness.of('queue://Q')).toMatchObject({ size: 2, inFlight: 1, awaitingRedelivery: 1 })
    await second.pass(1000)
    expect(second.consumer.deliveries[1]).toMatchObject({ redeliveryCounter: 1 })
    await second.poison(1)
    await second.pass(5000)
    expect(second.consumer.deliveries[2]).toMatchObject({ redeliveryCounter: 2 })
    await second.poison(2)
    expect(second.harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })

  test('has no body in memory when the store has it', async () => {
    const { harness, send, poison } = await start()
    await send({ body: 'x'.repeat(1000) })
    await poison(0)
    expect(harness.of('queue://Q')).toMatchObject({ size: 1, memoryUsed: 0 })
  })

  test('of a queue that is deleted is gone with it', async () => {
    const { harness, client, consumer, send, poison, pass } = await start()
    await send({ persistent: false })
    await poison(0)
    consumer.close()
    client.connection.removeDestination({ kind: 'queue', name: 'Q' })
    expect(harness.region.memory().used).toBe(0)
    await pass(5000)
    expect(client.consume('queue://Q').received).toEqual([])
  })

  test('waits for consumers that do not want every message, too', async () => {
    const { harness, consumer, send, poison, pass } = await start()
    const other = harness.connect().consume('queue://Q', { noLocal: true })
    await send()
    await send()
    const [given] = [...consumer.received, ...other.received]
    expect(given).toBe(1)
    const by = consumer.received[0] === 1 ? consumer : other
    await poison(0, by)
    await pass(999)
    expect(consumer.deliveries.length + other.deliveries.length).toBe(2)
    await pass(1)
    expect(consumer.deliveries.length + other.deliveries.length).toBe(3)
  })

  test('and lives as long as it was to live, from when it is due', async () => {
    const { harness, consumer, client, poison, pass } = await start()
    const nowMs = harness.clock.nowMs()
    const message = client
      .message('queue://Q', { persistent: true, expiration: nowMs + 500 })
      .withChanges({ timestamp: nowMs })
    client.outcome((done) => client.connection.send(message, null, done))
    await harness.settle()
    await poison(0)
    await pass(1000)
    expect(consumer.deliveries[1]!.message).toMatchObject({ timestamp: nowMs + 1000, expiration: nowMs + 1500 })
  })
})

describe('what has no policy', () => {
  test('becomes a dead letter at once', async () => {
    const { harness, client } = await start()
    const other = client.consume('queue://R')
    client.send('queue://R', { persistent: true })
    await harness.settle()
    other.acknowledge('poison', 0, 0)
    await harness.settle()
    expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
  })

  test('is dropped, when it is not to fall back to dead letters', async () => {
    const { harness, client } = await start({ redelivery: { ...redelivery, fallbackToDeadLetter: false } })
    const other = client.consume('queue://R')
    client.send('queue://R', { persistent: true })
    await harness.settle()
    const outcome = other.acknowledge('poison', 0, 0)
    await harness.settle()
    expect(outcome.state).toBe('done')
    expect(harness.store.statistics().messages).toBe(0)
  })

  test('has that of the default entry', async () => {
    const { harness, client, pass } = await start({ redelivery: { ...redelivery, defaultPolicy: policy } })
    const other = client.consume('queue://R')
    client.send('queue://R', { persistent: true })
    await harness.settle()
    other.acknowledge('poison', 0, 0)
    await harness.settle()
    expect(harness.of('queue://R').awaitingRedelivery).toBe(1)
    await pass(1000)
    expect(other.received).toEqual([1, 1])
  })
})

test('what was delivered too often is dropped, when it is not to become a dead letter', async () => {
  const { harness, send, poison } = await start({
    redelivery: {
      ...redelivery,
      policies: [{ kind: 'queue', pattern: '>', ...policy, maximumRedeliveries: 0 }],
      sendToDlqIfMaxRetriesExceeded: false,
    },
  })
  await send()
  expect((await poison(0)).state).toBe('done')
  expect(harness.store.statistics().messages).toBe(0)
})

test('what has expired becomes a dead letter, whatever the policy', async () => {
  const { harness, send, poison } = await start()
  await send({ expiration: harness.clock.nowMs() + 500 })
  harness.clock.advance(600)
  await poison(0)
  expect(harness.of('queue://Q').size).toBe(0)
  expect(harness.of('queue://ActiveMQ.DLQ').size).toBe(1)
})

test('a time of arrival that a client has set means nothing', async () => {
  const { harness, client, consumer } = await start()
  const message = client
    .message('queue://Q', { persistent: true })
    .withChanges({ arrival: harness.clock.nowMs() + 60_000 })
  client.outcome((done) => client.connection.send(message, null, done))
  await harness.settle()
  expect(consumer.received).toEqual([1])
})

test('at the limit messages are not put off any more: they come again behind the others', async () => {
  const { maximumAwaitingRedelivery: limit } = destinationLimits
  const limits = destinationLimits as { maximumAwaitingRedelivery: number }
  limits.maximumAwaitingRedelivery = 2
  try {
    const { harness, consumer, send, poison, pass } = await start()
    for (let i = 0; i < 4; i++) await send()
    for (let i = 0; i < 4; i++) await poison(i)
    expect(harness.of('queue://Q')).toMatchObject({ size: 4, awaitingRedelivery: 2 })
    expect(consumer.received).toEqual([1, 2, 3, 4, 3, 4])
    expect(harness.logged.map(({ fields }) => fields)).toEqual([{ queue: 'Q', limit: 2 }])
    await pass(1000)
    expect(consumer.received).toEqual([1, 2, 3, 4, 3, 4, 1, 2])
  } finally {
    limits.maximumAwaitingRedelivery = limit
  }
})

test('the one that is due first is not behind one that was put off before it', async () => {
  const delays = { ...policy, initialRedeliveryDelayMs: 5000, redeliveryDelayMs: 1000 }
  const { consumer, send, poison, pass } = await start({
    redelivery: { ...redelivery, policies: [{ kind: 'queue', pattern: 'Q', ...delays }] },
  })
  for (let i = 0; i < 5; i++) await send()
  await poison(0)
  await pass(5000)
  await poison(1)
  await poison(2)
  await poison(5)
  await pass(1000)
  expect(consumer.received).toEqual([1, 2, 3, 4, 5, 1, 1])
  await pass(4000)
  expect(consumer.received).toEqual([1, 2, 3, 4, 5, 1, 1, 2, 3])
})

// The message and its copy are one transaction: a crash leaves one of both, and an answer means that it is the copy.
test.each([0, 1, 2, 3, 4])(
  'a crash after %i changes on the disk loses neither the message nor its wait',
  async (changes) => {
    const disk = new SimulatedDisk()
    const store = createJournalStore({ disk })
    const { harness, consumer, send } = await start({ store, owner: soleOwner(1) })
    await send()
    await durable(store)
    await seen(() => consumer.deliveries.length === 1)
    disk.crashAfter(changes)
    const outcome = consumer.acknowledge('poison', 0, 0)
    await Promise.race([durable(store), disk.whenCrashed])
    harness.region.stop()
    const answered = outcome.state === 'done'

    const after = createJournalStore({ disk: disk.restart(seededRandom(changes)) })
    const next = await start({ store: after, owner: soleOwner(2) })
    const waiting = (): number => next.harness.of('queue://Q').awaitingRedelivery
    await seen(() => waiting() + next.consumer.deliveries.length === 1)
    if (answered) expect(waiting()).toBe(1)
    const waited = waiting()
    next.harness.clock.advance(1000)
    await seen(() => next.consumer.deliveries.length === 1)
    expect(next.consumer.deliveries[0]).toMatchObject({ redeliveryCounter: waited })
    expect(next.harness.of('queue://Q').size).toBe(1)
    next.harness.region.stop()
    await after.close()
  },
)

/** Until it is so; the store reads in its own time. */
async function seen(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition() && turns < 10_000; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(condition()).toBe(true)
}

import { expect, test } from '@jest/globals'
import type { QueueEntry } from '../../../../broker/destination/entry.ts'
import { FirstDeliveries } from '../../../../broker/destination/queue/first-deliveries.ts'
import { StoredMessage } from '../../../../broker/message/stored-message.ts'
import { QueueHarness } from './queue-harness.ts'

/** What the store is told, and deliveries in the order in which they leave. */
async function made() {
  const harness = new QueueHarness(2 ** 30)
  for (let number = 1; number <= 4; number++) harness.arrive(number, harness.write(number))
  harness.sendVolatile(5)
  await harness.rest()
  const consumer = harness.consumer(5)
  const entries = consumer.held.splice(0)
  harness.given.length = 0
  for (const entry of entries) entry.holder = consumer
  const told: string[] = []
  const syncs: (() => void)[] = []
  const delivered: number[] = []
  const deliveries = new FirstDeliveries({
    store: {
      update: ({ bytes }, sequence) => void told.push(`${sequence}:${StoredMessage.scan(bytes).redeliveryCounter}`),
      whenDurable: (callback) => void syncs.push(callback),
    },
    holderOf: () => harness.queue.holder,
    delivered: ({ sequence }) => void delivered.push(sequence),
  })
  const give = (...numbers: number[]): void => {
    for (const number of numbers) {
      const entry = entries[number - 1]!
      deliveries.give(entry, entry.message!, consumer)
    }
  }
  const sync = (): void => {
    for (const callback of syncs.splice(0)) callback()
  }
  const given = (): number[] => harness.given.map(({ entry }: { entry: QueueEntry }) => entry.sequence)
  return { consumer, entries, told, delivered, give, sync, given }
}

test('a message has its place at once, and leaves when the store knows that it was delivered', async () => {
  const { consumer, told, delivered, give, sync, given } = await made()
  give(1, 2)
  expect(consumer.held).toHaveLength(2)
  expect(told).toEqual(['1:1', '2:1'])
  expect(given()).toEqual([])
  sync()
  expect(given()).toEqual([1, 2])
  expect(delivered).toEqual([1, 2])
})

test('what the store need not be told waits for those before it, and for nobody else', async () => {
  const { entries, told, give, sync, given } = await made()
  entries[1]!.redeliveryCounter = 1
  give(5, 2)
  expect(given()).toEqual([5, 2])
  give(1)
  entries[2]!.redeliveryCounter = 2
  give(3)
  expect(given()).toEqual([5, 2])
  sync()
  expect(given()).toEqual([5, 2, 1, 3])
  expect(told).toEqual(['1:1'])
})

test('the store is told once, and nothing is delivered to a consumer that has gone', async () => {
  const { consumer, entries, told, give, sync, given } = await made()
  give(1)
  consumer.held.length = 0
  entries[0]!.holder = null
  sync()
  expect(given()).toEqual([])
  entries[0]!.holder = consumer
  give(1)
  expect(given()).toEqual([1])
  expect(told).toEqual(['1:1'])
})

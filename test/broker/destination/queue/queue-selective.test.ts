// What a queue costs, and does, when its consumers do not want every message. queue-model.test.ts tries it at random.
import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueHarness } from './queue-harness.ts'

const { windowMessages, pageMessages } = destinationLimits

const filled = async (count: number, memoryLimit = 2 ** 30) => {
  const harness = new QueueHarness(memoryLimit)
  for (let number = 1; number <= count; number++) harness.arrive(number, harness.write(number))
  await harness.rest()
  return harness
}

const numbers = (harness: QueueHarness): number[] => harness.given.map(({ entry }) => entry.sequence)

test('a consumer that wants nothing is asked once about each message, and the store is read once', async () => {
  const harness = await filled(5000)
  const nothing = harness.consumer(10, () => false)
  await harness.rest()
  expect(nothing.asked).toBe(5000)
  expect(harness.reads).toBe((5000 - windowMessages) / pageMessages)
  for (let number = 5001; number <= 5100; number++) harness.arrive(number, harness.write(number))
  harness.queue.dispatch()
  await harness.rest()
  expect(nothing.asked).toBe(5100)
  expect(harness.reads).toBe((5000 - windowMessages) / pageMessages)
})

test('many with wishes of their own are asked once each, and share what is read', async () => {
  const harness = await filled(3000)
  const consumers = Array.from({ length: 20 }, (_, i) => harness.consumer(1000, (number) => number % 50 === i))
  await harness.rest()
  expect(harness.given).toHaveLength((3000 / 50) * 20)
  for (const { asked } of consumers) expect(asked).toBeLessThanOrEqual(3000)
  expect(harness.reads).toBeLessThanOrEqual(2 + ((3000 - windowMessages) / pageMessages) * 2)
})

test('one with a small window goes on where it ran full, and others do not hold it up', async () => {
  const harness = await filled(4000)
  const slow = harness.consumer(1, (number) => number % 2 === 0)
  const quick = harness.consumer(4000, (number) => number % 10 === 1)
  await harness.rest()
  expect(quick.held).toHaveLength(400)
  for (let next = 2; next <= 4000; next += 2) {
    expect(slow.held.map(({ sequence }) => sequence)).toEqual([next])
    harness.acknowledge(slow, slow.held[0]!)
    await harness.rest()
  }
  expect(slow.asked).toBeLessThanOrEqual(4000)
  expect(harness.queue.size).toBe(2000)
})

test('while one goes on, those who have looked are asked no more than a few times', async () => {
  const harness = await filled(windowMessages)
  const others = Array.from({ length: 50 }, () => harness.consumer(1, () => false))
  const one = harness.consumer(1, (number) => number % 500 === 1)
  expect(one.held.map(({ sequence }) => sequence)).toEqual([1])
  for (const other of others) other.askedForRoom = other.asked = 0
  harness.acknowledge(one, one.held[0]!)
  await harness.rest()
  expect([one.held.map(({ sequence }) => sequence), one.asked]).toEqual([[501], 501])
  for (const other of others) expect([other.askedForRoom <= 10, other.asked]).toEqual([true, 0])
})

test('what was passed over takes no more memory than a window, whatever the limit', async () => {
  const harness = await filled(2000, 200 * 1024)
  const nothing = harness.consumer(10, () => false)
  await harness.rest()
  expect(nothing.asked).toBe(2000)
  expect(harness.memory.used).toBeLessThanOrEqual(200 * 1024)
  harness.close(nothing)
  const all = harness.consumer(2000)
  await harness.rest()
  expect(all.held).toHaveLength(2000)
  expect(numbers(harness)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1))
})

test('nothing is kept for those who looked when they are gone', async () => {
  const harness = await filled(3000)
  const consumer = harness.consumer(1, (number) => number > 1200)
  await harness.rest()
  expect(numbers(harness)).toEqual([1201])
  const { memoryUsed } = harness.queue
  expect(harness.memory.used).toBeGreaterThan(memoryUsed)
  harness.close(consumer)
  expect(harness.memory.used).toBe(harness.queue.memoryUsed)
})

test('a read that ends when nobody looks any more keeps nothing', async () => {
  const harness = await filled(3000)
  const consumer = harness.consumer(10, () => false)
  expect(harness.queue.loading).toBe(true)
  harness.close(consumer)
  await harness.rest()
  expect(harness.memory.used).toBe(harness.queue.memoryUsed)
})

test('many pages that are looked through leave others their turn', async () => {
  const pages = destinationLimits.lookPagesAtOnce
  const harness = await filled(windowMessages + (pages + 1) * pageMessages)
  const nothing = harness.consumer(10, () => false)
  for (let page = 0; page < pages; page++) await harness.answer()
  expect([harness.reads, harness.queue.loading]).toEqual([pages, true])
  harness.clock.advance(0)
  await harness.answer()
  expect(harness.reads).toBe(pages + 1)
  await harness.rest()
  expect(nothing.asked).toBe(windowMessages + (pages + 1) * pageMessages)
})

test('a pull is answered when all was looked at', async () => {
  const harness = await filled(2500)
  const consumer = harness.consumer(1, () => false)
  expect(consumer.pulls).toBe(0)
  await harness.rest()
  expect(consumer.pulls).toBe(1)
})

test('a failed read is tried again from where it failed', async () => {
  const harness = await filled(2500)
  harness.failing = true
  const consumer = harness.consumer(5, (number) => number > 2000)
  await harness.answer()
  expect(harness.errors.splice(0)).toHaveLength(1)
  harness.failing = false
  harness.clock.advance(destinationLimits.readRetryMs)
  await harness.rest()
  expect(consumer.held.map(({ sequence }) => sequence)).toEqual([2001, 2002, 2003, 2004, 2005])
})

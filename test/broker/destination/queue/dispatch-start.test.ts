// What a queue has waits for consumers that are expected.
import { expect, test } from '@jest/globals'
import { defaultDispatchPolicy, type DispatchPolicy } from '../../../../broker/destination/queue/dispatch-policy.ts'
import { destinationLimits } from '../../../../broker/destination/limits.ts'
import { QueueHarness } from './queue-harness.ts'

const { windowMessages, dispatchStartsMs } = destinationLimits

const harnessWith = (policy: Partial<DispatchPolicy>, messages: number): QueueHarness => {
  const harness = new QueueHarness(2 ** 30, { ...defaultDispatchPolicy, ...policy })
  for (let number = 1; number <= messages; number++)
    harness.arrive(number, harness.write(number, { groupId: `g${number % 3}` }))
  return harness
}

test('consumersBeforeDispatchStarts: groups are shared out among all of them', () => {
  const harness = harnessWith({ consumersBeforeDispatchStarts: 3 }, 6)
  const consumers = [harness.consumer(10), harness.consumer(10)]
  harness.arrive(7, harness.write(7, { groupId: 'g1' }))
  expect(harness.given).toEqual([])
  expect(harness.queue.takesAtOnce).toBe(false)
  consumers.push(harness.consumer(10))
  expect(consumers.map(({ held }) => held.map(({ sequence }) => sequence))).toEqual([
    [1, 4, 7],
    [2, 5],
    [3, 6],
  ])
})

test('for a second at most, unless timeBeforeDispatchStarts says how long', () => {
  for (const timeMs of [0, 50]) {
    const harness = harnessWith({ consumersBeforeDispatchStarts: 2, timeBeforeDispatchStartsMs: timeMs }, 1)
    const consumer = harness.consumer(10)
    harness.clock.advance((timeMs || dispatchStartsMs) - 1)
    expect(consumer.held).toEqual([])
    harness.clock.advance(1)
    expect(consumer.held).toHaveLength(1)
  }
})

test('timeBeforeDispatchStarts alone is waited for, however many come', () => {
  const harness = harnessWith({ timeBeforeDispatchStartsMs: 50 }, 3)
  for (let i = 0; i < 5; i++) harness.consumer(10)
  harness.clock.advance(49)
  expect(harness.given).toEqual([])
  harness.clock.advance(1)
  expect(harness.given).toHaveLength(3)
})

test('it begins anew when all have gone', () => {
  const harness = harnessWith({ consumersBeforeDispatchStarts: 2 }, 2)
  const consumers = [harness.consumer(10), harness.consumer(10)]
  expect(harness.given).toHaveLength(2)
  for (const consumer of consumers) harness.close(consumer)
  harness.given.length = 0
  harness.close(harness.consumer(10))
  harness.clock.advance(dispatchStartsMs)
  harness.consumer(10)
  expect(harness.given).toEqual([])
  harness.consumer(10)
  expect(harness.given).toHaveLength(2)
})

test('what comes meanwhile waits too, also behind what only the store has', async () => {
  const harness = harnessWith({ timeBeforeDispatchStartsMs: 50 }, windowMessages + 5)
  const consumer = harness.consumer(10_000, (number) => number > windowMessages)
  harness.arrive(windowMessages + 6, harness.write(windowMessages + 6))
  await harness.rest()
  expect(harness.given).toEqual([])
  harness.clock.advance(50)
  await harness.rest()
  expect(consumer.held).toHaveLength(6)
})

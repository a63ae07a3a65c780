import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { seededRandom } from '../../../../broker/base/random.ts'
import { jitterShare, quickestRetryMs, takeoverWithinMs } from '../../../../broker/network/supervision/limits.ts'
import { RetryDelays } from '../../../../broker/network/supervision/retry-delays.ts'
import { defaultDelays, noJitter } from './scripted-bridges.ts'

/** Each failure comes when the delay before it is over. */
function delaysOf(delays: RetryDelays, count: number, nowMs = 0): (number | null)[] {
  const seen: (number | null)[] = []
  for (let index = 0; index < count; index++) {
    const delay = delays.next(nowMs)
    seen.push(delay)
    nowMs += delay ?? 0
  }
  return seen
}

test('one broker: doubled from the first delay to the last', () => {
  const delays = new RetryDelays(defaultDelays, false, noJitter)
  expect(delaysOf(delays, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  delays.reset()
  expect(delays.next(0)).toBe(1000)
})

test('one broker: the same delay each time without back-off', () => {
  const delays = new RetryDelays({ ...defaultDelays, useExponentialBackOff: false }, false, noJitter)
  expect(delaysOf(delays, 3)).toEqual([1000, 1000, 1000])
})

test('a first delay of nothing stays the shortest one, however often it is multiplied', () => {
  const delays = new RetryDelays({ ...defaultDelays, initialReconnectDelayMs: 0 }, false, noJitter)
  expect(delaysOf(delays, 2000).every((delay) => delay === quickestRetryMs)).toBe(true)
})

test('several brokers: quick at first, then each initialReconnectDelay for a minute, then as one', () => {
  const delays = new RetryDelays(defaultDelays, true, noJitter)
  expect(delaysOf(delays, 6)).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(delays.next(takeoverWithinMs - 1)).toBe(1000)
  expect(delaysOf(delays, 3, takeoverWithinMs)).toEqual([1000, 2000, 4000])
  delays.reset()
  expect(delays.next(takeoverWithinMs * 2)).toBe(100)
})

test('attempts are counted without the quick ones, and the last one is the last', () => {
  const limited = { ...defaultDelays, maxReconnectAttempts: 3 }
  expect(delaysOf(new RetryDelays(limited, false, noJitter), 3)).toEqual([1000, 2000, null])
  const several = new RetryDelays(limited, true, noJitter)
  expect(delaysOf(several, 50)).not.toContain(null)
  expect(delaysOf(several, 3, takeoverWithinMs)).toEqual([1000, 2000, null])
})

test('nothing is tried more often than is good, nor later than was said', () => {
  fc.assert(
    fc.property(
      fc.record({
        initialReconnectDelayMs: fc.nat(60_000),
        maxReconnectDelayMs: fc.nat(60_000),
        useExponentialBackOff: fc.boolean(),
        backOffMultiplier: fc.integer({ min: 1, max: 100 }),
        maxReconnectAttempts: fc.constant(0),
        minConnectTimeMs: fc.constant(0),
      }),
      fc.boolean(),
      fc.nat(),
      (reconnect, several, seed) => {
        const delays = new RetryDelays(reconnect, several, seededRandom(seed))
        for (let round = 0, nowMs = 0; round < 200; round++) {
          const delay = delays.next(nowMs)!
          expect(delay).toBeGreaterThanOrEqual(quickestRetryMs * (1 - jitterShare))
          const { initialReconnectDelayMs, maxReconnectDelayMs } = reconnect
          expect(delay).toBeLessThanOrEqual(Math.max(initialReconnectDelayMs, maxReconnectDelayMs, quickestRetryMs))
          nowMs += delay
        }
      },
    ),
  )
})

import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { allowsAnother, delayMsAfter, type RedeliveryPolicy } from '../../../broker/destination/redelivery-policy.ts'

const policy: RedeliveryPolicy = {
  maximumRedeliveries: 6,
  initialRedeliveryDelayMs: 1000,
  redeliveryDelayMs: 1000,
  maximumRedeliveryDelayMs: null,
  useExponentialBackOff: false,
  backOffMultiplier: 5,
  useCollisionAvoidance: false,
  collisionAvoidancePercent: 15,
}
const delays = (changes: Partial<RedeliveryPolicy>, count = 6) =>
  Array.from({ length: count }, (_, round) => delayMsAfter({ ...policy, ...changes }, round, seededRandom(1)))

describe('delays', () => {
  // Read off ActiveMQ 5.17.2's RedeliveryPolicy, asked as its RedeliveryPlugin asks.
  test.each<[Partial<RedeliveryPolicy>, number[]]>([
    [{}, [1000, 1000, 1000]],
    [{ initialRedeliveryDelayMs: 5000 }, [5000, 1000, 1000]],
    [{ initialRedeliveryDelayMs: 5000, redeliveryDelayMs: 2000 }, [5000, 2000, 2000]],
    [{ useExponentialBackOff: true }, [1000, 5000, 25_000, 125_000]],
    [
      { useExponentialBackOff: true, backOffMultiplier: 1.5, maximumRedeliveryDelayMs: 3000 },
      [1000, 1500, 2250, 3000, 3000],
    ],
    [
      { useExponentialBackOff: true, backOffMultiplier: 2, redeliveryDelayMs: 4000, maximumRedeliveryDelayMs: 3000 },
      [1000, 2000, 4000, 4000],
    ],
    [{ redeliveryDelayMs: 9000, maximumRedeliveryDelayMs: 3000 }, [1000, 9000, 9000]],
    [{ useExponentialBackOff: true, initialRedeliveryDelayMs: 0 }, [0, 1000, 5000, 25_000]],
    [
      { useExponentialBackOff: true, initialRedeliveryDelayMs: 5000, maximumRedeliveryDelayMs: 2000 },
      [5000, 2000, 2000],
    ],
  ])('of %j', (changes, expected) => {
    expect(delays(changes, expected.length)).toEqual(expected)
  })

  test('with collision avoidance vary by the percentage, but for the first', () => {
    const random = seededRandom(7)
    const seen = Array.from({ length: 200 }, () => delayMsAfter({ ...policy, useCollisionAvoidance: true }, 1, random))
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(850)
    expect(Math.max(...seen)).toBeLessThanOrEqual(1150)
    expect(new Set(seen).size).toBeGreaterThan(50)
    expect(delayMsAfter({ ...policy, useCollisionAvoidance: true }, 0, random)).toBe(1000)
  })

  test('never grow beyond what a clock can tell, however often', () => {
    const { longestRedeliveryDelayMs } = destinationLimits
    expect(delayMsAfter({ ...policy, useExponentialBackOff: true }, 2 ** 31 - 1, seededRandom(1))).toBe(
      longestRedeliveryDelayMs,
    )
    expect(delayMsAfter(policy, 2 ** 31 - 1, seededRandom(1))).toBe(1000)
  })
})

test('so many redeliveries are allowed, or any number', () => {
  expect([5, 6].map((redeliveries) => allowsAnother(policy, redeliveries))).toEqual([true, false])
  expect(allowsAnother({ ...policy, maximumRedeliveries: -1 }, 1e9)).toBe(true)
  expect(allowsAnother({ ...policy, maximumRedeliveries: 0 }, 0)).toBe(false)
})

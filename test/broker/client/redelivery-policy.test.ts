import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../broker/base/random.ts'
import { parseConnectionUrl } from '../../../broker/client/parse-connection-url.ts'
import { isBeyond, nextRedeliveryDelayMs, redeliveryPolicyOf } from '../../../broker/client/redelivery-policy.ts'

const policy = (query: string) =>
  redeliveryPolicyOf(
    parseConnectionUrl(`tcp://a:1?${query.replaceAll(/(^|&)(?=.)/g, '$1jms.redeliveryPolicy.')}`).options,
  )

const delays = (query: string, count: number): number[] => {
  const random = seededRandom(1)
  const result: number[] = []
  for (let index = 0; index < count; index++)
    result.push(nextRedeliveryDelayMs(policy(query), result.at(-1) ?? 0, random))
  return result
}

test('six redeliveries by default, with a second before each', () => {
  expect(isBeyond(policy(''), 6)).toBe(false)
  expect(isBeyond(policy(''), 7)).toBe(true)
  expect(delays('', 3)).toEqual([1000, 1000, 1000])
})

test('-1 is without end', () => {
  expect(isBeyond(policy('maximumRedeliveries=-1'), 1000)).toBe(false)
})

test('exponential back-off up to a maximum', () => {
  expect(delays('useExponentialBackOff=true&maximumRedeliveryDelay=20000', 4)).toEqual([1000, 5000, 20_000, 20_000])
})

test('collision avoidance spreads the delays', () => {
  const spread = delays('useCollisionAvoidance=true', 20)
  expect(Math.min(...spread)).toBeGreaterThanOrEqual(850)
  expect(Math.max(...spread)).toBeLessThanOrEqual(1150)
  expect(new Set(spread).size).toBeGreaterThan(1)
})

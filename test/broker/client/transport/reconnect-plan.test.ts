import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../../broker/base/random.ts'
import { parseBrokerUrl, parseEndpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import {
  isAttemptLimitReached,
  planCandidates,
  reconnectDelayMs,
} from '../../../../broker/client/transport/reconnect-plan.ts'

const options = (query: string) => parseBrokerUrl(`failover:(tcp://a:1)?${query}`).failover!
const endpoints = (...names: string[]) => names.map((name) => parseEndpoint(`tcp://${name}:1`))
const plan = (sources: Partial<Parameters<typeof planCandidates>[0]>, seed = 1) =>
  planCandidates(
    { updated: [], configured: [], failedUri: null, randomize: false, priorityUris: [], ...sources },
    seededRandom(seed),
  ).map(({ host }) => host)

test('the pause doubles from 10 ms to 30 s', () => {
  const delays = Array.from({ length: 14 }, (_, index) => reconnectDelayMs(options(''), index + 1))
  expect(delays.slice(0, 4)).toEqual([10, 20, 40, 80])
  expect(delays.at(-1)).toBe(30_000)
})

test('without exponential back-off it stays', () => {
  expect(reconnectDelayMs(options('useExponentialBackOff=false&initialReconnectDelay=50'), 9)).toBe(50)
})

test('attempts are rounds: -1 is without end, 0 is one round, and the start can have its own limit', () => {
  expect(isAttemptLimitReached(options(''), 1000, true)).toBe(false)
  expect(isAttemptLimitReached(options('maxReconnectAttempts=0'), 1, true)).toBe(true)
  expect(isAttemptLimitReached(options('maxReconnectAttempts=3'), 2, true)).toBe(false)
  expect(isAttemptLimitReached(options('maxReconnectAttempts=3'), 3, true)).toBe(true)
  expect(isAttemptLimitReached(options('startupMaxReconnectAttempts=2'), 2, false)).toBe(true)
  expect(isAttemptLimitReached(options('startupMaxReconnectAttempts=2'), 2, true)).toBe(false)
})

test('announced brokers come before configured ones, without duplicates', () => {
  expect(plan({ updated: endpoints('c', 'b'), configured: endpoints('a', 'b') })).toEqual(['c', 'b', 'a'])
})

test('the broker that was lost last goes to the end, and one with priority to the front', () => {
  const configured = endpoints('a', 'b', 'c')
  expect(plan({ configured, failedUri: 'tcp://a:1' })).toEqual(['b', 'c', 'a'])
  expect(plan({ configured, priorityUris: ['tcp://c:1'] })).toEqual(['c', 'a', 'b'])
})

test('randomize shuffles', () => {
  const configured = endpoints('a', 'b', 'c', 'd')
  const orders = new Set(Array.from({ length: 50 }, (_, seed) => plan({ configured, randomize: true }, seed).join('')))
  expect(orders.size).toBeGreaterThan(10)
})

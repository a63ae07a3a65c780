// What the configuration says of destinations, in the region's terms.
import { expect, test } from '@jest/globals'
import { parseBrokerConfigText } from '../../../broker/config/load.ts'
import {
  expiryPoliciesOf,
  networkFilterPoliciesOf,
  recoveryPoliciesOf,
  toldVirtualDestinationsOf,
} from '../../../broker/member/region-settings.ts'

test('expiry policies', async () => {
  const text = "destinationPolicies: [{queue: '>', expireMessagesPeriod: 1m, maxExpirePageSize: 400}, {topic: A}]"
  expect(expiryPoliciesOf(await parseBrokerConfigText('file', text))).toEqual([
    { kind: 'queue', pattern: '>', expireMessagesPeriodMs: 60_000, maxExpirePageSize: 400 },
    { kind: 'topic', pattern: 'A', expireMessagesPeriodMs: 30_000, maxExpirePageSize: 5000 },
  ])
})

test.each([
  ['timedSubscriptionRecoveryPolicy: {recoverDuration: 5m}', { kind: 'timed', recoverDurationMs: 300_000 }],
  ['fixedCountSubscriptionRecoveryPolicy: {}', { kind: 'fixedCount', maximumSize: 100 }],
  ['fixedSizedSubscriptionRecoveryPolicy: {}', { kind: 'fixedSized', maximumBytes: 65_536 }],
  ['fixedSizedSubscriptionRecoveryPolicy: {maximumSize: 1M}', { kind: 'fixedSized', maximumBytes: 1_000_000 }],
  ['lastImageSubscriptionRecoveryPolicy: {}', { kind: 'lastImage' }],
  ['noSubscriptionRecoveryPolicy: {}', null],
])('a recovery policy: %s', async (policy, recovery) => {
  const text = `destinationPolicies: [{topic: A.>, alwaysRetroactive: true, subscriptionRecoveryPolicy: {${policy}}}]`
  expect(recoveryPoliciesOf(await parseBrokerConfigText('file', text))).toEqual([
    { kind: 'topic', pattern: 'A.>', alwaysRetroactive: true, recovery },
  ])
})

test('a topic whose policy names none keeps nothing', async () => {
  expect(recoveryPoliciesOf(await parseBrokerConfigText('file', 'destinationPolicies: [{topic: A}]'))).toEqual([
    { kind: 'topic', pattern: 'A', alwaysRetroactive: false, recovery: null },
  ])
})

test('what bridges may take along; by default messages go back to where there are consumers', async () => {
  const text = `
destinationPolicies:
  - queue: A.>
    conditionalNetworkBridgeFilter: {replayWhenNoConsumers: false, replayDelay: 2s, rateLimit: 7, rateDuration: 5s, selectorAware: true}
  - topic: B
`
  expect(networkFilterPoliciesOf(await parseBrokerConfigText('file', text))).toEqual([
    {
      kind: 'queue',
      pattern: 'A.>',
      replayWhenNoConsumers: false,
      replayDelayMs: 2000,
      rateLimit: 7,
      rateDurationMs: 5000,
      selectorAware: true,
    },
    {
      kind: 'topic',
      pattern: 'B',
      replayWhenNoConsumers: true,
      replayDelayMs: 0,
      rateLimit: 0,
      rateDurationMs: 1000,
      selectorAware: false,
    },
  ])
})

test.each([
  ['{}', 0],
  ['useVirtualDestSubs: true', 1],
  ['{useVirtualDestSubs: true, useVirtualTopics: false}', 0],
])('bridges are told of consumers of virtual destinations only where that is wanted: %s', async (text, count) => {
  expect(toldVirtualDestinationsOf(await parseBrokerConfigText('file', text))).toHaveLength(count)
})

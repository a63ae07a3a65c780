// What the configuration says of destinations, in the region's terms.
import { expect, test } from '@jest/globals'
import { parseBrokerConfigText } from '../../../broker/config/load.ts'
import { expiryPoliciesOf, recoveryPoliciesOf } from '../../../broker/member/region-settings.ts'

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

// Policies of the broker that java/JmsSuite.java runs against.
import type { BrokerConfigInput } from '../../broker/config/schema.ts'

export const suitePolicies: BrokerConfigInput = {
  destinationPolicies: [
    {
      topic: 'SUITE.KEPT.COUNT',
      subscriptionRecoveryPolicy: { fixedCountSubscriptionRecoveryPolicy: { maximumSize: 3 } },
    },
    { topic: 'SUITE.KEPT.LAST.>', subscriptionRecoveryPolicy: { lastImageSubscriptionRecoveryPolicy: {} } },
    {
      topic: 'SUITE.KEPT.ALWAYS',
      alwaysRetroactive: true,
      subscriptionRecoveryPolicy: { timedSubscriptionRecoveryPolicy: {} },
    },
    { topic: 'SUITE.EXPIRES.>', expireMessagesPeriod: '500ms' },
    { queue: 'SUITE.by-priority', prioritizedMessages: true },
  ],
}

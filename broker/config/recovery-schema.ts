// Subscription recovery policies in the configuration, by ActiveMQ's names: what a topic keeps for retroactive consumers. The
// operator takes the same into BrokerCluster.
import { z } from 'zod'
import { duration, notThere, oneOf } from './schema-parts.ts'

/** Each is held by its reference only, but somebody may ask for all of them at once. */
const maxKeptMessages = 100_000

export const fixedCountRecoveryFields = {
  maximumSize: z.int().min(1).max(maxKeptMessages).default(100).describe('How many messages.'),
}

export const fixedSizedRecoveryFields = {
  maximumSize: z
    .string()
    .max(12)
    .regex(/^[1-9][0-9]{0,8}(k|M|Ki|Mi)?$/, { error: 'expected a size such as 64Ki, 1Mi' })
    .default('64Ki')
    .describe('How many bytes of memory: 1024 for each message, and its body and properties.'),
  useSharedBuffer: z.boolean().default(true).describe('Changes nothing: each topic has its own messages.'),
}

export const timedRecoveryFields = {
  recoverDuration: duration.default('60s').describe('How long.'),
}

export const recoveryPolicyKinds = [
  'fixedCountSubscriptionRecoveryPolicy',
  'fixedSizedSubscriptionRecoveryPolicy',
  'timedSubscriptionRecoveryPolicy',
  'lastImageSubscriptionRecoveryPolicy',
  'noSubscriptionRecoveryPolicy',
] as const

export const subscriptionRecoveryPolicySchema = z
  .strictObject({
    fixedCountSubscriptionRecoveryPolicy: z.strictObject(fixedCountRecoveryFields).optional(),
    fixedSizedSubscriptionRecoveryPolicy: z.strictObject(fixedSizedRecoveryFields).optional(),
    timedSubscriptionRecoveryPolicy: z.strictObject(timedRecoveryFields).optional(),
    lastImageSubscriptionRecoveryPolicy: z.strictObject({}).optional(),
    noSubscriptionRecoveryPolicy: z.strictObject({}).optional(),
    queryBasedSubscriptionRecoveryPolicy: notThere('its query is a Java class, and there are none in this broker'),
    retainedMessageSubscriptionRecoveryPolicy: notThere('retained messages are not supported by this version'),
  })
  .refine(
    ...oneOf(
      ...recoveryPolicyKinds,
      'queryBasedSubscriptionRecoveryPolicy',
      'retainedMessageSubscriptionRecoveryPolicy',
    ),
  )

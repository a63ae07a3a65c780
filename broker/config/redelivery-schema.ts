// Redelivery by the broker in the configuration, by the names of ActiveMQ's RedeliveryPlugin, RedeliveryPolicyMap and
// RedeliveryPolicy. The operator takes the same into BrokerCluster.
import { z } from 'zod'
import { duration, name } from './schema-parts.ts'

const maxRedeliveryPolicies = 256

const redeliveryPolicyFields = {
  maximumRedeliveries: z
    .int()
    .min(-1)
    .max(1_000_000)
    .default(6)
    .describe('How often a message is delivered again after its client has given it up. -1: without end.'),
  initialRedeliveryDelay: duration.default('1s').describe('How long it waits the first time.'),
  redeliveryDelay: duration.default('1s').describe('How long it waits from the second time on.'),
  useExponentialBackOff: z
    .boolean()
    .default(false)
    .describe('true: each delay is backOffMultiplier times the one before it.'),
  backOffMultiplier: z.number().min(1).max(1000).default(5).describe('See useExponentialBackOff.'),
  maximumRedeliveryDelay: duration
    .optional()
    .describe('The longest of delays that grow, but not shorter than redeliveryDelay. Left out: a year.'),
  useCollisionAvoidance: z
    .boolean()
    .default(false)
    .describe('true: delays vary, so that messages that were given up together do not come together again.'),
  collisionAvoidancePercent: z.int().min(0).max(100).default(15).describe('By how much: see useCollisionAvoidance.'),
}

const redeliveryPolicySchema = z.strictObject(redeliveryPolicyFields)

export const redeliveryPluginSchema = z.strictObject({
  redeliveryPolicyMap: z
    .strictObject({
      redeliveryPolicyEntries: z
        .array(z.strictObject({ queue: name.describe('Queues, also by wildcard.'), ...redeliveryPolicyFields }))
        .max(maxRedeliveryPolicies)
        .default([])
        .describe('Policies of queues by name; of those that match, the most specific one counts.'),
      defaultEntry: redeliveryPolicySchema
        .optional()
        .describe('The policy of all other queues. Left out: they have none.'),
    })
    .prefault({})
    .describe('Which queues have which policy.'),
  sendToDlqIfMaxRetriesExceeded: z
    .boolean()
    .default(true)
    .describe('false: what was delivered too often is dropped, instead of becoming a dead letter.'),
  fallbackToDeadLetter: z
    .boolean()
    .default(true)
    .describe('false: what has no policy is dropped when its client gives it up, instead of becoming a dead letter.'),
})

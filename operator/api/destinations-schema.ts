// What of destinations stands in spec.broker: the fields of the broker's own file, by ActiveMQ's names.
import { z } from 'zod'
import {
  deadLetterRuleFields,
  defaultDeadLetterQueue,
  individualDeadLetterStrategyFields,
  sharedDeadLetterStrategyFields,
} from '../../broker/config/dead-letter-schema.ts'
import {
  compositeFields,
  destinationPolicyFields,
  destinationScalars,
  filteredDestinationFields,
  forwardToFields,
  maxDestinationPolicies,
  maxForwardTargets,
  maxStartupDestinations,
  maxVirtualDestinations,
  startupDestinationFields,
  virtualTopicFields,
} from '../../broker/config/destination-schema.ts'
import {
  fixedCountRecoveryFields,
  fixedSizedRecoveryFields,
  timedRecoveryFields,
} from '../../broker/config/recovery-schema.ts'
import { redeliveryPluginSchema } from '../../broker/config/redelivery-schema.ts'
import {
  deadLetterStrategyRules,
  destinationPolicyRules,
  filteredDestinationRules,
  forwardToRules,
  startupDestinationRules,
  subscriptionRecoveryPolicyRules,
  virtualDestinationRules,
} from './rules/destinations.ts'
import { celOf } from './rules/rule.ts'

const forwardToSchema = z
  .strictObject({
    ...forwardToFields,
    filteredDestination: z
      .strictObject(filteredDestinationFields)
      .meta(celOf(filteredDestinationRules))
      .optional()
      .describe('A queue or a topic for the messages that match a selector.'),
  })
  .meta(celOf(forwardToRules))

const compositeSchema = z.strictObject({
  ...compositeFields,
  forwardTo: z
    .array(forwardToSchema)
    .min(1)
    .max(maxForwardTargets)
    .describe('Where it is forwarded to; each is made if it is not there.'),
})

const virtualDestinationSchema = z
  .strictObject({
    virtualTopic: z
      .strictObject(virtualTopicFields)
      .optional()
      .describe('Topics whose messages are put into every queue that matches prefix, name and postfix.'),
    compositeQueue: compositeSchema.optional().describe('Queues whose messages are forwarded.'),
    compositeTopic: compositeSchema.optional().describe('Topics whose messages are forwarded.'),
  })
  .meta(celOf(virtualDestinationRules))

const deadLetterStrategySchema = z
  .strictObject({
    sharedDeadLetterStrategy: z.strictObject(sharedDeadLetterStrategyFields).optional().describe('One queue for all.'),
    individualDeadLetterStrategy: z
      .strictObject(individualDeadLetterStrategyFields)
      .optional()
      .describe('A queue for each destination.'),
    discarding: z.strictObject({}).optional().describe('There are no dead letters.'),
  })
  .meta(celOf(deadLetterStrategyRules))

const subscriptionRecoveryPolicySchema = z
  .strictObject({
    fixedCountSubscriptionRecoveryPolicy: z
      .strictObject(fixedCountRecoveryFields)
      .optional()
      .describe('The last messages, so many of them.'),
    fixedSizedSubscriptionRecoveryPolicy: z
      .strictObject(fixedSizedRecoveryFields)
      .optional()
      .describe('The last messages, as many as take so many bytes.'),
    timedSubscriptionRecoveryPolicy: z
      .strictObject(timedRecoveryFields)
      .optional()
      .describe('The messages of the last time.'),
    lastImageSubscriptionRecoveryPolicy: z.strictObject({}).optional().describe('The last message.'),
    noSubscriptionRecoveryPolicy: z.strictObject({}).optional().describe('None.'),
  })
  .meta(celOf(subscriptionRecoveryPolicyRules))

const deadLetterSchema = z.strictObject({
  queue: z.string().min(1).max(250).default(defaultDeadLetterQueue).describe('The queue for dead letters.'),
  ...deadLetterRuleFields,
})

export const destinationsFields = {
  ...destinationScalars,
  startupDestinations: z
    .array(z.strictObject(startupDestinationFields).meta(celOf(startupDestinationRules)))
    .max(maxStartupDestinations)
    .default([])
    .describe('Destinations that are there from the beginning.'),
  virtualDestinations: z
    .array(virtualDestinationSchema)
    .max(maxVirtualDestinations)
    .optional()
    .describe(
      'Destinations whose messages go to others. They stand in place of the default virtual topic, as in ActiveMQ.',
    ),
  destinationPolicies: z
    .array(
      z
        .strictObject({
          ...destinationPolicyFields,
          deadLetterStrategy: deadLetterStrategySchema
            .optional()
            .describe('What becomes of messages that nobody could handle. Left out: what deadLetter says.'),
          subscriptionRecoveryPolicy: subscriptionRecoveryPolicySchema
            .optional()
            .describe('Topics. What is kept in memory for retroactive consumers. Left out: nothing.'),
        })
        .meta(celOf(destinationPolicyRules)),
    )
    .max(maxDestinationPolicies)
    .default([])
    .describe('What holds for destinations of a name; of those that match, the most specific one counts.'),
  deadLetter: deadLetterSchema
    .prefault({})
    .describe('The dead letter strategy of destinations whose policy has none: one queue for all.'),
  redeliveryPlugin: redeliveryPluginSchema
    .optional()
    .describe(
      'Redelivery by the broker: what a client has given up is delivered again after a while. Left out: it becomes a dead letter at once.',
    ),
}

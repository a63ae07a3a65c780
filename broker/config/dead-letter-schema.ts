// Dead letter strategies in the configuration, by ActiveMQ's names: sharedDeadLetterStrategy, individualDeadLetterStrategy,
// discarding. The operator takes the same into BrokerCluster.
import { z } from 'zod'
import { affix, concreteName, duration, oneOf } from './schema-parts.ts'

export const defaultDeadLetterQueue = 'ActiveMQ.DLQ'

/** What the block deadLetter, the default strategy, has too. */
export const deadLetterRuleFields = {
  processExpired: z.boolean().default(true).describe('true: messages that expired become dead letters, too.'),
  processNonPersistent: z
    .boolean()
    .default(false)
    .describe('true: non-persistent messages become dead letters, too, and persistent then.'),
}

const auditedFields = {
  ...deadLetterRuleFields,
  expiration: duration.default('0s').describe('How long dead letters live. 0s: for ever.'),
  enableAudit: z.boolean().default(true).describe('true: the same message of the same destination is kept once only.'),
  maxAuditDepth: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2048)
    .describe(
      'Messages of a producer that are remembered for that. The strategy remembers this times maxProducersToAudit, at most 16,384.',
    ),
  maxProducersToAudit: z.int().min(1).max(1_000_000).default(64).describe('See maxAuditDepth.'),
}

export const sharedDeadLetterStrategyFields = {
  deadLetterQueue: concreteName.default(defaultDeadLetterQueue).describe('The queue for all dead letters.'),
  ...auditedFields,
}

export const individualDeadLetterStrategyFields = {
  queuePrefix: affix.default('ActiveMQ.DLQ.Queue.').describe('Before the name of a queue.'),
  queueSuffix: affix.default('').describe('Behind the name of a queue.'),
  topicPrefix: affix.default('ActiveMQ.DLQ.Topic.').describe('Before the name of a topic.'),
  topicSuffix: affix.default('').describe('Behind the name of a topic.'),
  useQueueForQueueMessages: z
    .boolean()
    .default(true)
    .describe('false: dead letters of queues go to topics, which keep nothing.'),
  useQueueForTopicMessages: z
    .boolean()
    .default(true)
    .describe('false: dead letters of topics go to topics, which keep nothing.'),
  ...auditedFields,
}

export const deadLetterStrategyKinds = [
  'sharedDeadLetterStrategy',
  'individualDeadLetterStrategy',
  'discarding',
] as const

export const deadLetterStrategySchema = z
  .strictObject({
    sharedDeadLetterStrategy: z.strictObject(sharedDeadLetterStrategyFields).optional(),
    individualDeadLetterStrategy: z
      .strictObject({
        ...individualDeadLetterStrategyFields,
        destinationPerDurableSubscriber: z
          .boolean()
          .default(false)
          .refine((wanted) => !wanted, {
            error: 'it needs dead letters of durable subscriptions, which this version does not have: leave it out',
          }),
      })
      .optional(),
    discarding: z.strictObject({}).optional(),
  })
  .refine(...oneOf(...deadLetterStrategyKinds))

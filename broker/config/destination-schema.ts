// What of destinations stands in the configuration, by ActiveMQ's names: virtual destinations, those that are there from the
// beginning, and policies by name. The operator takes the same into BrokerCluster (spec.broker).
import { z } from 'zod'
import { deadLetterStrategySchema } from './dead-letter-schema.ts'
import { conditionalNetworkBridgeFilterFields } from './network-schema.ts'
import { subscriptionRecoveryPolicySchema } from './recovery-schema.ts'
import { affix, concreteName, duration, name, oneOf, selector } from './schema-parts.ts'

/** Each is looked at whenever a destination is made. */
export const maxVirtualDestinations = 64
/** Each costs a copy of the message. */
export const maxForwardTargets = 64
export const maxStartupDestinations = 1024
export const maxDestinationPolicies = 256
/** More can hardly be waited for together. */
const maxConsumersBeforeDispatchStarts = 10_000

export const virtualTopicFields = {
  name: name.default('>').describe('Topics whose messages are put into queues, also by wildcard.'),
  prefix: affix
    .default('Consumer.*.')
    .describe('Before the name of the topic in that of a queue. * is a level that each application chooses.'),
  postfix: affix.default('').describe('After the name of the topic in that of a queue.'),
  local: z.boolean().default(false).describe('true: not what came over a bridge from another broker.'),
  selectorAware: z
    .boolean()
    .default(false)
    .describe('true: a queue gets only what one of the consumers that it has at that moment wants by its selector.'),
  concurrentSend: z
    .boolean()
    .default(false)
    .describe('Changes nothing: the queues get a message in one write, whatever is said here.'),
  transactedSend: z
    .boolean()
    .default(false)
    .describe('Changes nothing: the queues get a message in one transaction of the store, whatever is said here.'),
  dropOnResourceLimit: z
    .boolean()
    .default(false)
    .describe('true: with sendFailIfNoSpace a queue without room is left out, and the others get the message.'),
}

export const forwardToFields = {
  queue: concreteName.optional().describe('A queue.'),
  topic: concreteName.optional().describe('A topic.'),
}

export const filteredDestinationFields = {
  ...forwardToFields,
  selector: selector.optional().describe('Only messages that match are forwarded. Left out: all.'),
}

export const compositeFields = {
  name: name.describe('What is sent to these is forwarded, also by wildcard.'),
  forwardOnly: z.boolean().default(true).describe('false: the destination itself gets it, too.'),
  sendWhenNotMatched: z
    .boolean()
    .default(false)
    .describe(
      'true: the destination itself gets what no filteredDestination wants, and only that, whatever forwardOnly says.',
    ),
  copyMessage: z
    .boolean()
    .default(true)
    .describe('Changes nothing: each destination gets a message with its own name, as in ActiveMQ either way.'),
}

export const startupDestinationFields = {
  queue: concreteName.optional().describe('A queue.'),
  topic: concreteName.optional().describe('A topic.'),
}

export const destinationPolicyFields = {
  queue: name.optional().describe('Queues, also by wildcard.'),
  topic: name.optional().describe('Topics, also by wildcard.'),
  gcInactiveDestinations: z
    .boolean()
    .default(false)
    .describe('true: deleted when nobody has used them for a while; see schedulePeriodForDestinationPurge.'),
  inactiveTimeoutBeforeGC: duration.default('60s').describe('How long nobody has to have used them.'),
  messageGroupMapFactoryType: z
    .string()
    .regex(/^(simple|bucket|cached)(\?[!-~]*)?$/, {
      error: 'expected simple, bucket or cached, perhaps with options as in cached?cacheSize=1024',
    })
    .max(255)
    .optional()
    .describe('Changes nothing: there is one kind of map, which is exact as simple is, and bounded as cached is.'),
  consumersBeforeDispatchStarts: z
    .int()
    .min(0)
    .max(maxConsumersBeforeDispatchStarts)
    .default(0)
    .describe(
      'Queues: the first consumer is given nothing before so many have come, so that groups of messages are shared out among all; but after timeBeforeDispatchStarts, or 1s.',
    ),
  timeBeforeDispatchStarts: duration
    .default('0s')
    .describe('Queues: how long the first consumer waits for others before it is given anything.'),
  strictOrderDispatch: z
    .boolean()
    .default(false)
    .describe('Queues, true: one consumer gets all that it has room for, then the next one; not in turn.'),
  useConsumerPriority: z.boolean().default(true).describe('Queues, false: priorities of consumers mean nothing.'),
  allConsumersExclusiveByDefault: z
    .boolean()
    .default(false)
    .describe('Queues, true: all messages go to one consumer, the others wait until it goes.'),
  expireMessagesPeriod: duration
    .default('30s')
    .describe('How often messages are looked through for what has expired while it waits. 0s: never.'),
  maxExpirePageSize: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(5000)
    .describe('How many of the messages in the store are looked through at a time.'),
  alwaysRetroactive: z
    .boolean()
    .default(false)
    .describe(
      'Topics. true: each consumer begins with what subscriptionRecoveryPolicy has kept, not only retroactive ones.',
    ),
  persistJMSRedelivered: z
    .boolean()
    .default(false)
    .describe(
      'Queues. true: before a persistent message is delivered for the first time that is stored, so that it comes with JMSRedelivered also after a crash. Costs a second write of each message.',
    ),
  // Without a default: a policy that does not say it can be read by releases that do not know it.
  prioritizedMessages: z
    .boolean()
    .optional()
    .describe('true: of the messages that wait those of the highest JMSPriority go first. Left out: false.'),
  // Without a default for the same reason.
  conditionalNetworkBridgeFilter: z
    .strictObject(conditionalNetworkBridgeFilterFields)
    .optional()
    .describe('What bridges to other brokers may take along. Left out: the defaults of its fields.'),
}

/** What holds where a policy says nothing. */
export const defaultDestinationPolicy = z.object(destinationPolicyFields).parse({})

const virtualTopicSchema = z.strictObject(virtualTopicFields)
const filteredDestinationSchema = z.strictObject(filteredDestinationFields).refine(...oneOf('queue', 'topic'))
const forwardToSchema = z
  .strictObject({ ...forwardToFields, filteredDestination: filteredDestinationSchema.optional() })
  .refine(...oneOf('queue', 'topic', 'filteredDestination'))
const compositeSchema = z.strictObject({
  ...compositeFields,
  forwardTo: z.array(forwardToSchema).min(1).max(maxForwardTargets),
})

const virtualDestinationSchema = z
  .strictObject({
    virtualTopic: virtualTopicSchema.optional(),
    compositeQueue: compositeSchema.optional(),
    compositeTopic: compositeSchema.optional(),
  })
  .refine(...oneOf('virtualTopic', 'compositeQueue', 'compositeTopic'))

/** What is no list. */
export const destinationScalars = {
  useVirtualTopics: z
    .boolean()
    .default(true)
    .describe(
      'true: without virtualDestinations the topics VirtualTopic.> are virtual, with the queues Consumer.*.VirtualTopic.>.',
    ),
  useVirtualDestSubs: z
    .boolean()
    .default(false)
    .describe(
      'true: consumers of the queues of a virtual destination are told to bridges of other brokers that ask for it (their useVirtualDestSubs).',
    ),
  schedulePeriodForDestinationPurge: duration
    .default('0s')
    .describe('How often destinations are looked for that nobody uses, see destinationPolicies. 0s: never.'),
  maxPurgedDestinationsPerSweep: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('How many of them are deleted at a time. 0: as many as there are.'),
}

export const destinationSettings = {
  ...destinationScalars,
  /** There from the beginning (ActiveMQ: destinations). */
  startupDestinations: z
    .array(z.strictObject(startupDestinationFields).refine(...oneOf('queue', 'topic')))
    .max(maxStartupDestinations)
    .default([]),
  /** Instead of the default virtual topic, as in ActiveMQ. */
  virtualDestinations: z.array(virtualDestinationSchema).max(maxVirtualDestinations).optional(),
  destinationPolicies: z
    .array(
      z
        .strictObject({
          ...destinationPolicyFields,
          deadLetterStrategy: deadLetterStrategySchema.optional(),
          subscriptionRecoveryPolicy: subscriptionRecoveryPolicySchema.optional(),
        })
        .refine(...oneOf('queue', 'topic')),
    )
    .max(maxDestinationPolicies)
    .default([]),
}

// spec.topology.network: how groups are joined. A connector has the fields of the broker's own file, by ActiveMQ's names; the
// URI is made from `discovery`, `transportConnector` and `reconnect`. What is left out is not said to the broker, whose own
// default then holds.
import { z } from 'zod'
import { maxDestinationsOfConnector, maxDestinationUriLength, maxEdges, maxPrefetchSize, maxTtl } from './limits.ts'
import { connectorRules, edgeRules, networkRules } from './rules/network.ts'
import { celOf } from './rules/rule.ts'
import { durationSchema, listMap, listSet, nameSchema } from './schema-parts.ts'

const flag = (fallback: boolean, description: string) =>
  z.boolean().optional().describe(`${description} Left out: ${fallback}.`)

const ttl = (description: string) => z.int().min(-1).max(maxTtl).optional().describe(description)

const destination = /^(queue|topic):\/\/[^,?\s]+$/
const dynamicDestination = /^(queue|topic):\/\/[^,?\s]+(\?forceDurable=(true|false))?$/

const destinations = (description: string, pattern = destination) =>
  z
    .array(z.string().max(maxDestinationUriLength).regex(pattern, { error: 'expected queue://NAME or topic://NAME' }))
    .max(maxDestinationsOfConnector)
    .meta(listSet)
    .optional()
    .describe(description)

const reconnectSchema = z.strictObject({
  initialDelay: durationSchema.optional().describe('Before the first attempt. Left out: 1s.'),
  maxDelay: durationSchema.optional().describe('Longest time between two attempts. Left out: 30s.'),
  exponentialBackOff: flag(true, 'Whether the time between attempts grows.'),
  backOffMultiplier: z
    .string()
    .max(8)
    .regex(/^[1-9][0-9]*(\.[0-9]+)?$/, { error: 'expected a number such as 2 or 1.5' })
    .optional()
    .describe('By what it grows. Left out: 2.'),
})

const connectorFields = {
  discovery: z
    .enum(['MasterSlave', 'Static', 'Multicast'])
    .optional()
    .describe(
      'MasterSlave: one bridge, to whoever of the group is active. Static: a bridge to each member; standbys take none. Multicast: the active announces itself by UDP, which few networks of pods carry. Left out: MasterSlave.',
    ),
  transportConnector: nameSchema
    .optional()
    .describe('Which of transportConnectors is dialled. Left out: the first one.'),
  duplex: z
    .boolean()
    .optional()
    .describe('Both directions over one connection. Left out: true, but false with layout Custom.'),
  networkTTL: ttl('Sets messageTTL and consumerTTL.'),
  messageTTL: ttl(
    'How many brokers a message may pass, -1: any number. Left out: what the longest way between two groups takes.',
  ),
  consumerTTL: ttl('How many brokers the interest of a consumer may pass, as messageTTL.'),
  dynamicOnly: flag(false, 'Durable subscriptions of the network wait for a consumer before they are opened again.'),
  staticBridge: flag(false, 'Only what is included statically is forwarded, and no demand is asked for.'),
  conduitSubscriptions: flag(true, 'All consumers of a destination there count as one here.'),
  conduitNetworkQueueSubscriptions: flag(false, 'So do consumers of queues that are a network’s themselves.'),
  decreaseNetworkConsumerPriority: flag(true, 'Consumers here are served before those that are further away.'),
  consumerPriorityBase: z
    .int()
    .min(-127)
    .max(127)
    .optional()
    .describe('Priority of consumers of the network. Left out: -5.'),
  suppressDuplicateQueueSubscriptions: flag(false, 'Of several ways to a consumer of a queue only the best is used.'),
  suppressDuplicateTopicSubscriptions: flag(true, 'Of several ways to a consumer of a topic only the best is used.'),
  prefetchSize: z
    .int()
    .min(1)
    .max(maxPrefetchSize)
    .optional()
    .describe('Messages of one destination that are under way. Left out: 1000.'),
  bridgeTempDestinations: flag(true, 'Temporary destinations are forwarded to, as replies need it.'),
  alwaysSyncSend: flag(true, 'Also for non-persistent messages an answer is waited for.'),
  useCompression: flag(false, 'Bodies are compressed on their way.'),
  useVirtualDestSubs: flag(false, 'Consumers of the queues of a virtual topic count as consumers of the topic.'),
  syncDurableSubs: flag(false, 'Durable subscriptions are compared when a bridge starts.'),
  checkDuplicateMessagesOnDuplex: flag(false, 'What came over a duplex bridge already is dropped.'),
  dynamicallyIncludedDestinations: destinations(
    'Only these are forwarded, when there is demand; ?forceDurable=true behind a topic keeps it for those who are away. Left out: all.',
    dynamicDestination,
  ),
  staticallyIncludedDestinations: destinations('These are forwarded also when there is no demand.'),
  excludedDestinations: destinations('These are never forwarded.'),
  reconnect: reconnectSchema.optional().describe('When a bridge is tried again.'),
}

const connectorSchema = z.strictObject(connectorFields).meta(celOf(connectorRules))

const edgeSchema = z
  .strictObject({
    name: nameSchema.describe('Name of the edge, and of the connector of the brokers.'),
    from: nameSchema.describe('Group that sends, and that dials the other one.'),
    to: nameSchema.describe('Group that it sends to; with duplex it sends, too.'),
    connector: connectorSchema.optional().describe('What differs from connectorDefaults.'),
  })
  .meta(celOf(edgeRules))

export const networkSchema = z
  .strictObject({
    layout: z
      .enum(['Mesh', 'HubSpoke', 'Ring', 'Custom'])
      .describe(
        'Mesh: each group with each other one. HubSpoke: all others with the hub. Ring: each with the next. Custom: by edges.',
      ),
    hub: nameSchema.optional().describe('The group that all others are joined with. Exactly with HubSpoke.'),
    edges: z
      .array(edgeSchema)
      .max(maxEdges)
      .meta(listMap)
      .optional()
      .describe('Which groups are joined. Exactly with Custom.'),
    connectorDefaults: connectorSchema.optional().describe('What holds for every edge that says nothing else.'),
  })
  .meta(celOf(networkRules))

export type NetworkSpec = z.output<typeof networkSchema>
export type NetworkConnectorSpec = z.output<typeof connectorSchema>

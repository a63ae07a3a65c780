// Network connectors in the configuration, and what transport connectors say to a network, by the names of ActiveMQ's NetworkConnector,
// NetworkBridgeConfiguration and TransportConnector. The operator takes the same into BrokerCluster. What the options of an URI mean is
// looked at when the broker starts (member/network-settings.ts): here only whether it can be one.
import { z } from 'zod'
import { maxDiscoveryUriLength, outlineOfDiscoveryUri, problemOfDiscoveryUri } from '../base/discovery-outline.ts'
import { duration, notThere } from './schema-parts.ts'
import { sslContextSchema } from './ssl-schema.ts'

/** Each is a supervisor, and has a bridge for each broker that it finds. */
const maxNetworkConnectors = 64
/** In one list: all of them are looked at for each consumer of the other broker. */
const maxNetworkDestinations = 256
/** A name as long as those of other entries, its kind, and ?forceDurable=true. */
const maxDestinationLength = 300
/** It stands in client ids. */
const maxConnectorNameLength = 255
const maxCredentialLength = 1024
/** Hops: more brokers are in no network. */
const maxTTL = 1000
const maxPrefetchSize = 1_000_000
/** Regular expressions over names of brokers. */
const maxFilterLength = 1024
const maxRateLimit = 1_000_000

/** What ids of brokers and client ids are printed among. */
// oxlint-disable-next-line no-control-regex
const idPattern = /^[^,\x00-\x20\x7f]{1,255}$/

export const brokerId = z.string().regex(idPattern, {
  error: 'expected 1 to 255 characters without ",", control characters, and space',
})

const discoveryUri = z
  .string()
  .max(maxDiscoveryUriLength)
  .refine((text) => problemOfDiscoveryUri(text) === null, {
    error: ({ input }) => `expected a discovery URI: ${problemOfDiscoveryUri(input as string)}`,
  })

// oxlint-disable-next-line no-control-regex
const namedDestination = /^(queue|topic):\/\/[^,?\x00-\x20\x7f]([^,?\x00-\x1f\x7f]*[^,?\x00-\x20\x7f])?$/
const forceDurable = /^([^?]*)\?forceDurable=(true|false)$/

const destinations = z
  .array(
    z.string().max(maxDestinationLength).regex(namedDestination, {
      error: 'expected queue://NAME or topic://NAME, also by wildcard',
    }),
  )
  .max(maxNetworkDestinations)
  .default([])

const dynamicDestinations = z
  .array(
    z
      .string()
      .max(maxDestinationLength)
      .refine((text) => namedDestination.test(splitDestinationEntry(text).name), {
        error: 'expected queue://NAME or topic://NAME, also by wildcard, and perhaps ?forceDurable=true behind it',
      }),
  )
  .max(maxNetworkDestinations)
  .default([])

/** An entry of dynamicallyIncludedDestinations: the destination, and its only option. */
export function splitDestinationEntry(text: string): { readonly name: string; readonly forceDurable: boolean } {
  const match = forceDurable.exec(text)
  return match ? { name: match[1]!, forceDurable: match[2] === 'true' } : { name: text, forceDurable: false }
}

const flag = (fallback: boolean, description: string) => z.boolean().default(fallback).describe(description)
const ttl = (description: string) => z.int().min(-1).max(maxTTL).optional().describe(description)
const credential = (description: string) => z.string().min(1).max(maxCredentialLength).optional().describe(description)

const networkConnectorFields = {
  name: z
    .string()
    .max(maxConnectorNameLength)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$/, {
      error: `expected 1 to ${maxConnectorNameLength} characters without control characters, and space at either end`,
    })
    .default('NC')
    .describe('Part of the client ids of its bridges: each connector needs another one.'),
  uri: discoveryUri.describe(
    'Which brokers: static:(tcp://b:61616,ssl://c:61617), masterslave:(tcp://b1:61616,tcp://b2:61616), multicast://group.',
  ),
  autoStart: flag(true, 'false: it builds no bridges until it is started by hand.'),
  duplex: flag(false, 'true: the other broker forwards over the same connection, by the same settings.'),
  staticBridge: flag(
    false,
    'true: consumers of the other broker are not asked for; only staticallyIncludedDestinations are forwarded.',
  ),
  dynamicOnly: flag(
    false,
    'true: durable subscriptions that the bridge had before are not taken up again at its start, but with their next consumer.',
  ),
  conduitSubscriptions: flag(
    true,
    'true: all consumers that the other broker has for a destination are one consumer here, without their selectors.',
  ),
  conduitNetworkQueueSubscriptions: flag(
    false,
    'true: also those consumers of queues that are bridges of a third broker.',
  ),
  decreaseNetworkConsumerPriority: flag(
    true,
    'true: the farther away a consumer is, the lower is its priority here, and below that of local ones.',
  ),
  consumerPriorityBase: z
    .int()
    .min(-127)
    .max(127)
    .default(-5)
    .describe('The priority that decreaseNetworkConsumerPriority begins with.'),
  networkTTL: ttl('messageTTL and consumerTTL in one; not together with them.'),
  messageTTL: ttl('How many brokers a message may have been in when it is forwarded. -1: any number. Left out: 1.'),
  consumerTTL: ttl('How many bridges away a consumer may be. -1: any number. Left out: 1.'),
  prefetchSize: z
    .int()
    .min(1)
    .max(maxPrefetchSize)
    .default(1000)
    .describe('How many messages of one destination are under way at a time.'),
  advisoryPrefetchSize: z
    .int()
    .min(0)
    .max(maxPrefetchSize)
    .default(0)
    .describe('How many advisories the other broker sends before it is told that they have come. 0: prefetchSize.'),
  advisoryAckPercentage: z.int().min(1).max(100).default(75).describe('After which part of those it is told.'),
  suppressDuplicateQueueSubscriptions: flag(
    false,
    'true: of several ways to the same consumer of a queue only the best one is used.',
  ),
  suppressDuplicateTopicSubscriptions: flag(true, 'The same for topics, where each way brings another copy.'),
  bridgeTempDestinations: flag(
    true,
    'true: temporary destinations of the other broker can be sent to here: request and reply over the network.',
  ),
  alwaysSyncSend: flag(
    true,
    'true: the other broker answers also for non-persistent messages. false: these may be lost with the connection.',
  ),
  dispatchAsync: flag(true, 'Changes nothing: no consumer holds up another one.'),
  useCompression: flag(false, 'true: bodies are compressed on their way, and stay so.'),
  userName: credential('Who the bridge is, to the other broker.'),
  password: credential('The password for it. It stands in the file as it is, and in no log.'),
  remoteUserName: credential('Instead of userName, to the other broker.'),
  remotePassword: credential('Instead of password, to the other broker.'),
  sslContext: sslContextSchema.optional().describe('For ssl: in the URI, instead of sslContext of the whole file.'),
  destinationFilter: z
    .string()
    .min(1)
    .max(maxDiscoveryUriLength)
    .optional()
    .describe(
      'The advisory topics of the other broker that are listened to, as a comma list. Left out: those that dynamicallyIncludedDestinations ask for.',
    ),
  excludedDestinations: destinations.describe('Never forwarded, whatever the other lists say.'),
  staticallyIncludedDestinations: destinations.describe(
    'Forwarded always, also when the other broker has no consumers.',
  ),
  dynamicallyIncludedDestinations: dynamicDestinations.describe(
    'Only these are forwarded, when there are consumers; ?forceDurable=true behind a topic: what comes while there are none is kept for them. Empty: all.',
  ),
  useVirtualDestSubs: flag(
    false,
    'true: consumers of a queue that a virtual destination fills count as consumers of that destination.',
  ),
  syncDurableSubs: flag(
    false,
    'true: at each start of the bridge its durable subscriptions are held against those of the other broker.',
  ),
  checkDuplicateMessagesOnDuplex: flag(
    false,
    'duplex, true: what comes over the bridge and was stored here before is dropped by its message id.',
  ),
  advisoryForFailedForward: flag(
    false,
    'true: advisories on ActiveMQ.Advisory.NetworkBridge.ForwardFailure for messages that the other broker refused.',
  ),
  clientIdToken: z
    .string()
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\x00-\x20\x7f]{1,16}$/, { error: 'expected 1 to 16 characters without control characters and space' })
    .default('_')
    .describe('Between the parts of the client ids of bridges.'),
}

/** Of ActiveMQ's, known by name so that who brings one along learns why it is not there. */
const refusedFields = {
  bridgeFactory: notThere('it names a Java class, and there are none in this broker'),
  connectionFilter: notThere('it is a Java object; see excludedDestinations and dynamicallyIncludedDestinations'),
  localUri: notThere('a bridge reaches its own broker inside the process'),
  objectName: notThere('it is a name for JMX, which is Java’s'),
  gcDestinationViews: notThere('it is about views in JMX, which is Java’s'),
  gcSweepTime: notThere('it is about views in JMX, which is Java’s'),
  brokerName: notThere('each broker fills in its own, see brokerName of the whole file'),
  brokerURL: notThere('each broker fills in its own, that of its first transport connector'),
  useBrokerNamesAsIdSeed: notThere('connection ids of bridges are made in one way only'),
}

const networkConnectorSchema = z
  .strictObject({ ...networkConnectorFields, ...refusedFields })
  .refine(
    ({ networkTTL, messageTTL, consumerTTL }) =>
      networkTTL === undefined || (messageTTL === undefined && consumerTTL === undefined),
    { path: ['networkTTL'], error: 'expected either networkTTL, or messageTTL and consumerTTL: it sets both' },
  )

export const networkConnectorsSchema = z.array(networkConnectorSchema).max(maxNetworkConnectors).default([])

/** What a transport connector tells other brokers, and clients of them. */
export const clusterClientFields = {
  discoveryUri: z
    .string()
    .max(maxDiscoveryUriLength)
    .refine((text) => outlineOfDiscoveryUri(text).kind === 'multicast', {
      error: 'expected multicast://default, multicast://group, or multicast://address:port?group=group',
    })
    .optional()
    .describe('multicast://group: other brokers are told of this connector there. Left out: they are not.'),
  updateClusterClients: flag(false, 'true: clients with failover: are told which brokers there are.'),
  rebalanceClusterClients: flag(
    false,
    'true: they are told in another order each, and to move to the first one when a broker comes.',
  ),
  updateClusterClientsOnRemove: flag(false, 'true: they are also told when a broker goes.'),
  updateClusterFilter: z
    .string()
    .max(maxFilterLength)
    .refine((text) => text.split(',').every(isPattern), {
      error: 'expected regular expressions, with "," between them',
    })
    .optional()
    .describe('Only brokers whose name matches one of these regular expressions; "," is between them. Left out: all.'),
}

/** In destinationPolicies (ActiveMQ: networkBridgeFilterFactory, conditionalNetworkBridgeFilterFactory). */
export const conditionalNetworkBridgeFilterFields = {
  replayWhenNoConsumers: flag(
    true,
    'true: messages of a queue without consumers here go back to a broker that they came from, when it has some.',
  ),
  replayDelay: duration.default('0s').describe('How long they have to have been here for that.'),
  rateLimit: z
    .int()
    .min(0)
    .max(maxRateLimit)
    .default(0)
    .describe('How many messages a bridge takes from the destination in rateDuration. 0: as many as there are.'),
  rateDuration: duration.default('1s').describe('See rateLimit.'),
  selectorAware: flag(false, 'true: a consumer whose selector does not match a message does not keep it here.'),
}

/** What holds where a policy says nothing. */
export const defaultNetworkBridgeFilter = z.object(conditionalNetworkBridgeFilterFields).parse({})

function isPattern(text: string): boolean {
  try {
    return new RegExp(text.trim()) instanceof RegExp
  } catch {
    return false
  }
}

// What a connection URL can say, with ActiveMQ's names and defaults (spec ha-and-networks.md section 8, openwire.md
// sections 2 and 10). The encoding is the exception: the loose one without cache is the default here, because brokers of
// this kind pass messages through in it without touching them.
import { defaultWireFormatOptions } from '../wire/openwire/wire-format.ts'
import type { OptionValues } from './parse-options.ts'
import { booleanOption, factorOption, numberOption, textOption } from './parse-options.ts'

/** Behind the list of brokers. */
export const failoverOptionTable = {
  randomize: booleanOption(true),
  initialReconnectDelay: numberOption(10, 0),
  maxReconnectDelay: numberOption(30_000, 0),
  useExponentialBackOff: booleanOption(true),
  reconnectDelayExponent: factorOption(2),
  maxReconnectAttempts: numberOption(-1, -1),
  startupMaxReconnectAttempts: numberOption(-1, -1),
  timeout: numberOption(-1, -1),
  warnAfterReconnectAttempts: numberOption(10, -1),
  trackMessages: booleanOption(false),
  maxCacheSize: numberOption(131_072, 0),
  trackTransactionProducers: booleanOption(true),
  updateURIsSupported: booleanOption(true),
  rebalanceUpdateURIs: booleanOption(true),
  reconnectSupported: booleanOption(true),
  updateURIsURL: textOption(null),
  backup: booleanOption(false),
  backupPoolSize: numberOption(1, 0),
  priorityBackup: booleanOption(false),
  priorityURIs: textOption(null),
}

/** ActiveMQ documents one name and accepts the other. */
export const failoverOptionAliases = { backOffMultiplier: 'reconnectDelayExponent' }

/** Of one broker's URI. */
export const endpointOptionTable = {
  tcpNoDelay: booleanOption(true),
  keepAlive: booleanOption(false),
  connectionTimeout: numberOption(30_000, 0),
  soTimeout: numberOption(0, 0),
}

/** Of one broker's URI, each with the prefix `wireFormat.` */
export const wireFormatOptionTable = {
  version: numberOption(defaultWireFormatOptions.version, 1),
  tightEncodingEnabled: booleanOption(false),
  cacheEnabled: booleanOption(false),
  cacheSize: numberOption(defaultWireFormatOptions.cacheSize, 0),
  stackTraceEnabled: booleanOption(false),
  tcpNoDelayEnabled: booleanOption(true),
  maxFrameSize: numberOption(defaultWireFormatOptions.maxFrameSize, 1),
  maxInactivityDuration: numberOption(30_000, 0),
  maxInactivityDurationInitalDelay: numberOption(10_000, 0),
}

export const wireFormatOptionAliases = { maxInactivityDurationInitialDelay: 'maxInactivityDurationInitalDelay' }

/** Of the connection, each with the prefix `jms.` */
export const connectionOptionTable = {
  clientID: textOption(null),
  userName: textOption(null),
  password: textOption(null),
  useAsyncSend: booleanOption(false),
  alwaysSyncSend: booleanOption(false),
  watchTopicAdvisories: booleanOption(true),
  checkForDuplicates: booleanOption(true),
  dispatchAsync: booleanOption(true),
  useCompression: booleanOption(false),
  closeTimeout: numberOption(15_000, 0),
  sendTimeout: numberOption(0, 0),
  'prefetchPolicy.all': numberOption(-1, 0),
  'prefetchPolicy.queuePrefetch': numberOption(1000, 0),
  'prefetchPolicy.queueBrowserPrefetch': numberOption(500, 0),
  'prefetchPolicy.topicPrefetch': numberOption(32_767, 0),
  'prefetchPolicy.durableTopicPrefetch': numberOption(100, 0),
  'redeliveryPolicy.maximumRedeliveries': numberOption(6, -1),
  'redeliveryPolicy.initialRedeliveryDelay': numberOption(1000, 0),
  'redeliveryPolicy.redeliveryDelay': numberOption(1000, 0),
  'redeliveryPolicy.maximumRedeliveryDelay': numberOption(-1, -1),
  'redeliveryPolicy.useExponentialBackOff': booleanOption(false),
  'redeliveryPolicy.backOffMultiplier': factorOption(5),
  'redeliveryPolicy.useCollisionAvoidance': booleanOption(false),
  'redeliveryPolicy.collisionAvoidancePercent': numberOption(15, 0),
  'redeliveryPolicy.preDispatchCheck': booleanOption(true),
}

export type FailoverOptions = OptionValues<typeof failoverOptionTable>
export type EndpointOptions = OptionValues<typeof endpointOptionTable>
export type WireOptions = OptionValues<typeof wireFormatOptionTable>
export type ConnectionOptions = OptionValues<typeof connectionOptionTable>

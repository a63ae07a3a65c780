// What one network connector is told to do, in the bridge's terms: names and meaning are those of ActiveMQ's
// NetworkBridgeConfiguration; times are milliseconds, destinations are values. Made from the configuration by
// member/network-settings.ts; of a duplex peer, from the properties that it sends.
import type { Destination } from '../message/destination.ts'

/** Destinations by name, wildcards included, and by kind. */
export interface NamedDestination {
  readonly destination: Destination
  /** Demand for it is kept as a durable subscription, also when nobody's subscription is durable. */
  readonly forceDurable: boolean
}

export interface BridgeSettings {
  /** Part of the client ids of its bridges. */
  readonly name: string
  readonly duplex: boolean
  /** No demand is asked for: only what is included statically is forwarded. */
  readonly staticBridge: boolean
  /** Durable network subscriptions of before wait for a consumer of their own. */
  readonly dynamicOnly: boolean
  readonly conduitSubscriptions: boolean
  readonly conduitNetworkQueueSubscriptions: boolean
  readonly decreaseNetworkConsumerPriority: boolean
  readonly consumerPriorityBase: number
  /** Brokers that a message may pass; -1 = no limit. */
  readonly messageTTL: number
  /** Brokers that the interest of a consumer may pass; -1 = no limit. */
  readonly consumerTTL: number
  /** Messages of one demand that wait for their acknowledgement; at least 1. */
  readonly prefetchSize: number
  /** Of the consumer of advisories; 0 = prefetchSize. */
  readonly advisoryPrefetchSize: number
  readonly advisoryAckPercentage: number
  readonly suppressDuplicateQueueSubscriptions: boolean
  readonly suppressDuplicateTopicSubscriptions: boolean
  readonly bridgeTempDestinations: boolean
  /** Non-persistent messages are answered, too. */
  readonly alwaysSyncSend: boolean
  readonly dispatchAsync: boolean
  readonly useCompression: boolean
  readonly userName: string | null
  readonly password: string | null
  /** null = userName and password. */
  readonly remoteUserName: string | null
  readonly remotePassword: string | null
  /** Advisory topics to listen to, as a comma list; null = those that the lists ask for. */
  readonly destinationFilter: string | null
  readonly excludedDestinations: readonly NamedDestination[]
  readonly staticallyIncludedDestinations: readonly NamedDestination[]
  /** Empty = all. */
  readonly dynamicallyIncludedDestinations: readonly NamedDestination[]
  readonly useVirtualDestSubs: boolean
  readonly syncDurableSubs: boolean
  readonly checkDuplicateMessagesOnDuplex: boolean
  readonly advisoryForFailedForward: boolean
  /** Between the parts of client ids. */
  readonly clientIdToken: string
}

// Demand as the region and other brokers are told of it: the ConsumerInfo that was heard, made that of the bridge (ActiveMQ:
// DemandForwardingBridgeSupport.doCreateDemandSubscription, DemandSubscription, DurableConduitBridge).
import { isAdvisory, type Destination } from '../../message/destination.ts'
import { buildConsumerInfo } from '../../openwire/build-commands.ts'
import { structureOf } from '../../openwire/destination-structure.ts'
import type { BrokerId, ConsumerId, ConsumerInfo } from '../../wire/openwire/commands.ts'
import type { BridgeSettings } from '../connector-settings.ts'
import type { Demand } from './demand.ts'
import type { DemandGroup } from './demand-group.ts'

/** Whose the consumers are that demand becomes. */
export interface DemandOwner {
  readonly settings: BridgeSettings
  readonly localBrokerName: string
  readonly remoteBrokerId: string
  readonly connectionId: string
  readonly sessionId: number
  /** Of the bridge's connection here: durable subscriptions are known by it. */
  readonly clientId: string
}

/** What all names of durable network subscriptions begin with. */
export const durablePrefix = 'NC-DS_'

export const durableName = (localBrokerName: string, { name }: Destination): string =>
  `${durablePrefix}${localBrokerName}_${name}`

/** Priorities are one signed byte. */
const lowestPriority = -128

/** The farther away the consumers are, the later they come (ActiveMQ counts one more as soon as there is a broker between). */
export function demandPriority(settings: BridgeSettings, info: ConsumerInfo, brokerPath: readonly string[]): number {
  if (!settings.decreaseNetworkConsumerPriority) return info.priority
  const distance = brokerPath.length > 1 ? brokerPath.length + 1 : 0
  return Math.max(lowestPriority, settings.consumerPriorityBase - distance)
}

export function buildDemand(owner: DemandOwner, number: number, group: DemandGroup, isDurable: boolean): Demand {
  const { settings, connectionId, sessionId } = owner
  const { destination, advisory } = group.options
  const leading = group.leading()
  const brokerPath = leading?.brokerPath ?? [owner.remoteBrokerId]
  const consumerId: ConsumerId = { kind: 'ConsumerId', connectionId, sessionId, value: number }
  const theirs = leading?.info ?? buildConsumerInfo({ consumerId, destination: null, prefetchSize: 0 })
  const keepsSelector = advisory || (!settings.conduitSubscriptions && !isDurable)
  const subscriptionName = isDurable ? durableName(owner.localBrokerName, destination) : null
  const info: ConsumerInfo = {
    ...theirs,
    commandId: 0,
    responseRequired: false,
    consumerId,
    destination: structureOf(destination),
    prefetchSize: prefetchOf(settings, destination),
    // Of one consumer there; what waits here waits for all of them.
    maximumPendingMessageLimit: 0,
    dispatchAsync: advisory || settings.dispatchAsync,
    selector: keepsSelector ? theirs.selector : null,
    clientId: owner.clientId,
    subscriptionName,
    noLocal: false,
    priority: demandPriority(settings, theirs, brokerPath),
    brokerPath: brokerPath.map((value): BrokerId => ({ kind: 'BrokerId', value })),
    additionalPredicate: null,
    networkSubscription: true,
    optimizedAcknowledge: false,
    noRangeAcks: false,
    networkConsumerPath: leading && !group.isForNobody ? [...consumersBehind(leading.info)] : null,
  }
  return { number, destination, subscriptionName, advisory, forNobody: group.isForNobody, info }
}

/** What a bridge includes statically has no consumers behind it (ActiveMQ: createDemandSubscription of a destination), other demand has. */
export const isForNobody = ({ networkSubscription, networkConsumerPath }: ConsumerInfo): boolean =>
  networkSubscription && (networkConsumerPath ?? []).length === 0

/** From the consumer over those that bridges have for it to the one that was heard of. */
function* consumersBehind({ networkConsumerPath, consumerId }: ConsumerInfo): Generator<ConsumerId> {
  for (const id of networkConsumerPath ?? []) if (id) yield id
  if (consumerId) yield consumerId
}

function prefetchOf({ prefetchSize, advisoryPrefetchSize }: BridgeSettings, destination: Destination): number {
  return isAdvisory(destination) && advisoryPrefetchSize > 0 ? advisoryPrefetchSize : prefetchSize
}

// Durable subscriptions of two brokers, told to each other when a bridge starts (ActiveMQ: syncDurableSubs, NetworkBridgeUtils):
// a durable network subscription whose subscriber unsubscribed while the bridge was down would keep messages for ever. The hops that
// interest may take hold here as well (AMQ-9689): what a broker could not know by advisories is not brought up by this.
import { isAdvisory } from '../../message/destination.ts'
import { destinationOf } from '../../openwire/destination-structure.ts'
import type { BrokerSubscriptionInfo, ConsumerInfo } from '../../wire/openwire/commands.ts'
import type { BridgeSettings } from '../connector-settings.ts'
import { durablePrefix } from './demand-info.ts'
import { DestinationRules } from './destination-rules.ts'

/** The first version of OpenWire that has BrokerSubscriptionInfo (ActiveMQ: CommandTypes.PROTOCOL_VERSION_DURABLE_SYNC). */
const firstVersion = 12

/** Whether a broker that both speak this version with is told of subscriptions. */
export const isToldSubscriptions = ({ syncDurableSubs }: BridgeSettings, version: number): boolean =>
  syncDurableSubs && version >= firstVersion

/** ActiveMQ: only where one demand stands for all, and may be there before anybody asks. */
export const hearsSubscriptions = ({ syncDurableSubs, conduitSubscriptions, dynamicOnly }: BridgeSettings): boolean =>
  syncDurableSubs && conduitSubscriptions && !dynamicOnly

/** Two brokers, and what is told between them. */
export interface SyncParties {
  readonly settings: BridgeSettings
  readonly localBrokerId: string
  readonly localBrokerName: string
  readonly remoteBrokerId: string
}

/**
 * The consumers here, durable or made so by forceDurable, that are demand for the other broker: with their client ids, those of
 * inactive subscriptions, too.
 */
export function buildSubscriptionInfo(
  parties: SyncParties & { readonly remoteBrokerName: string },
  consumers: readonly ConsumerInfo[],
): BrokerSubscriptionInfo {
  const { settings, localBrokerId, localBrokerName, remoteBrokerId, remoteBrokerName } = parties
  const rules = new DestinationRules(settings)
  const isWanted = (consumer: ConsumerInfo): boolean => {
    const destination = consumer.destination && destinationOf(consumer.destination)
    if (destination?.kind !== 'topic' || isAdvisory(destination) || !rules.isPermitted(destination)) return false
    if (consumer.subscriptionName === null && !rules.isForcedDurable(destination)) return false
    return !isBridgeTo(remoteBrokerName, settings, consumer) && mayCome(consumer, settings, remoteBrokerId)
  }
  return {
    kind: 'BrokerSubscriptionInfo',
    commandId: 0,
    responseRequired: false,
    brokerId: { kind: 'BrokerId', value: localBrokerId },
    brokerName: localBrokerName,
    subscriptionInfos: consumers.filter(isWanted),
  }
}

/** Of what the other broker told the consumers that are demand here, as far as they say it themselves. */
export function subscriptionsToHear(info: BrokerSubscriptionInfo, parties: SyncParties): readonly ConsumerInfo[] {
  const { settings, localBrokerId, localBrokerName } = parties
  return (info.subscriptionInfos ?? []).filter(
    (consumer): consumer is ConsumerInfo =>
      consumer !== null &&
      !isBridgeTo(localBrokerName, settings, consumer) &&
      mayCome(consumer, settings, localBrokerId),
  )
}

/** Demand of the broker itself that it would be told of: two brokers would keep each other's subscriptions alive. */
export function isBridgeTo(
  brokerName: string,
  { clientIdToken }: BridgeSettings,
  consumer: Pick<ConsumerInfo, 'clientId' | 'subscriptionName'>,
): boolean {
  if (!isOfBridge(consumer)) return false
  const { clientId } = consumer
  return clientId === null || clientId.includes([`${clientIdToken}${brokerName}`, 'inbound', ''].join(clientIdToken))
}

/** While its bridge is away nobody knows over how many brokers its interest came: over one at least. */
function mayCome(consumer: ConsumerInfo, { consumerTTL }: BridgeSettings, brokerId: string): boolean {
  const path = consumer.brokerPath ?? []
  const passed = path.length === 0 && isOfBridge(consumer) ? 1 : path.length
  return (consumerTTL < 0 || passed < consumerTTL) && !path.some((id) => id?.value === brokerId)
}

const isOfBridge = ({ subscriptionName }: Pick<ConsumerInfo, 'subscriptionName'>): boolean =>
  subscriptionName?.startsWith(durablePrefix) ?? false

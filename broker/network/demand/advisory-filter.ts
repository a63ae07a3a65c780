// Which advisories a bridge asks the other broker for (ActiveMQ: NetworkBridgeConfiguration.getDestinationFilter,
// DemandForwardingBridgeSupport.startRemoteBridge).
import { consumerTopic } from '../../advisory/advisory-topics.ts'
import { consumerAdvisories, temporaryAdvisories, virtualConsumerAdvisories } from '../../message/bridge-advisories.ts'
import type { DemandTerms } from '../../message/demand-terms.ts'
import { compositeMembers, isTemporary, type Destination } from '../../message/destination.ts'
import type { BridgeSettings } from '../connector-settings.ts'

/** The destination of the bridge's consumer of advisories; null when it needs none. */
export function advisoryDestination(settings: BridgeSettings): Destination | null {
  if (settings.staticBridge) return null
  const names = [...advisoriesOf(settings), ...(settings.bridgeTempDestinations ? temporaryAdvisories : [])]
  return names.length === 0 ? null : { kind: 'topic', name: names.join(',') }
}

function advisoriesOf(settings: BridgeSettings): readonly string[] {
  const { destinationFilter, dynamicallyIncludedDestinations, useVirtualDestSubs } = settings
  if (destinationFilter !== null) return [withPrefix(destinationFilter)]
  if (dynamicallyIncludedDestinations.length === 0)
    return [`${consumerAdvisories}>`, ...(useVirtualDestSubs ? [`${virtualConsumerAdvisories}>`] : [])]
  return dynamicallyIncludedDestinations
    .flatMap(({ destination }) => compositeMembers(destination))
    .filter((member) => !isTemporary(member))
    .map(consumerTopic)
    .flatMap((topic) =>
      useVirtualDestSubs ? [topic, `${virtualConsumerAdvisories}${topic.slice(consumerAdvisories.length)}`] : [topic],
    )
}

/**
 * What a bridge with these settings makes of advisories. With syncDurableSubs it also hears of single consumers in another way, whose end
 * it has to be told.
 */
export const demandTermsOf = (
  { consumerTTL, conduitSubscriptions, syncDurableSubs }: BridgeSettings,
  brokerId: string,
): DemandTerms => ({ brokerId, consumerTTL, conduit: conduitSubscriptions && !syncDurableSubs })

/** ActiveMQ takes `Queue.ORDERS.>` for `ActiveMQ.Advisory.Consumer.Queue.ORDERS.>`. */
const withPrefix = (filter: string): string =>
  filter.startsWith(consumerAdvisories) ? filter : `${consumerAdvisories}${filter}`

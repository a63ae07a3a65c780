// Who listens here, for brokers that compare subscriptions when a bridge starts (syncDurableSubs): consumers as they announced
// themselves, and durable subscriptions whose consumers are away (ActiveMQ: NetworkBridgeUtils.getBrokerSubscriptionInfo).
import { buildConsumerInfo } from '../openwire/build-commands.ts'
import { structureOf } from '../openwire/destination-structure.ts'
import type { Region } from '../region/region.ts'
import type { ConsumerInfo } from '../wire/openwire/commands.ts'

const subscriptionsPerPage = 1000

/** `consumers`: those that there are. */
export function knownSubscribers(
  region: Pick<Region, 'subscriptionsPage'>,
  consumers: readonly ConsumerInfo[],
): readonly ConsumerInfo[] {
  const away: ConsumerInfo[] = []
  for (let after = 0; ;) {
    const { items, next } = region.subscriptionsPage(after, subscriptionsPerPage)
    for (const { active, clientId, subscriptionName, topic, selector, noLocal } of items)
      if (!active)
        away.push(
          buildConsumerInfo({
            consumerId: { kind: 'ConsumerId', connectionId: 'OFFLINE', sessionId: 1, value: away.length + 1 },
            destination: structureOf({ kind: 'topic', name: topic }),
            prefetchSize: 0,
            clientId,
            subscriptionName,
            selector,
            noLocal,
          }),
        )
    if (next === null) return [...consumers, ...away]
    after = next
  }
}

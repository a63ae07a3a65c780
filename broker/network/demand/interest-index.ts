// Interests by what their end is told with: consumers by their ids, durable subscriptions by client id and name, because these
// have interest also while their consumers are away. One id can stand for several interests: of a composite, and of a consumer of
// a virtual destination.
import type { RemoveSubscriptionInfo } from '../../wire/openwire/commands.ts'
import { durablePrefix } from './demand-info.ts'
import type { Interest } from './demand-group.ts'
import type { HeardConsumer } from './heard-consumer.ts'

export class InterestIndex {
  readonly #consumers = new Map<string, Interest[]>()
  readonly #durables = new Map<string, Interest[]>()

  /** Those of the same consumer or subscription. */
  sameAs({ info, consumerId }: HeardConsumer, isDurable: boolean): readonly Interest[] {
    return (isDurable ? this.#durables.get(durableKey(info)) : this.#consumers.get(consumerId)) ?? []
  }

  add(interest: Interest): void {
    const [map, key] = this.#placeOf(interest)
    const there = map.get(key)
    if (there) there.push(interest)
    else map.set(key, [interest])
  }

  remove(interest: Interest): void {
    const [map, key] = this.#placeOf(interest)
    const rest = (map.get(key) ?? []).filter((other) => other !== interest)
    if (rest.length > 0) map.set(key, rest)
    else map.delete(key)
  }

  ofConsumer(consumerId: string): readonly Interest[] {
    return this.#consumers.get(consumerId) ?? []
  }

  /** All of an application's subscription; of a bridge's the one that is meant. */
  ofSubscription(info: RemoveSubscriptionInfo): readonly Interest[] {
    const interests = this.#durables.get(durableKey(info)) ?? []
    return isOfBridge(info) ? oneOfBridge(interests, info.clientId ?? '') : interests
  }

  #placeOf(interest: Interest): readonly [Map<string, Interest[]>, string] {
    return interest.durable ? [this.#durables, durableKey(interest.info)] : [this.#consumers, interest.consumerId]
  }
}

interface Subscription {
  readonly clientId: string | null
  readonly subscriptionName: string | null
}

const isOfBridge = ({ subscriptionName }: Subscription): boolean => subscriptionName?.startsWith(durablePrefix) ?? false

/** A bridge's subscription is announced with the client id of a subscriber behind it, and its end is told with its own. */
const durableKey = (subscription: Subscription): string =>
  isOfBridge(subscription)
    ? `${subscription.subscriptionName}`
    : `${subscription.clientId ?? ''}\n${subscription.subscriptionName}`

/** Bridges of one broker have subscriptions of one name: they differ in where they lead. */
export const isSameSource = (interest: Interest, { info, brokerPath }: HeardConsumer): boolean =>
  !isOfBridge(info) || interest.heardPath.join() === brokerPath.join()

/**
 * Of the bridges with a subscription of that name the one with the client id; or one whose id names the broker behind it, as ids
 * of ActiveMQ's bridges do when brokers have their names as ids (ActiveMQ: addProxyNetworkSubscriptionBrokerPath). Of those that were
 * announced with a subscriber's id nobody can tell which it is: one of them, so that none is left at the end.
 */
function oneOfBridge(interests: readonly Interest[], clientId: string): readonly Interest[] {
  const found =
    interests.find(({ info }) => info.clientId === clientId) ??
    interests.find(({ heardPath }) => heardPath.length > 0 && clientId.includes(heardPath.at(-1)!)) ??
    interests.find(({ info }) => !isIdOfBridge(info.clientId, clientId))
  return found ? [found] : []
}

/** Whether it is the id of a bridge of the same broker: `<connector>_<other broker>_inbound_<broker>`. */
function isIdOfBridge(clientId: string | null, ofBridge: string): boolean {
  const end = ofBridge.slice(ofBridge.lastIndexOf('inbound'))
  return clientId?.endsWith(end) ?? false
}

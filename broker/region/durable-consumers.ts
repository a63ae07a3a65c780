// Durable subscriptions as clients ask for them: made with their first consumer, changed and deleted, as the TopicRegion of
// ActiveMQ does it.
import { RefusalError } from '../base/errors.ts'
import type { DurableSubscription } from '../destination/durable/durable-subscription.ts'
import { destinationLimits } from '../destination/limits.ts'
import type { Topic } from '../destination/topic/topic.ts'
import type { Destination } from '../message/destination.ts'
import { isAdvisory, isTemporary, isWildcard } from '../message/destination.ts'
import type { RegionContext } from './region-context.ts'
import type { ConsumerOptions, SubscriptionName } from './region.ts'

/** The name means nothing for queues. */
export const isDurable = ({ subscriptionName, destination }: ConsumerOptions): boolean =>
  subscriptionName !== null && (destination.kind === 'topic' || destination.kind === 'temp-topic')

/**
 * The subscription that a consumer asks for: the one of that name, or a new one; with another topic or other terms than
 * before it begins anew. Refuses while it has a consumer.
 */
export function durableFor(
  context: RegionContext,
  clientId: string,
  options: ConsumerOptions,
  members: readonly Destination[],
): DurableSubscription {
  const subscriptionName = options.subscriptionName!
  const topic = topicOf(subscriptionName, members)
  if (clientId === '')
    throw new RefusalError(
      'ILLEGAL_STATE',
      `Cannot subscribe as '${subscriptionName}': the connection has no client id, to which the subscription would belong`,
    )
  checkLength(clientId)
  checkLength(subscriptionName)
  const { durables, registry } = context
  const known = durables.find(clientId, subscriptionName)
  if (known?.active)
    throw new RefusalError(
      'INVALID_REQUEST',
      `Durable consumer is in use for client: ${clientId} and subscriptionName: ${subscriptionName}`,
    )
  const terms = { selector: options.selector, noLocal: options.noLocal }
  if (known && isSame(known, topic, options)) return known
  const found = registry.obtain(topic) as Topic
  if (known) durables.delete(known)
  return durables.add(found, clientId, subscriptionName, terms)
}

/** Refuses what is not there, and what has a consumer. `connectionId`: of the client that asks for it, if it is one. */
export function deleteSubscription(
  { durables, registry, listener }: RegionContext,
  name: SubscriptionName,
  connectionId: string | null,
): void {
  const { clientId, subscriptionName } = name
  const found = durables.find(clientId, subscriptionName)
  if (!found)
    throw new RefusalError(
      'INVALID_DESTINATION',
      `No durable subscription exists for clientID: ${clientId} and subscriptionName: ${subscriptionName}`,
    )
  if (found.active) throw new RefusalError('INVALID_REQUEST', 'Durable consumer is in use')
  durables.delete(found)
  const { destination } = found
  listener.subscriptionRemoved(name, connectionId, destination, registry.consumerCount(destination))
}

function topicOf(subscriptionName: string, members: readonly Destination[]): Destination {
  const [topic, ...others] = members
  if (!topic || others.length > 0 || isWildcard(topic))
    throw new RefusalError(
      'UNSUPPORTED',
      `Cannot subscribe as '${subscriptionName}': durable subscriptions to several topics are not supported by this version`,
    )
  if (isTemporary(topic))
    throw new RefusalError('INVALID_REQUEST', 'A durable subscription cannot be created for a temporary topic.')
  if (isAdvisory(topic))
    throw new RefusalError('INVALID_REQUEST', 'Cannot create a durable subscription for an advisory Topic')
  return topic
}

function checkLength(text: string): void {
  const limit = 'maximumSubscriptionNameLength'
  if (text.length <= destinationLimits[limit]) return
  throw new RefusalError(
    'RESOURCE_LIMIT',
    `Cannot subscribe as '${text.slice(0, 80)}…': client id and name have at most ${destinationLimits[limit]} characters ` +
      `(limit ${limit})`,
    { fields: { limit } },
  )
}

const isSame = ({ holder, terms }: DurableSubscription, { name }: Destination, options: ConsumerOptions): boolean =>
  holder.topic === name && terms.selector === options.selector && terms.noLocal === options.noLocal

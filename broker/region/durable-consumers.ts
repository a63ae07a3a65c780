// Durable subscriptions as clients ask for them: made with their first consumer, changed and deleted, as the TopicRegion of
// ActiveMQ does it.
import { RefusalError } from '../base/errors.ts'
import type { DurableSubscription } from '../destination/durable/durable-subscription.ts'
import { destinationLimits } from '../destination/limits.ts'
import { Topic } from '../destination/topic/topic.ts'
import type { Destination } from '../message/destination.ts'
import { isAdvisory, isQueue, isTemporary, isWildcard } from '../message/destination.ts'
import type { SubscriptionTerms } from '../store/held-message.ts'
import type { RegionContext } from './region-context.ts'
import type { ConsumerOptions, SubscriptionName } from './region.ts'

/** The name means nothing for queues. */
export const isDurable = ({ subscriptionName, destination }: ConsumerOptions): boolean =>
  subscriptionName !== null && (destination.kind === 'topic' || destination.kind === 'temp-topic')

/**
 * The subscription that a consumer asks for: the one of that name, or a new one; with another destination or other terms than
 * before it begins anew. Refuses while it has a consumer.
 */
export function durableFor(
  context: RegionContext,
  clientId: string,
  options: ConsumerOptions,
  members: readonly Destination[],
): DurableSubscription {
  const name = options.subscriptionName!
  checkMembers(name, options.destination, members)
  if (clientId === '')
    throw new RefusalError(
      'ILLEGAL_STATE',
      `Cannot subscribe as '${name}': the connection has no client id, to which the subscription would belong`,
    )
  checkLength(clientId)
  checkLength(name)
  const { durables, registry } = context
  const known = durables.find(clientId, name)
  if (known?.active)
    throw new RefusalError(
      'INVALID_REQUEST',
      `Durable consumer is in use for client: ${clientId} and subscriptionName: ${name}`,
    )
  const { destination } = options
  const terms = termsOf(options)
  if (known && isSame(known, destination, terms)) return known
  const topics = members.flatMap((member) => (isWildcard(member) ? [] : [registry.obtain(member) as Topic]))
  if (known) durables.delete(known)
  const made = durables.add({ clientId, name, destination, members, terms }, topics)
  for (const found of registry) if (found instanceof Topic && made.wants(found.destination)) made.cover(found)
  return made
}

/** Consumers of one member of a destination; for a wildcard those with the same wildcard. */
export const consumerCount = ({ registry, durables }: RegionContext, member: Destination): number =>
  registry.consumerCount(member) + (isWildcard(member) ? durables.activeOn(member) : 0)

/** Refuses what is not there, and what has a consumer. `connectionId`: of the client that asks for it, if it is one. */
export function deleteSubscription(context: RegionContext, name: SubscriptionName, connectionId: string | null): void {
  const { clientId, subscriptionName } = name
  const { durables, listener } = context
  const found = durables.find(clientId, subscriptionName)
  if (!found)
    throw new RefusalError(
      'INVALID_DESTINATION',
      `No durable subscription exists for clientID: ${clientId} and subscriptionName: ${subscriptionName}`,
    )
  if (found.active) throw new RefusalError('INVALID_REQUEST', 'Durable consumer is in use')
  durables.delete(found)
  for (const member of found.options.members)
    listener.subscriptionRemoved(name, connectionId, member, consumerCount(context, member))
}

function checkMembers(name: string, destination: Destination, members: readonly Destination[]): void {
  if (members.some(isTemporary))
    throw new RefusalError('INVALID_REQUEST', 'A durable subscription cannot be created for a temporary topic.')
  if (members.some(isQueue))
    throw new RefusalError(
      'UNSUPPORTED',
      `Cannot subscribe as '${name}' to ${destination.name}: a durable subscription is to topics only`,
    )
  if (members.some(isAdvisory))
    throw new RefusalError('INVALID_REQUEST', 'Cannot create a durable subscription for an advisory Topic')
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

/** In JMS an empty selector is none. */
const termsOf = ({ selector, noLocal }: ConsumerOptions): SubscriptionTerms => ({
  selector: selector?.trim() ? selector : null,
  noLocal,
})

const isSame = ({ options: { destination, terms } }: DurableSubscription, asked: Destination, now: SubscriptionTerms) =>
  destination.name === asked.name &&
  terms.selector === now.selector &&
  (terms.noLocal === now.noLocal || terms.noLocalUnknown === true)

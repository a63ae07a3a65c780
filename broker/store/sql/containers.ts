// Which rows of ActiveMQ's tables are whose.
//
//   holder              goes by priority   does not
//   X                   queue://X, 4       queue://X, 0
//   X NUL n             queue://X, n       queue://X, n    something left from when it went by priority
//
// and on the way back all rows of a destination that does not go by priority are of X, as ActiveMQ reads them then.
//
// What a durable subscription to several topics is known by (destination/durable/durable-subscription.ts) is no row of ActiveMQ's: of
// each row in its table it takes the container for a topic. It names what was subscribed to in each row, instead.
import { isComposite, isWildcard, type Destination } from '../../message/destination.ts'
import { subscriptionHolder, type MessageHolder, type SubscriptionHolder } from '../held-message.ts'
import {
  defaultPriority,
  destinationOfHolder,
  highestPriority,
  nameAtPriority,
  priorityOfHolder,
} from '../priority-holder.ts'
import type { Container, SubscriptionKey } from './store-tables.ts'

export type IsPrioritized = (kind: 'queue' | 'topic', destination: string) => boolean

/** ActiveMQ: of a destination that does not go by priority. */
const noPriority = 0

export function containerOf({ kind, name }: MessageHolder, isPrioritized: IsPrioritized): Container {
  const destination = destinationOfHolder(name)
  const isPlain = destination === name
  const priority = isPlain && !isPrioritized(kind, destination) ? noPriority : priorityOfHolder(name)
  return { container: `${kind}://${destination}`, priority }
}

/** undefined for what is neither queue nor topic, as a temporary one. */
export function holderOf({ container, priority }: Container, isPrioritized: IsPrioritized): MessageHolder | undefined {
  const kind = container.startsWith('queue://') ? 'queue' : container.startsWith(topicPrefix) ? 'topic' : undefined
  if (kind === undefined) return undefined
  const destination = container.slice(topicPrefix.length)
  return { kind, name: isPrioritized(kind, destination) ? nameAtPriority(destination, within(priority)) : destination }
}

/** `marker`: of a subscription to several topics the container of the one that says so. */
export function subscriptionKeyOf(
  { topic, clientId, name }: SubscriptionHolder,
  isPrioritized: IsPrioritized,
  marker?: string,
): SubscriptionKey & { readonly subscribedDestination: string } {
  const { container, priority } = containerOf({ kind: 'topic', name: topic }, isMarker(topic) ? never : isPrioritized)
  return { container, priority, clientId, name, subscribedDestination: subscribedDestinationOf(marker ?? container) }
}

export function subscriptionOf(
  { container, priority, clientId, name }: SubscriptionKey,
  isPrioritized: IsPrioritized,
): SubscriptionHolder {
  const topic = container.slice(topicPrefix.length)
  const isLevel = !isMarker(topic) && isPrioritized('topic', topic)
  return subscriptionHolder(isLevel ? nameAtPriority(topic, within(priority)) : topic, clientId, name)
}

/** Whether a container is that of no topic, but says which topics a subscription is to. */
export const isMarkerContainer = (container: string): boolean => isMarker(container.slice(topicPrefix.length))

/** The container of the marker that belongs to what a row of ActiveMQ's says was subscribed to; undefined where that is one topic. */
export function markerOf(subscribedDestination: string): string | undefined {
  const container = subscribedDestination.includes(',')
    ? `${topicPrefix}${subscribedDestination}`
    : subscribedDestination
  return isMarkerContainer(container) ? container : undefined
}

/** As ActiveMQ writes it: of a composite without prefix (ActiveMQDestination.getQualifiedName). */
export const subscribedDestinationOf = (container: string): string =>
  container.includes(',') ? container.slice(topicPrefix.length) : container

const topicPrefix = 'topic://'

function isMarker(name: string): boolean {
  const topic: Destination = { kind: 'topic', name }
  return isComposite(topic) || isWildcard(topic)
}

const never: IsPrioritized = () => false

/** Of rows from before ActiveMQ had priorities it is what a column's default says. */
const within = (priority: number): number =>
  Number.isInteger(priority) && priority >= 0 && priority <= highestPriority ? priority : defaultPriority

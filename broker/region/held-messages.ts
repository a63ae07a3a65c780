// How many messages a broker has that are not on their way out of the world by themselves. Counters are summed up, no message is looked at.
import type { DestinationRegistry } from '../destination/destination-registry.ts'
import type { DurableSubscriptions } from '../destination/durable/durable-subscriptions.ts'
import { isTemporary } from '../message/destination.ts'
import type { HeldMessages } from './region.ts'

export function heldMessages(registry: DestinationRegistry, durables: DurableSubscriptions): HeldMessages {
  let ofQueues = 0
  for (const { destination, size, arrivals } of registry.queues())
    if (!isTemporary(destination)) ofQueues += size + arrivals.size
  let ofSubscriptions = 0
  for (const { pending } of durables) ofSubscriptions += pending
  return { ofQueues, ofSubscriptions }
}

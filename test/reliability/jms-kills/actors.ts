// The actors that there are, and what of the broker's configuration each of them needs.
import type { BrokerConfigInput } from '../../../broker/config/schema.ts'
import type { Actor, ActorTerms } from './actor.ts'
import { DurableSubscribers } from './durable-subscribers.ts'
import { droppedQueue, keptPrefix, keptQueue } from './expiry-check.ts'
import { ExpiringQueues } from './expiring-queues.ts'
import { GroupedQueue } from './grouped-queue.ts'
import { PrioritizedQueue, prioritizedQueue } from './prioritized-queue.ts'
import { SelectorQueue } from './selector-queue.ts'
import { Transfers } from './transfers.ts'

type Policies = NonNullable<BrokerConfigInput['destinationPolicies']>

interface ActorKind {
  readonly make: (terms: ActorTerms) => Actor
  readonly policies: Policies
}

export const actorKinds = {
  selectors: { make: (terms) => new SelectorQueue(terms), policies: [] },
  durable: { make: (terms) => new DurableSubscribers(terms), policies: [] },
  transfers: { make: (terms) => new Transfers(terms), policies: [] },
  expiry: {
    make: (terms) => new ExpiringQueues(terms),
    policies: [
      { queue: keptQueue, deadLetterStrategy: { individualDeadLetterStrategy: { queuePrefix: keptPrefix } } },
      { queue: droppedQueue, deadLetterStrategy: { sharedDeadLetterStrategy: { processExpired: false } } },
    ],
  },
  groups: { make: (terms) => new GroupedQueue(terms), policies: [] },
  priorities: {
    make: (terms) => new PrioritizedQueue(terms),
    policies: [{ queue: prioritizedQueue, prioritizedMessages: true }],
  },
} satisfies Record<string, ActorKind>

export type ActorName = keyof typeof actorKinds

export const allActors = Object.keys(actorKinds) as ActorName[]

/** Where dead letters of all of them may be. */
export const deadLetterQueues = ['ActiveMQ.DLQ', `${keptPrefix}${keptQueue}`]

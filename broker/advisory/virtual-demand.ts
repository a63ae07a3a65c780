// Which virtual destinations a consumer draws from: it consumes from queues that get what is sent to these. With useVirtualDestSubs
// it counts as a consumer of them for bridges of other brokers, which then bring their messages here (ActiveMQ: AdvisoryBroker,
// DestinationFilterVirtualDestinationMatcher).
import { destinationKey, isQueue, type Destination } from '../message/destination.ts'
import { QueueNames, type VirtualDestination } from '../routing/virtual-destination.ts'
import { parseWildcard, wildcardsOverlap } from '../routing/wildcard.ts'

type Rule = (destination: Destination) => Destination | null

export class VirtualDemand {
  readonly #rules: readonly Rule[]

  constructor(virtualDestinations: readonly VirtualDestination[]) {
    this.#rules = virtualDestinations.map(ruleOf)
  }

  of(destination: Destination): readonly Destination[] {
    const found = new Map<string, Destination>()
    for (const rule of this.#rules) {
      const virtual = rule(destination)
      if (virtual) found.set(destinationKey(virtual), virtual)
    }
    return [...found.values()]
  }
}

function ruleOf(rule: VirtualDestination): Rule {
  if (rule.kind === 'virtualTopic') {
    const names = new QueueNames(rule)
    return (destination) => {
      const topic = isQueue(destination) ? names.topicOf(destination.name) : null
      return topic === null ? null : { kind: 'topic', name: topic }
    }
  }
  const virtual = { kind: rule.kind === 'compositeQueue' ? 'queue' : 'topic', name: rule.name } as const
  return (destination) => (rule.forwardTo.some((to) => overlap(to.destination, destination)) ? virtual : null)
}

const overlap = (one: Destination, other: Destination): boolean =>
  one.kind === other.kind && wildcardsOverlap(parseWildcard(one.name), parseWildcard(other.name))

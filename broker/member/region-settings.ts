// What the configuration says of destinations, in the region's terms.
import { parseDuration } from '../config/duration-and-size.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { Destination } from '../message/destination.ts'
import type { DestinationPolicy, InactiveDestinationsPolicy } from '../region/inactive-destinations.ts'
import {
  defaultVirtualTopic,
  type CompositeDestination,
  type VirtualDestination,
} from '../routing/virtual-destination.ts'

type Given = NonNullable<BrokerConfig['virtualDestinations']>[number]
type Composite = NonNullable<Given['compositeQueue']>
type QueueOrTopic = { readonly queue?: string | undefined; readonly topic?: string | undefined }

/** Those that are given stand in place of the default, as in ActiveMQ. */
export function virtualDestinationsOf(config: BrokerConfig): readonly VirtualDestination[] {
  const { virtualDestinations, useVirtualTopics } = config
  if (virtualDestinations) return virtualDestinations.flatMap(virtualDestinationsIn)
  return useVirtualTopics ? [defaultVirtualTopic] : []
}

export const startupDestinationsOf = ({ startupDestinations }: BrokerConfig): readonly Destination[] =>
  startupDestinations.map(destinationOf)

export const inactiveDestinationsOf = (config: BrokerConfig): InactiveDestinationsPolicy => ({
  purgePeriodMs: parseDuration(config.schedulePeriodForDestinationPurge)!,
  maxPurgedPerSweep: config.maxPurgedDestinationsPerSweep,
  policies: config.destinationPolicies.map((given): DestinationPolicy => {
    const { kind, name: pattern } = destinationOf(given)
    const { gcInactiveDestinations, inactiveTimeoutBeforeGC } = given
    return {
      kind: kind === 'topic' ? kind : 'queue',
      pattern,
      gcInactiveDestinations,
      inactiveTimeoutBeforeGCMs: parseDuration(inactiveTimeoutBeforeGC)!,
    }
  }),
})

const virtualDestinationsIn = ({ virtualTopic, compositeQueue, compositeTopic }: Given): VirtualDestination[] => [
  ...(virtualTopic ? [{ kind: 'virtualTopic', ...virtualTopic } as const] : []),
  ...(compositeQueue ? [compositeOf('compositeQueue', compositeQueue)] : []),
  ...(compositeTopic ? [compositeOf('compositeTopic', compositeTopic)] : []),
]

const compositeOf = (
  kind: CompositeDestination['kind'],
  { name, forwardOnly, forwardTo }: Composite,
): CompositeDestination => ({
  kind,
  name,
  forwardOnly,
  forwardTo: forwardTo.map(({ filteredDestination, ...plain }) => ({
    destination: destinationOf(filteredDestination ?? plain),
    wants: null,
  })),
})

/** The schema sees to it that there is one of both. */
const destinationOf = ({ queue, topic }: QueueOrTopic): Destination =>
  topic === undefined ? { kind: 'queue', name: queue! } : { kind: 'topic', name: topic }

// Destinations as users write them ⇄ as they travel.
import { JmsError } from './jms-error.ts'
import type { Destination, DestinationKind } from '../message/destination.ts'
import { parseDestination } from '../message/destination.ts'
import type { DestinationStructure } from '../wire/openwire/commands.ts'

const kinds = {
  queue: 'ActiveMQQueue',
  topic: 'ActiveMQTopic',
  'temp-queue': 'ActiveMQTempQueue',
  'temp-topic': 'ActiveMQTempTopic',
} as const satisfies Record<DestinationKind, DestinationStructure['kind']>

const destinationKinds = Object.fromEntries(Object.entries(kinds).map(([kind, name]) => [name, kind])) as Record<
  DestinationStructure['kind'],
  DestinationKind
>

/** A destination, or its text: `queue://A`, `topic://B`; without prefix a queue. */
export type DestinationLike = Destination | string

/** Throws JmsError for names that cannot be. */
export function toDestination(destination: DestinationLike): Destination {
  const { kind, name } = typeof destination === 'string' ? parseDestination(destination) : destination
  if (name === '' || name.includes('?'))
    throw new JmsError(
      'javax.jms.InvalidDestinationException',
      `Cannot use destination "${name}": accepted are names that are not empty and have no options behind a question mark`,
    )
  return { kind, name }
}

export const structureOf = ({ kind, name }: Destination): DestinationStructure => ({
  kind: kinds[kind],
  physicalName: name,
})

export const destinationOf = (structure: DestinationStructure): Destination => ({
  kind: destinationKinds[structure.kind],
  name: structure.physicalName ?? '',
})

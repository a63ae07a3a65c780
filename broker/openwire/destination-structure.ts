// Destinations on the wire ⇄ destinations of the core. What people write is read elsewhere: here are structures only.
import { RefusalError } from '../base/errors.ts'
import { withoutOptions, type Destination, type DestinationKind } from '../message/destination.ts'
import type { DestinationStructure } from '../wire/openwire/commands.ts'
import { maxDestinationNameLength } from './limits.ts'

const kinds: Readonly<Record<DestinationStructure['kind'], DestinationKind>> = {
  ActiveMQQueue: 'queue',
  ActiveMQTopic: 'topic',
  ActiveMQTempQueue: 'temp-queue',
  ActiveMQTempTopic: 'temp-topic',
}

const structures: Readonly<Record<DestinationKind, DestinationStructure['kind']>> = {
  queue: 'ActiveMQQueue',
  topic: 'ActiveMQTopic',
  'temp-queue': 'ActiveMQTempQueue',
  'temp-topic': 'ActiveMQTempTopic',
}

export const destinationOf = ({ kind, physicalName }: DestinationStructure): Destination => ({
  kind: kinds[kind],
  name: physicalName ?? '',
})

export const structureOf = ({ kind, name }: Destination): DestinationStructure => ({
  kind: structures[kind],
  physicalName: name,
})

/**
 * The destination that a peer has to name. `what` completes "Cannot <what>: …". Names are trimmed, as ActiveMQ does.
 * @throws {RefusalError}
 */
export function requiredDestination(structure: DestinationStructure | null, what: string): Destination {
  const name = withoutOptions(structure?.physicalName ?? '').trim()
  if (!structure || name === '')
    throw new RefusalError('INVALID_DESTINATION', `Cannot ${what}: the destination is missing`)
  if (name.length > maxDestinationNameLength)
    throw new RefusalError(
      'INVALID_DESTINATION',
      `Cannot ${what}: the destination's name has ${name.length} characters, at most ${maxDestinationNameLength} are accepted`,
      { fields: { limit: 'maxDestinationNameLength' } },
    )
  return { kind: kinds[structure.kind], name }
}

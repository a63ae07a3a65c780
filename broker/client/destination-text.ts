// Destinations as users write them.
import { JmsError } from './jms-error.ts'
import type { Destination } from '../message/destination.ts'
import { parseDestination } from '../message/destination.ts'

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

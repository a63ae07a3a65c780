// Destinations as users write them.
import type { Destination } from '../message/destination.ts'
import { compositeMembers, parseDestination } from '../message/destination.ts'
import { isPlainObject, oneOf, refused } from './given.ts'

/** A destination, or its text: `queue://A`, `topic://B`; without prefix a queue. */
export type DestinationLike = Destination | string

const kinds = ['queue', 'topic', 'temp-queue', 'temp-topic'] as const
const aKind = oneOf(...kinds)
const schemes = kinds.map((kind) => `${kind}://NAME`).join(', ')

/** `what` completes "Cannot <what> …". Throws JmsError for what cannot be one. */
export function toDestination(given: DestinationLike, what: string): Destination {
  if (typeof given === 'string') return fromText(given, what)
  if (!isPlainObject(given))
    throw refused(what, 'destination', given, `a text (${schemes}, or a queue's name) or {kind, name}`, className)
  const { kind, name } = given
  if (!aKind.test(kind)) throw refused(what, 'kind of the destination', kind, aKind.accepts, className)
  return named({ kind, name }, what)
}

function fromText(text: string, what: string): Destination {
  const destination = named(parseDestination(text), what)
  // A scheme that is still there is none that we know: of the whole, or of a member of a composite.
  for (const { name } of compositeMembers(destination))
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) throw refused(what, 'destination', name, schemes, className)
  return destination
}

function named(destination: Destination, what: string): Destination {
  const { name } = destination
  if (typeof name !== 'string' || name.trim() === '' || name.includes('?'))
    throw refused(
      what,
      'name of the destination',
      name,
      'a text that is not empty and has no options behind a question mark',
      className,
    )
  return destination
}

const className = 'javax.jms.InvalidDestinationException'

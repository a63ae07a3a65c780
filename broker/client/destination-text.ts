// Destinations as users write them.
import type { Destination } from '../message/destination.ts'
import { compositeMembers, parseDestination } from '../message/destination.ts'
import { splitOptions, type DestinationOptions } from './destination-options.ts'
import { isPlainObject, oneOf, refused } from './given.ts'

/** A destination, or its text: `queue://A`, `topic://B`; without prefix a queue. */
export type DestinationLike = Destination | string

const kinds = ['queue', 'topic', 'temp-queue', 'temp-topic'] as const
const aKind = oneOf(...kinds)
const schemes = kinds.map((kind) => `${kind}://NAME`).join(', ')

/** `what` completes "Cannot <what> …". Throws JmsError for what cannot be one. Options behind the name are passed over. */
export const toDestination = (given: DestinationLike, what: string): Destination =>
  toDestinationWithOptions(given, what).destination

/** The same with the options behind the name. */
export function toDestinationWithOptions(given: DestinationLike, what: string): WithOptions {
  if (typeof given === 'string') {
    const { name: text, options } = splitOptions(given, what)
    return { destination: fromText(text, what), options }
  }
  if (!isPlainObject(given))
    throw refused(what, 'destination', given, `a text (${schemes}, or a queue's name) or {kind, name}`, className)
  const { kind, name } = given
  if (!aKind.test(kind)) throw refused(what, 'kind of the destination', kind, aKind.accepts, className)
  if (typeof name !== 'string') return { destination: named({ kind, name }, what), options: new Map() }
  const { name: bare, options } = splitOptions(name, what)
  return { destination: named({ kind, name: bare }, what), options }
}

interface WithOptions {
  readonly destination: Destination
  readonly options: DestinationOptions
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
  if (typeof name !== 'string' || name.trim() === '')
    throw refused(what, 'name of the destination', name, 'a text that is not empty', className)
  return destination
}

const className = 'javax.jms.InvalidDestinationException'

// Destination names, and the texts that stand for a destination.

export type DestinationKind = 'queue' | 'topic' | 'temp-queue' | 'temp-topic'

export interface Destination {
  readonly kind: DestinationKind
  /** The physical name; for a composite a comma list whose members may carry `queue://`, `topic://`, … */
  readonly name: string
}

/** Qualified text, unique over kinds: `queue://A`, `topic://B`, `temp-queue://ID:…:1`, `temp-topic://…`. */
export const destinationKey = (destination: Destination): string => `${destination.kind}://${destination.name}`

export const isQueue = (destination: Destination): boolean =>
  destination.kind === 'queue' || destination.kind === 'temp-queue'

export const isTemporary = (destination: Destination): boolean =>
  destination.kind === 'temp-queue' || destination.kind === 'temp-topic'

export const isComposite = (destination: Destination): boolean => destination.name.includes(',')

export const isWildcard = (destination: Destination): boolean =>
  destination.name.includes('*') || destination.name.includes('>')

export const advisoryPrefix = 'ActiveMQ.Advisory.'

export const isAdvisory = (destination: Destination): boolean =>
  destination.kind === 'topic' && destination.name.startsWith(advisoryPrefix)

/** Options behind a name are its client's own (ActiveMQ: ActiveMQDestination.setPhysicalName); most clients keep them to themselves. */
export function withoutOptions(name: string): string {
  const at = name.indexOf('?')
  return at < 0 ? name : name.slice(0, at)
}

const prefixes: readonly (readonly [string, DestinationKind])[] = [
  ['queue://', 'queue'],
  ['topic://', 'topic'],
  ['temp-queue://', 'temp-queue'],
  ['temp-topic://', 'temp-topic'],
]

/** Reads `queue://A`, `topic://A`, …; a name without prefix is of `defaultKind`. Names are trimmed. */
export function parseDestination(text: string, defaultKind: DestinationKind = 'queue'): Destination {
  const trimmed = text.trim()
  for (const [prefix, kind] of prefixes)
    if (trimmed.startsWith(prefix)) return { kind, name: trimmed.slice(prefix.length).trim() }
  return { kind: defaultKind, name: trimmed }
}

/** The members of a composite as a set (duplicates collapse), or the destination itself. */
export function compositeMembers(destination: Destination): Destination[] {
  if (!isComposite(destination)) return [destination]
  const members = new Map<string, Destination>()
  for (const part of destination.name.split(',')) {
    if (part.trim() === '') continue
    const member = parseDestination(part, destination.kind)
    members.set(destinationKey(member), member)
  }
  return [...members.values()]
}

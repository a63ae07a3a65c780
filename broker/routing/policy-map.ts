// What holds for destinations by name (ActiveMQ: DestinationMap.chooseValue): of all entries whose pattern matches, the one
// that is the most specific counts, as a whole. Nothing is put together of several.
import { isQueue, isTemporary, type Destination } from '../message/destination.ts'
import { isWithin, matchesWildcard, parseWildcard, type WildcardPattern } from './wildcard.ts'

export interface PolicyEntry {
  readonly kind: 'queue' | 'topic'
  readonly pattern: string
}

interface Parsed<E> {
  readonly entry: E
  readonly pattern: WildcardPattern
}

export class PolicyMap<E extends PolicyEntry> {
  readonly #entries: readonly Parsed<E>[]

  constructor(entries: readonly E[]) {
    this.#entries = entries.map((entry) => ({ entry, pattern: parseWildcard(entry.pattern) }))
  }

  /** Undefined when none matches. Temporary destinations have no policies. */
  for(destination: Destination): E | undefined {
    if (isTemporary(destination)) return undefined
    const kind = isQueue(destination) ? 'queue' : 'topic'
    let best: Parsed<E> | undefined
    for (const one of this.#entries)
      if (one.entry.kind === kind && matchesWildcard(one.pattern, destination.name))
        if (!best || isMoreSpecific(one, best)) best = one
    return best?.entry
  }
}

/** Of two of the same pattern the later one; of two that only overlap that whose name comes first (ActiveMQDestination.compare). */
function isMoreSpecific(one: Parsed<PolicyEntry>, best: Parsed<PolicyEntry>): boolean {
  if (isWithin(one.pattern, best.pattern)) return true
  return !isWithin(best.pattern, one.pattern) && one.entry.pattern < best.entry.pattern
}

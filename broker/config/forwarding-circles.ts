// Composites that forward to each other in a circle: ActiveMQ ends that with a StackOverflowError at the first message.
import { parseWildcard, wildcardsOverlap } from '../routing/wildcard.ts'

interface QueueOrTopic {
  readonly queue?: string | undefined
  readonly topic?: string | undefined
}

interface Composite {
  readonly name: string
  readonly forwardTo: readonly (QueueOrTopic & { readonly filteredDestination?: QueueOrTopic | undefined })[]
}

interface Entry {
  readonly compositeQueue?: Composite | undefined
  readonly compositeTopic?: Composite | undefined
}

interface Node {
  readonly at: string
  readonly isQueue: boolean
  readonly composite: Composite
}

/** Of each composite whose messages come back to it: where it stands in the list, and where it forwards to. */
export function forwardingCircles(entries: readonly Entry[]): { at: string; given: unknown }[] {
  const nodes = entries.flatMap(({ compositeQueue, compositeTopic }, index) => [
    ...(compositeQueue ? [{ at: `[${index}].compositeQueue`, isQueue: true, composite: compositeQueue }] : []),
    ...(compositeTopic ? [{ at: `[${index}].compositeTopic`, isQueue: false, composite: compositeTopic }] : []),
  ])
  return nodes
    .filter((node) => leadsTo(node, node, nodes, new Set()))
    .map(({ at, composite }) => ({ at: `${at}.forwardTo`, given: composite.forwardTo }))
}

function leadsTo(from: Node, wanted: Node, nodes: readonly Node[], seen: Set<Node>): boolean {
  if (seen.has(from)) return false
  seen.add(from)
  const next = nodes.filter((node) => forwards(from, node))
  return next.includes(wanted) || next.some((node) => leadsTo(node, wanted, nodes, seen))
}

const forwards = ({ composite }: Node, { isQueue, composite: { name } }: Node): boolean =>
  composite.forwardTo.some(({ filteredDestination, ...plain }) => {
    const { queue, topic } = filteredDestination ?? plain
    const target = isQueue ? queue : topic
    return target !== undefined && wildcardsOverlap(parseWildcard(name), parseWildcard(target))
  })

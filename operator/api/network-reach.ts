// How far messages and demand get over the links of a network: which way is the longest, and which groups messages do not
// get between although there is a way. Pure, and by the rules of ActiveMQ's bridges: a message that has passed as many
// brokers as messageTTL says goes no further, nor does the interest of a consumer by consumerTTL, and neither comes to a
// broker twice.

interface Way {
  readonly from: string
  readonly to: string
  readonly duplex: boolean
  /** It asks for no demand: what is beyond it is not reached. */
  readonly isStatic: boolean
}

interface WayWithTtl extends Way {
  readonly messageTTL: number
  readonly consumerTTL: number
}

/** Messages of one group do not get to consumers of another one, although there is a way. */
export interface ShortReach {
  readonly from: string
  readonly to: string
  /** So many edges are between them. */
  readonly hops: number
}

/** How many edges are between those two groups that are furthest from each other; at least 1. */
export function longestWay(groups: readonly string[], ways: readonly Way[]): number {
  const arcs = arcsOf(ways)
  return Math.max(1, ...groups.flatMap((group) => [...distancesFrom(group, arcs).values()]))
}

export function findShortReach(groups: readonly string[], ways: readonly WayWithTtl[]): ShortReach | undefined {
  const arcs = arcsOf(ways)
  for (const from of groups)
    for (const [to, hops] of distancesFrom(from, arcs)) {
      // A longer way may have a higher TTL.
      const lengths = Array.from({ length: groups.length - hops }, (_, more) => hops + more)
      if (!lengths.some((length) => passes(arcs, from, to, length))) return { from, to, hops }
    }
  return undefined
}

/** Groups that no edge joins with the first one, in whichever direction. */
export function findIsolated(groups: readonly string[], ways: readonly Way[]): string[] {
  const [first = '', ...others] = groups
  const joined = distancesFrom(
    first,
    ways.flatMap((way) => [way, { ...way, from: way.to, to: way.from }]),
  )
  return others.filter((group) => !joined.has(group))
}

/** Each direction by itself. */
const arcsOf = <W extends Way>(ways: readonly W[]): W[] =>
  ways
    .filter(({ isStatic }) => !isStatic)
    .flatMap((way) => (way.duplex ? [way, { ...way, from: way.to, to: way.from }] : [way]))

/** Of every other group that there is a way to. */
function distancesFrom(start: string, arcs: readonly { readonly from: string; readonly to: string }[]) {
  const distances = new Map([[start, 0]])
  // What is appended while it goes round is gone round, too.
  for (const [group, distance] of distances)
    for (const { from, to } of arcs) if (from === group && !distances.has(to)) distances.set(to, distance + 1)
  distances.delete(start)
  return distances
}

/** Whether demand comes from `target` to `source` and messages go back, over exactly so many edges. */
function passes(arcs: readonly WayWithTtl[], source: string, target: string, hops: number): boolean {
  let here = new Set([source])
  for (let hop = 1; hop <= hops; hop++) {
    const next = new Set<string>()
    for (const { from, to, messageTTL, consumerTTL } of arcs)
      if (here.has(from) && permits(messageTTL, hop) && permits(consumerTTL, hops - hop + 1)) next.add(to)
    here = next
  }
  return here.has(target)
}

/** -1 is no limit. */
const permits = (ttl: number, hops: number): boolean => ttl < 0 || hops <= ttl

// Which groups of a network are joined, which of the two dials, and how far what passes may go on: from `topology.network`
// to links. Pure; whether everybody is reached by them is network-reach.ts.
//
// In a layout that is made here a link is duplex, and of two groups the later one of the list dials. One connection carries
// both directions, so that both are up, or both are down; a group that joins brings its links with it, and nobody else's
// configuration changes. Whichever end fails over, the link comes back: the next active of the group that dials dials
// anew, and who is dialled is looked for among all members of its group.
import { createHash } from 'node:crypto'
import { maxNameLength } from './limits.ts'
import { templateGroupName } from './names.ts'
import { longestWay } from './network-reach.ts'

/** What is said of a connector, as far as links depend on it. */
export interface ConnectorToJoin {
  readonly duplex?: boolean | undefined
  readonly staticBridge?: boolean | undefined
  readonly networkTTL?: number | undefined
  readonly messageTTL?: number | undefined
  readonly consumerTTL?: number | undefined
}

export interface NetworkToJoin<C extends ConnectorToJoin> {
  readonly layout: 'Mesh' | 'HubSpoke' | 'Ring' | 'Custom'
  readonly hub?: string | undefined
  readonly edges?: readonly EdgeToJoin<C>[] | undefined
  readonly connectorDefaults?: C | undefined
}

interface EdgeToJoin<C> {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly connector?: C | undefined
}

export interface NetworkLink<C extends ConnectorToJoin = ConnectorToJoin> {
  /** Of the edge, and of the connector of the brokers that dial. */
  readonly name: string
  /** The group that dials, and sends to the other one; with duplex the other one sends, too. */
  readonly from: string
  readonly to: string
  readonly duplex: boolean
  readonly messageTTL: number
  readonly consumerTTL: number
  /** What is said for this link: its own, and of the defaults what it does not say. */
  readonly connector: Omit<C, keyof ConnectorToJoin> & Pick<ConnectorToJoin, 'staticBridge'>
}

interface SpecWithGroups {
  readonly groups?: readonly { readonly name: string }[] | undefined
  readonly groupCount?: number | undefined
}

/** In their order: of the list, or of their numbers. */
export const groupNamesOf = ({ groups, groupCount = 1 }: SpecWithGroups): string[] =>
  groups?.map(({ name }) => name) ?? Array.from({ length: groupCount }, (_, index) => templateGroupName(index))

/** In the order of groups; those of Custom in the order of edges. */
export function linksOf<C extends ConnectorToJoin>(
  network: NetworkToJoin<C>,
  groups: readonly string[],
): NetworkLink<C>[] {
  const { layout, edges = [], connectorDefaults: defaults } = network
  const isOneWay = defaults?.duplex === false
  const joins: readonly EdgeToJoin<C>[] =
    layout === 'Custom' ? edges : dialsOf(network, groups).flatMap((dial) => made(dial, isOneWay))
  const directed = joins.map((join) => ({ ...join, duplex: isDuplex(network, join.connector) }))
  const enough = longestWay(
    groups,
    directed.map((join) => ({ ...join, isStatic: isStatic(defaults, join.connector) })),
  )
  return directed.map(({ connector: own, ...join }) => ({
    ...join,
    messageTTL: ttlOf('messageTTL', own, defaults) ?? enough,
    consumerTTL: ttlOf('consumerTTL', own, defaults) ?? enough,
    connector: withoutTtl({ ...defaults, ...own } as C),
  }))
}

interface Dial {
  readonly from: string
  readonly to: string
}

function dialsOf({ layout, hub }: NetworkToJoin<ConnectorToJoin>, groups: readonly string[]): Dial[] {
  switch (layout) {
    case 'Mesh':
      return groups.flatMap((from, index) => groups.slice(0, index).map((to) => ({ from, to })))
    case 'HubSpoke':
      return groups.filter((name) => name !== hub).map((from) => ({ from, to: hub! }))
    case 'Ring': {
      const chain = groups.slice(1).map((from, index) => ({ from, to: groups[index]! }))
      return groups.length > 2 ? [...chain, { from: groups.at(-1)!, to: groups[0]! }] : chain
    }
    case 'Custom':
      return []
  }
}

/** Without duplex each end dials for what it sends itself. */
function made({ from, to }: Dial, isOneWay: boolean): Omit<EdgeToJoin<never>, 'connector'>[] {
  const there = { name: linkName(from, to), from, to }
  return isOneWay ? [there, { name: linkName(to, from), from: to, to: from }] : [there]
}

/** Short enough for every name of a connector, and the same as long as the groups are. */
function linkName(from: string, to: string): string {
  const name = `${from}-to-${to}`
  if (name.length <= maxNameLength) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10)
  return `${name.slice(0, maxNameLength - hash.length - 1)}-${hash}`
}

/** As in ActiveMQ an edge that somebody draws leads in one direction unless it says something else. */
export const isDuplex = (
  { layout, connectorDefaults }: NetworkToJoin<ConnectorToJoin>,
  own: ConnectorToJoin | undefined,
): boolean => own?.duplex ?? connectorDefaults?.duplex ?? layout !== 'Custom'

const isStatic = (defaults: ConnectorToJoin | undefined, own: ConnectorToJoin | undefined): boolean =>
  own?.staticBridge ?? defaults?.staticBridge ?? false

/** `networkTTL` of an edge stands for both, whatever the defaults say. */
const ttlOf = (
  which: 'messageTTL' | 'consumerTTL',
  own: ConnectorToJoin | undefined,
  defaults: ConnectorToJoin | undefined,
): number | undefined => own?.[which] ?? own?.networkTTL ?? defaults?.[which] ?? defaults?.networkTTL

function withoutTtl<C extends ConnectorToJoin>(connector: C): NetworkLink<C>['connector'] {
  const { duplex: _, networkTTL: _n, messageTTL: _m, consumerTTL: _c, ...rest } = connector
  return rest as unknown as NetworkLink<C>['connector']
}

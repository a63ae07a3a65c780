// How groups are joined: what belongs to which layout, that an edge leads from one group to another one, and that messages
// get from each group to all that they are to get to.
import { groupNamesOf, isDuplex, linksOf, type NetworkLink, type NetworkToJoin } from '../network-links.ts'
import { findIsolated, findShortReach, type ShortReach } from '../network-reach.ts'
import { type Finding, type Rule, wrong } from './rule.ts'

interface ConnectorToCheck {
  readonly duplex?: boolean | undefined
  readonly staticBridge?: boolean | undefined
  readonly networkTTL?: number | undefined
  readonly messageTTL?: number | undefined
  readonly consumerTTL?: number | undefined
  readonly transportConnector?: string | undefined
}

type NetworkToCheck = NetworkToJoin<ConnectorToCheck>
type EdgeToCheck = NonNullable<NetworkToCheck['edges']>[number]

interface TopologyToCheck {
  readonly type: string
  readonly network?: NetworkToCheck | undefined
}

interface SpecToCheck {
  readonly topology: TopologyToCheck
  readonly groups?: readonly { readonly name: string }[] | undefined
  readonly groupCount?: number | undefined
  readonly transportConnectors: readonly { readonly name: string }[]
}

const isNetwork = (type: string): boolean => type === 'BrokerCluster' || type === 'Combined'

/** Of `topology`. */
export const topologyRules: readonly Rule<TopologyToCheck>[] = [
  {
    cel: {
      rule: "(self.type in ['BrokerCluster', 'Combined']) == has(self.network)",
      message: 'topology.network: required with topology.type BrokerCluster and Combined, and accepted only with them',
      fieldPath: '.network',
    },
    check: ({ type, network }) =>
      isNetwork(type) === (network !== undefined)
        ? undefined
        : wrong('.network', network, 'expected exactly with topology.type BrokerCluster and Combined'),
  },
]

const celDefaultDuplex =
  'has(self.connectorDefaults) && has(self.connectorDefaults.duplex) && self.connectorDefaults.duplex'
const celDuplex = (edge: string): string =>
  `(has(${edge}.connector) && has(${edge}.connector.duplex) ? ${edge}.connector.duplex : ${celDefaultDuplex})`

/** Of `topology.network`. */
export const networkRules: readonly Rule<NetworkToCheck>[] = [
  {
    cel: {
      rule: "(self.layout == 'Custom') == (has(self.edges) && size(self.edges) > 0)",
      message: 'topology.network.edges: required with layout Custom, and accepted only with it',
      fieldPath: '.edges',
    },
    check: ({ layout, edges = [] }) =>
      (layout === 'Custom') === edges.length > 0
        ? undefined
        : wrong('.edges', edges.length, 'expected one or more exactly with layout Custom'),
  },
  {
    cel: {
      rule: "(self.layout == 'HubSpoke') == has(self.hub)",
      message: 'topology.network.hub: required with layout HubSpoke, and accepted only with it',
      fieldPath: '.hub',
    },
    check: ({ layout, hub }) =>
      (layout === 'HubSpoke') === (hub !== undefined)
        ? undefined
        : wrong('.hub', hub, 'expected exactly with layout HubSpoke'),
  },
  {
    cel: {
      rule: '!has(self.edges) || self.edges.all(a, self.edges.exists_one(b, b.from == a.from && b.to == a.to))',
      message: 'topology.network.edges: two lead from the same group to the same one; accepted: one of them',
      fieldPath: '.edges',
    },
    check: ({ edges = [] }) =>
      edges.flatMap((edge, index) => {
        const other = edges.findIndex(({ from, to }) => from === edge.from && to === edge.to)
        return other === index
          ? []
          : [wrong(`.edges[${index}]`, edge.name, `${edges[other]!.name} leads there already`)]
      }),
  },
  {
    cel: {
      rule: `!has(self.edges) || self.edges.all(a, !${celDuplex('a')} || !self.edges.exists(b, b.from == a.to && b.to == a.from))`,
      message:
        'topology.network.edges: one leads against a duplex one, which goes in both directions; accepted: one of them, or both without duplex',
      fieldPath: '.edges',
    },
    check: (network) => {
      const edges = network.edges ?? []
      return edges.flatMap((edge, index) => {
        const duplex = edges.find(
          (other) => other.from === edge.to && other.to === edge.from && isDuplex(network, other.connector),
        )
        if (!duplex) return []
        return [wrong(`.edges[${index}]`, edge.name, `${duplex.name} is duplex and goes in this direction, too`)]
      })
    },
  },
]

/** Of each edge. */
export const edgeRules: readonly Rule<EdgeToCheck>[] = [
  {
    cel: {
      rule: 'self.from != self.to',
      message:
        'topology.network.edges[].to: an edge leads from one group to another one; accepted: another one than from',
      fieldPath: '.to',
    },
    check: ({ from, to }) => (from === to ? wrong('.to', to, 'expected another group than from') : undefined),
  },
]

/** Of `connectorDefaults`, and of `connector` of each edge. */
export const connectorRules: readonly Rule<ConnectorToCheck>[] = [
  {
    cel: {
      rule: '!has(self.networkTTL) || !(has(self.messageTTL) || has(self.consumerTTL))',
      message: 'topology.network: networkTTL sets messageTTL and consumerTTL; accepted: it, or one or both of them',
      fieldPath: '.networkTTL',
    },
    check: ({ networkTTL, messageTTL, consumerTTL }) =>
      networkTTL === undefined || (messageTTL === undefined && consumerTTL === undefined)
        ? undefined
        : wrong('.networkTTL', networkTTL, 'expected without messageTTL and consumerTTL, which it sets'),
  },
  {
    cel: {
      rule: '(!has(self.networkTTL) || self.networkTTL != 0) && (!has(self.messageTTL) || self.messageTTL != 0) && (!has(self.consumerTTL) || self.consumerTTL != 0)',
      message:
        'topology.network: with networkTTL, messageTTL or consumerTTL 0 nothing passes; accepted: 1 or more, or -1 for no limit',
    },
    check: (connector) =>
      (['networkTTL', 'messageTTL', 'consumerTTL'] as const).flatMap((name) =>
        connector[name] === 0 ? [wrong(`.${name}`, 0, 'expected 1 or more, or -1 for no limit')] : [],
      ),
  },
]

/** Not by a text that is made of a number: the API server takes that for one of any length, and the rule for too costly. */
const celIsGroup = (name: string): string =>
  `(has(self.groups) ? self.groups.exists(group, group.name == ${name}) : ${name}.matches('^g(0|[1-9][0-9]?)$') && int(${name}.substring(1)) < (has(self.groupCount) ? self.groupCount : 1))`
const celNetwork = 'self.topology.network'
const celIsConnector = (name: string): string => `self.transportConnectors.exists(connector, connector.name == ${name})`
const celSays = (connector: string, parent: string): string =>
  `has(${parent}.${connector}) && has(${parent}.${connector}.transportConnector)`

/** Of the spec: an edge names groups and a transport connector, which stand beside the topology. */
export const networkGroupRules: readonly Rule<SpecToCheck>[] = [
  {
    cel: {
      rule: `!has(${celNetwork}) || !has(${celNetwork}.hub) || ${celIsGroup(`${celNetwork}.hub`)}`,
      message: 'topology.network.hub: there is no such group; accepted: the name of a group',
      fieldPath: '.topology.network.hub',
    },
    check: (spec) => {
      const { hub } = spec.topology.network ?? {}
      return hub === undefined || groupNamesOf(spec).includes(hub)
        ? undefined
        : wrong('.topology.network.hub', hub, expectedGroup(spec))
    },
  },
  {
    cel: {
      rule: `!has(${celNetwork}) || !has(${celNetwork}.edges) || ${celNetwork}.edges.all(edge, ${celIsGroup('edge.from')} && ${celIsGroup('edge.to')})`,
      message: 'topology.network.edges: from or to is no group; accepted: names of groups',
      fieldPath: '.topology.network.edges',
    },
    check: (spec) =>
      (spec.topology.network?.edges ?? []).flatMap((edge, index) =>
        (['from', 'to'] as const)
          .filter((end) => !groupNamesOf(spec).includes(edge[end]))
          .map((end) => wrong(`.topology.network.edges[${index}].${end}`, edge[end], expectedGroup(spec))),
      ),
  },
  {
    cel: {
      rule: `!has(${celNetwork}) || !(${celSays('connectorDefaults', celNetwork)}) || ${celIsConnector(`${celNetwork}.connectorDefaults.transportConnector`)}`,
      message:
        'topology.network.connectorDefaults.transportConnector: there is no such connector; accepted: the name of one of transportConnectors',
      fieldPath: '.topology.network.connectorDefaults.transportConnector',
    },
    check: ({ topology: { network }, transportConnectors }) =>
      unknownConnector(network?.connectorDefaults, transportConnectors, '.topology.network.connectorDefaults'),
  },
  {
    cel: {
      rule: `!has(${celNetwork}) || !has(${celNetwork}.edges) || ${celNetwork}.edges.all(edge, !(${celSays('connector', 'edge')}) || ${celIsConnector('edge.connector.transportConnector')})`,
      message:
        'topology.network.edges: connector.transportConnector is no connector; accepted: the name of one of transportConnectors',
      fieldPath: '.topology.network.edges',
    },
    check: ({ topology: { network }, transportConnectors }) =>
      (network?.edges ?? []).flatMap(({ connector }, index) =>
        unknownConnector(connector, transportConnectors, `.topology.network.edges[${index}].connector`),
      ),
  },
  {
    // CEL cannot go along edges.
    check: (spec) => {
      const { network } = spec.topology
      const groups = groupNamesOf(spec)
      if (!network || groups.length < 2 || !isKnown(network, groups)) return undefined
      const links = linksOf(network, groups).map((link) => ({
        ...link,
        isStatic: link.connector.staticBridge === true,
      }))
      const isolated = findIsolated(groups, links)
      if (isolated.length > 0)
        return wrong(
          '.topology.network.edges',
          (network.edges ?? []).map(({ name }) => name),
          `expected that every group is joined: no edge leads from ${groups[0]} to ${isolated.join(', ')} or back, not even over others`,
        )
      const short = findShortReach(groups, links)
      return short && shortReach(network, links, short)
    },
  },
]

const expectedGroup = (spec: SpecToCheck): string => `expected one of the groups, ${groupNamesOf(spec).join(', ')}`

function unknownConnector(
  connector: ConnectorToCheck | undefined,
  transportConnectors: SpecToCheck['transportConnectors'],
  at: string,
): Finding[] {
  const named = connector?.transportConnector
  const names = transportConnectors.map(({ name }) => name)
  if (named === undefined || names.includes(named)) return []
  return [wrong(`${at}.transportConnector`, named, `expected one of transportConnectors, ${names.join(', ')}`)]
}

/** What other rules refuse is not looked at here. */
const isKnown = ({ layout, hub, edges = [] }: NetworkToCheck, groups: readonly string[]): boolean =>
  layout === 'HubSpoke'
    ? hub !== undefined && groups.includes(hub)
    : edges.every(({ from, to }) => groups.includes(from) && groups.includes(to))

/** Points to who says the TTL that is too low. */
function shortReach(
  { connectorDefaults = {}, edges = [] }: NetworkToCheck,
  links: readonly NetworkLink<ConnectorToCheck>[],
  { from, to, hops }: ShortReach,
): Finding {
  const isLow = (ttl: number | undefined) => ttl !== undefined && ttl >= 0 && ttl < hops
  const saysLow = ({ networkTTL, messageTTL, consumerTTL }: ConnectorToCheck) =>
    [networkTTL, messageTTL, consumerTTL].some(isLow)
  const low = links.find(({ messageTTL, consumerTTL }) => isLow(messageTTL) || isLow(consumerTTL))
  const index = saysLow(connectorDefaults) ? -1 : edges.findIndex(({ connector }) => connector && saysLow(connector))
  const at = index === -1 ? '.connectorDefaults' : `.edges[${index}].connector`
  return wrong(
    `.topology.network${at}`,
    { messageTTL: low?.messageTTL, consumerTTL: low?.consumerTTL },
    `expected messageTTL and consumerTTL ${hops} or more, or none: messages of group ${from} pass ${hops} edges to consumers of group ${to}`,
  )
}

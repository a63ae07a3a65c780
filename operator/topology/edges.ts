// Which groups are joined, and through which hosts. A bridge has to follow the failovers of the group that it leads to, so
// that an edge names all of its members. What a broker is told of its edges is network-connectors.ts.
import { groupNamesOf, linksOf, type NetworkLink } from '../api/network-links.ts'
import type { NetworkConnectorSpec } from '../api/network-schema.ts'
import type { BrokerClusterSpec, TransportConnectorSpec } from '../api/spec-schema.ts'
import { assert } from '../../broker/base/assert.ts'
import type { EdgePlan, MemberPlan } from './plan.ts'

/** A group as far as others find it. */
export interface PlacedGroup {
  readonly name: string
  readonly members: readonly MemberPlan[]
}

/** None in a topology of one group. In the order of groups, or of `edges`. */
export function planEdges(spec: BrokerClusterSpec, groups: readonly PlacedGroup[]): EdgePlan[] {
  const { network } = spec.topology
  if (!network) return []
  return linksOf(network, groupNamesOf(spec)).map((link) => planEdge(link, groups, spec.transportConnectors))
}

function planEdge(
  link: NetworkLink<NetworkConnectorSpec>,
  groups: readonly PlacedGroup[],
  connectors: readonly TransportConnectorSpec[],
): EdgePlan {
  const { transportConnector, ...connector } = link.connector
  const target = groups.find(({ name }) => name === link.to)
  const dialled =
    transportConnector === undefined ? connectors[0] : connectors.find(({ name }) => name === transportConnector)
  assert(target && groups.some(({ name }) => name === link.from), 'Edges are between groups that there are')
  assert(link.from !== link.to, 'A group is not joined with itself')
  assert(dialled, 'A connector that is dialled is one of the spec')
  return { ...link, connector, hosts: target.members.map(({ host }) => host), port: dialled.port }
}

// Which groups are joined, and through which hosts: what becomes network connectors. A bridge has to follow the failovers
// of the group that it leads to, so that an edge names all of its members; and it says nothing of what is forwarded.
import { assert } from '../../broker/base/assert.ts'
import type { BrokerClusterSpec } from '../api/spec-schema.ts'
import type { EdgePlan, GroupPlan } from './plan.ts'

/** By the names of groups. */
interface GroupLink {
  readonly from: string
  readonly to: string
}

/** What a topology joins. Both that are accepted today are one group, which has nobody to be joined with. */
export function linksOf(topology: BrokerClusterSpec['topology']['type']): GroupLink[] {
  switch (topology) {
    case 'Standalone':
    case 'MasterSlave':
      return []
  }
}

/** One edge for each link, in the order of links. */
export function planEdges(groups: readonly GroupPlan[], links: readonly GroupLink[]): EdgePlan[] {
  const byName = new Map(groups.map((group) => [group.name, group]))
  return links.map(({ from, to }) => {
    const target = byName.get(to)
    assert(byName.has(from) && target, 'Links are between groups that there are')
    assert(from !== to, 'A group is not linked with itself')
    return { from, to, hosts: target.members.map(({ host }) => host) }
  })
}

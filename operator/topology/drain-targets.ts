// Where a group that leaves sends its messages: over its own edges, to the groups that it was joined with. Which those were is
// kept on its StatefulSet, because the spec does not say it any more. Pure; when it does so is drain-step.ts.
import { assert } from '../../broker/base/assert.ts'
import { activeOfUri } from './network-connectors.ts'
import type { ClusterPlan, EdgePlan } from './plan.ts'

/** Groups that this one has edges with, in either direction, by name. */
export const neighboursOf = (group: string, edges: readonly EdgePlan[]): string[] =>
  [...new Set(edges.flatMap(({ from, to }) => (from === group ? [to] : to === group ? [from] : [])))].sort()

/**
 * A URI for each group that it drains to. `neighbours` are as neighboursOf had them, with commas between them. Where none of
 * them stays, or none is known (an earlier operator wrote none, or there was no network), any group of the plan will do.
 */
export function planDrainTargets(
  { groups, transportConnectors }: ClusterPlan,
  neighbours: string | undefined,
): string[] {
  const known = new Set(neighbours?.split(','))
  const joined = groups.filter(({ name }) => known.has(name))
  const connector = transportConnectors.find(({ protocol }) => protocol === 'OpenWire')
  assert(connector, 'A plan has an OpenWire connector')
  return (joined.length > 0 ? joined : groups).map(({ members }) =>
    activeOfUri(
      members.map(({ host }) => host),
      connector.port,
    ),
  )
}

// When to look again although nothing was reported. A change of a pod, and what brokers tell, wakes at once, whatever stands
// here.
import type { Random } from '../../broker/base/random.ts'
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import type { GroupPlan } from '../topology/plan.ts'
import {
  copyPollMs,
  drainPollMs,
  edgePollMs,
  fastPollMs,
  restPollMs,
  secretPollMs,
  settlingMs,
  slowPollMs,
} from './limits.ts'

/**
 * `brokersTell`: each of them tells by itself when its role changes, and in a network when a bridge does.
 * `groups`: of the plan.
 */
export function planRequeue(
  status: BrokerClusterStatus,
  brokersTell: boolean,
  groups: readonly Pick<GroupPlan, 'store'>[],
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): number {
  const conditionOf = (name: string) => status.conditions?.find(({ type }) => type === name)
  // What is stalled waits for people, or for long.
  if (status.drains) return conditionOf('Stalled') ? slowPollMs : drainPollMs
  const reconciling = conditionOf('Reconciling')
  if (!reconciling) {
    if (conditionOf('Ready')?.status !== 'True') return slowPollMs
    if (!brokersTell) return status.edges ? edgePollMs : slowPollMs
    // Not all clusters in one moment, in which a change of one of them would wait for all others.
    return restOf(groups) * (0.75 + 0.5 * random.next())
  }
  const began = status.rollout?.since ?? reconciling.lastTransitionTime
  return nowMs - Date.parse(began) > settlingMs ? slowPollMs : fastPollMs
}

/** No broker tells that a copy has fallen behind, and nobody watches Secrets. */
function restOf(groups: readonly Pick<GroupPlan, 'store'>[]): number {
  if (groups.some(({ store }) => store.replication)) return copyPollMs
  return groups.some(({ store }) => store.data.from === 'Database') ? secretPollMs : restPollMs
}

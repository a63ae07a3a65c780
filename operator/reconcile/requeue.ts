// When to look again although nothing was reported. A change of a pod, and what brokers tell, wakes at once, whatever stands
// here.
import type { Random } from '../../broker/base/random.ts'
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import { drainPollMs, edgePollMs, fastPollMs, restPollMs, secretPollMs, settlingMs, slowPollMs } from './limits.ts'

/**
 * `brokersTell`: each of them tells by itself when its role changes, and in a network when a bridge does.
 * `hasDatabase`: a group has one, and a Secret that says where it is.
 */
export function planRequeue(
  status: BrokerClusterStatus,
  brokersTell: boolean,
  hasDatabase: boolean,
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
    return (hasDatabase ? secretPollMs : restPollMs) * (0.75 + 0.5 * random.next())
  }
  const began = status.rollout?.since ?? reconciling.lastTransitionTime
  return nowMs - Date.parse(began) > settlingMs ? slowPollMs : fastPollMs
}

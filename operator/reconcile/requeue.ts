// When to look again although nothing was reported: brokers change their role without telling Kubernetes. A change of
// a pod wakes at once, whatever stands here.
import type { BrokerClusterStatus } from '../api/status-schema.ts'

/** While something is expected to change. */
export const FAST_POLL_MS = 500
/** At rest: how late a change of role may be seen that no pod shows. */
export const SLOW_POLL_MS = 5_000
/** What has not settled for this long will not settle within the next half second either. */
export const SETTLING_MS = 120_000

export function planRequeue(status: BrokerClusterStatus, nowMs: number): number {
  const reconciling = status.conditions?.find(({ type }) => type === 'Reconciling')
  if (!reconciling) return SLOW_POLL_MS
  const began = status.rollout?.since ?? reconciling.lastTransitionTime
  return nowMs - Date.parse(began) > SETTLING_MS ? SLOW_POLL_MS : FAST_POLL_MS
}

// When to look again although nothing was reported: brokers change their role without telling Kubernetes. A change of
// a pod wakes at once, whatever stands here.
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import { fastPollMs, settlingMs, slowPollMs } from './limits.ts'

export function planRequeue(status: BrokerClusterStatus, nowMs: number): number {
  const reconciling = status.conditions?.find(({ type }) => type === 'Reconciling')
  if (!reconciling) return slowPollMs
  const began = status.rollout?.since ?? reconciling.lastTransitionTime
  return nowMs - Date.parse(began) > settlingMs ? slowPollMs : fastPollMs
}

// What controllers ask of a pod.
import type { LocalObject } from '../api/registry.ts'

interface Condition {
  type: string
  status: string
  lastTransitionTime?: string
}

export const isTerminating = (object: LocalObject): boolean => object.metadata.deletionTimestamp !== undefined

export const isTerminal = (pod: LocalObject): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

const readyCondition = (pod: LocalObject): Condition | undefined =>
  (pod.status?.conditions as Condition[] | undefined)?.find(({ type }) => type === 'Ready')

export const isReady = (pod: LocalObject): boolean => readyCondition(pod)?.status === 'True'

export const isRunningAndReady = (pod: LocalObject): boolean => pod.status?.phase === 'Running' && isReady(pod)

/** Milliseconds until the pod has been ready for `minReadySeconds`; 0 = available, undefined = not even ready. */
export function availableInMs(pod: LocalObject, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isRunningAndReady(pod)) return undefined
  const since = Date.parse(readyCondition(pod)?.lastTransitionTime ?? '')
  if (minReadySeconds === 0 || Number.isNaN(since)) return 0
  return Math.max(0, since + minReadySeconds * 1000 - nowMs)
}

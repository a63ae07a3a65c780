// How many replicas each ReplicaSet of a Deployment is to have next. Pure. A rolling update never goes above replicas and
// maxSurge together, nor, as far as it can help it, below replicas less maxUnavailable that are available.
// Not here: shares of several ReplicaSets when a Deployment is scaled in the middle of a rollout: the new one gets all.
import type { LocalObject } from '../api/registry.ts'

export const replicasOf = (object: LocalObject): number => object['spec'].replicas ?? 1

function resolve(value: number | string, total: number, round: (value: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseFloat(value) / 100) * total)
}

const isRolling = (deployment: LocalObject): boolean => deployment['spec'].strategy?.type !== 'Recreate'

export function maxUnavailableOf(deployment: LocalObject): number {
  if (!isRolling(deployment)) return 0
  const replicas = replicasOf(deployment)
  const { maxUnavailable = '25%' } = deployment['spec'].strategy?.rollingUpdate ?? {}
  const resolved = Math.min(replicas, resolve(maxUnavailable, replicas, Math.floor))
  // Both rounded to nothing would never move.
  return resolved === 0 && maxSurgeOf(deployment) === 0 ? 1 : resolved
}

function maxSurgeOf(deployment: LocalObject): number {
  const { maxSurge = '25%' } = deployment['spec'].strategy?.rollingUpdate ?? {}
  return resolve(maxSurge, replicasOf(deployment), Math.ceil)
}

/** Of a set whose status may be older than its spec, what is available and is to stay. */
const availableOf = (set: LocalObject): number => Math.min(replicasOf(set), set['status']?.availableReplicas ?? 0)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

export interface Scaling {
  readonly set: LocalObject
  readonly replicas: number
}

/** `current` has the present template, `old` the others, oldest first; `oldPods` counts pods of these that are still there. */
export function planScaling(
  deployment: LocalObject,
  current: LocalObject | undefined,
  old: readonly LocalObject[],
  oldPods: number,
): Scaling[] {
  if (!current) return scaleOnly(deployment, old)
  const replicas = replicasOf(deployment)
  if (!isRolling(deployment)) {
    const down = changes(old.map((set) => ({ set, replicas: 0 })))
    return down.length > 0 || oldPods > 0 ? down : changes([{ set: current, replicas }])
  }
  const total = sum([current, ...old].map(replicasOf))
  const present = replicasOf(current)
  const room = replicas + maxSurgeOf(deployment) - total
  const next = present > replicas ? replicas : present + Math.max(0, Math.min(room, replicas - present))
  if (next !== present) return [{ set: current, replicas: next }]
  return scaleDownOld(deployment, current, old, total)
}

/** Paused before the present template had a set: the newest goes on in its place. */
function scaleOnly(deployment: LocalObject, old: readonly LocalObject[]): Scaling[] {
  const newest = old.findLast((set) => replicasOf(set) > 0) ?? old.at(-1)
  return newest ? changes([{ set: newest, replicas: replicasOf(deployment) }]) : []
}

function scaleDownOld(
  deployment: LocalObject,
  current: LocalObject,
  old: readonly LocalObject[],
  total: number,
): Scaling[] {
  const least = replicasOf(deployment) - maxUnavailableOf(deployment)
  let spare = total - least - (replicasOf(current) - availableOf(current))
  let spareAvailable = sum([current, ...old].map(availableOf)) - least
  const wanted = old.map((set) => {
    const unavailable = Math.max(0, Math.min(replicasOf(set) - availableOf(set), spare))
    spare -= unavailable
    const available = Math.max(0, Math.min(availableOf(set), spare, spareAvailable))
    spare -= available
    spareAvailable -= available
    return { set, replicas: replicasOf(set) - unavailable - available }
  })
  return changes(wanted)
}

const changes = (wanted: readonly Scaling[]): Scaling[] =>
  wanted.filter(({ set, replicas }) => replicasOf(set) !== replicas)

// The status of a StatefulSet, from its pods. Pure. A RollingUpdate is complete when every pod wears the update revision
// and is ready; only then does currentRevision move on (with OnDelete it stays, as in Kubernetes).
import type { LocalObject } from '../api/registry.ts'
import { availableInMs, isRunningAndReady, isTerminating } from './pod-facts.ts'
import { replicasOf, revisionLabel } from './stateful-set-pods.ts'
import type { Revisions } from './stateful-set-revisions.ts'

export interface StatefulSetStatus {
  observedGeneration: number
  replicas: number
  readyReplicas: number
  availableReplicas: number
  currentReplicas: number
  updatedReplicas: number
  currentRevision: string
  updateRevision: string
  collisionCount: number
}

export function buildStatefulSetStatus(
  set: LocalObject,
  pods: readonly LocalObject[],
  revisions: Revisions,
  nowMs: number,
): { status: StatefulSetStatus; nextAvailableInMs: number | undefined } {
  const minReadySeconds = set['spec'].minReadySeconds ?? 0
  const waits = pods.map((pod) => availableInMs(pod, minReadySeconds, nowMs))
  const wearing = (revision: LocalObject) =>
    pods.filter((pod) => !isTerminating(pod) && pod.metadata.labels?.[revisionLabel] === revision.metadata.name).length
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: pods.length,
    readyReplicas: pods.filter(isRunningAndReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    currentReplicas: wearing(revisions.current),
    updatedReplicas: wearing(revisions.update),
    currentRevision: revisions.current.metadata.name,
    updateRevision: revisions.update.metadata.name,
    collisionCount: set['status']?.collisionCount ?? 0,
  }
  const rolling = (set['spec'].updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  const replicas = replicasOf(set)
  const complete =
    status.updatedReplicas === replicas && status.replicas === replicas && status.readyReplicas === replicas
  if (rolling && complete) {
    status.currentReplicas = status.updatedReplicas
    status.currentRevision = status.updateRevision
  }
  const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[]
  return { status, nextAvailableInMs: pending.length > 0 ? Math.min(...pending) : undefined }
}

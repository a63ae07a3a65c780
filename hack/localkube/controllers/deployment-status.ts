// The status of a Deployment, from its ReplicaSets, with the conditions on which `kubectl rollout status` relies. Pure.
import type { LocalObject } from '../api/registry.ts'
import { timestamp } from '../base/clock.ts'
import { maxUnavailableOf, replicasOf } from './deployment-scale.ts'

interface Condition {
  type: string
  status: string
  reason: string
  message: string
  lastUpdateTime: string
  lastTransitionTime: string
}

const sum = (sets: readonly LocalObject[], field: string): number =>
  sets.reduce((total, { status }) => total + (status?.[field] ?? 0), 0)

export function buildDeploymentStatus(
  deployment: LocalObject,
  current: LocalObject | undefined,
  sets: readonly LocalObject[],
  nowMs: number,
): LocalObject['status'] {
  const wanted = sets.reduce((total, { spec }) => total + (spec.replicas ?? 1), 0)
  const availableReplicas = sum(sets, 'availableReplicas')
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 1,
    replicas: sum(sets, 'replicas'),
    updatedReplicas: current ? sum([current], 'replicas') : 0,
    readyReplicas: sum(sets, 'readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, wanted - availableReplicas),
  }
  const conditions = [available(deployment, availableReplicas), progressing(deployment, current, counts, nowMs)]
  return { ...counts, conditions: conditions.map((found) => withTimes(deployment, found, nowMs)) }
}

type Finding = Pick<Condition, 'type' | 'status' | 'reason' | 'message'> & { readonly moved?: boolean }

function available(deployment: LocalObject, availableReplicas: number): Finding {
  const type = 'Available'
  return availableReplicas >= replicasOf(deployment) - maxUnavailableOf(deployment)
    ? {
        type,
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type,
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

function progressing(
  deployment: LocalObject,
  current: LocalObject | undefined,
  counts: Record<string, number>,
  nowMs: number,
): Finding {
  const type = 'Progressing'
  const name = `ReplicaSet "${current?.metadata.name}"`
  const before = deployment['status'] ?? {}
  const replicas = replicasOf(deployment)
  const isComplete = [counts['updatedReplicas'], counts['replicas'], counts['availableReplicas']].every(
    (count) => count === replicas,
  )
  if (current && isComplete)
    return { type, status: 'True', reason: 'NewReplicaSetAvailable', message: `${name} has successfully progressed.` }
  if (deployment['spec'].paused)
    return { type, status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }
  const moved =
    before.observedGeneration !== counts['observedGeneration'] ||
    ['updatedReplicas', 'readyReplicas', 'availableReplicas'].some((field) => counts[field]! > (before[field] ?? 0)) ||
    counts['replicas']! - counts['updatedReplicas']! < (before.replicas ?? 0) - (before.updatedReplicas ?? 0)
  if (!moved && isOverdue(deployment, nowMs))
    return { type, status: 'False', reason: 'ProgressDeadlineExceeded', message: `${name} has timed out progressing.` }
  return { type, status: 'True', reason: 'ReplicaSetUpdated', message: `${name} is progressing.`, moved }
}

/** Milliseconds until a rollout that does not move is overdue; undefined when none is under way. */
export function overdueInMs(deployment: LocalObject, nowMs: number): number | undefined {
  const condition = previous(deployment, 'Progressing')
  if (condition?.reason !== 'ReplicaSetUpdated') return undefined
  const deadlineMs = (deployment['spec'].progressDeadlineSeconds ?? 600) * 1000
  return Math.max(0, Date.parse(condition.lastUpdateTime) + deadlineMs - nowMs)
}

const isOverdue = (deployment: LocalObject, nowMs: number): boolean =>
  previous(deployment, 'Progressing')?.reason === 'ProgressDeadlineExceeded' || overdueInMs(deployment, nowMs) === 0

const previous = (deployment: LocalObject, type: string): Condition | undefined =>
  ((deployment['status']?.conditions ?? []) as Condition[]).find((one) => one.type === type)

function withTimes(deployment: LocalObject, { moved, ...finding }: Finding, nowMs: number): Condition {
  const before = previous(deployment, finding.type)
  const now = timestamp(nowMs)
  const isSame =
    before?.status === finding.status && before.reason === finding.reason && before.message === finding.message
  return {
    ...finding,
    lastUpdateTime: isSame && moved !== true ? before.lastUpdateTime : now,
    lastTransitionTime: before?.status === finding.status ? before.lastTransitionTime : now,
  }
}

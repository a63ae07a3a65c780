// The status of PodDisruptionBudgets: how many of the selected pods are healthy, must stay so, and may be evicted now.
import type { LocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type Clock, timestamp } from '../base/clock.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { matchesSelector } from './label-selector.ts'
import { controllerOf } from './owners.ts'
import { isReady, isTerminal, isTerminating } from './pod-facts.ts'
import { keyOf, podDisruptionBudgets, pods, splitKey, replicaSets, statefulSets } from './resource-names.ts'

export function startPodDisruptionBudgetController(context: ControllerContext): Stoppable {
  const { registry } = context
  const budgetsNear = (object: LocalObject) => registry.list(podDisruptionBudgets, object.metadata.namespace).map(keyOf)
  const triggers = [
    { resource: podDisruptionBudgets, keysOf: (budget: LocalObject) => [keyOf(budget)] },
    { resource: pods, keysOf: budgetsNear },
    { resource: statefulSets, keysOf: budgetsNear },
  ]
  return runController(context, 'poddisruptionbudget', triggers, (key) => reconcile(context, key))
}

function reconcile({ registry, clock }: ControllerContext, key: string): undefined {
  const { namespace, name } = splitKey(key)
  const budget = registry.get(podDisruptionBudgets, namespace, name)
  if (!budget) return
  const selected = registry
    .list(pods, namespace)
    .filter((pod) => !isTerminal(pod) && matchesSelector(budget['spec'].selector, pod.metadata.labels))
  const status = buildStatus(registry, clock, budget, selected)
  if (canonicalJson(status) === canonicalJson(budget['status'])) return
  registry.updateStatus(podDisruptionBudgets, namespace, name, (written) => {
    written['status'] = status
  })
}

function buildStatus(registry: Registry, clock: Clock, budget: LocalObject, selected: readonly LocalObject[]) {
  const { minAvailable, maxUnavailable } = budget['spec']
  const byScale = maxUnavailable !== undefined || typeof minAvailable === 'string'
  const expectedPods = byScale ? scaleOf(registry, selected) : selected.length
  const desiredHealthy =
    maxUnavailable === undefined
      ? resolve(minAvailable ?? 1, expectedPods)
      : Math.max(0, expectedPods - resolve(maxUnavailable, expectedPods))
  const currentHealthy = selected.filter((pod) => isReady(pod) && !isTerminating(pod)).length
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  const allowed = disruptionsAllowed > 0
  const before = budget['status']?.conditions?.[0]
  const conditionStatus = allowed ? 'True' : 'False'
  return {
    observedGeneration: budget.metadata.generation ?? 1,
    expectedPods,
    currentHealthy,
    desiredHealthy,
    disruptionsAllowed,
    conditions: [
      {
        type: 'DisruptionAllowed',
        status: conditionStatus,
        reason: allowed ? 'SufficientPods' : 'InsufficientPods',
        message: '',
        observedGeneration: budget.metadata.generation ?? 1,
        lastTransitionTime: before?.status === conditionStatus ? before.lastTransitionTime : timestamp(clock.nowMs()),
      },
    ],
  }
}

const scaledKinds: Readonly<Record<string, typeof statefulSets>> = {
  StatefulSet: statefulSets,
  ReplicaSet: replicaSets,
}

/** Pods that the controllers of the selected pods want in total; a pod without one counts as one. */
function scaleOf(registry: Registry, selected: readonly LocalObject[]): number {
  const controllers = new Map<string, number>()
  let single = 0
  for (const pod of selected) {
    const owner = controllerOf(pod)
    const kind = owner && scaledKinds[owner.kind]
    const set = kind && registry.get(kind, pod.metadata.namespace, owner.name)
    if (owner && set) controllers.set(owner.uid, set['spec'].replicas ?? 1)
    else single += 1
  }
  return [...controllers.values()].reduce((sum, replicas) => sum + replicas, single)
}

/** Percentages are rounded up, as Kubernetes does for both fields. */
function resolve(value: number | string, total: number): number {
  if (typeof value === 'number') return value
  return Math.ceil((Number.parseFloat(value) / 100) * total)
}

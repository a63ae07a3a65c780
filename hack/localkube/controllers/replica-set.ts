// ReplicaSets: as many pods of one template as asked for. Pods without an owner that match are adopted, owned ones that match
// no longer are let go. Surplus goes in this order: without a node, pending, not ready, youngest.
import type { LocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { messageOf } from '../base/log.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { matchesSelector } from './label-selector.ts'
import { controllerKeys, controllerOf, controllerReference, isControlledBy } from './owners.ts'
import { availableInMs, isReady, isRunningAndReady, isTerminal, isTerminating } from './pod-facts.ts'
import { keyOf, pods, replicaSets, splitKey } from './resource-names.ts'

export function startReplicaSetController(base: ControllerContext): Stoppable {
  const context = { ...base, events: base.events.as('replicaset-controller') }
  const triggers = [
    { resource: replicaSets, keysOf: (set: LocalObject) => [keyOf(set)] },
    { resource: pods, keysOf: (pod: LocalObject) => keysOfPod(context.registry, pod) },
  ]
  return runController(context, 'replicaset', triggers, (key) => reconcile(context, key))
}

function keysOfPod(registry: Registry, pod: LocalObject): Iterable<string> {
  if (controllerOf(pod)) return controllerKeys(pod, 'ReplicaSet')
  return registry
    .list(replicaSets, pod.metadata.namespace)
    .filter((set) => matchesSelector(set['spec'].selector, pod.metadata.labels))
    .map(keyOf)
}

function reconcile(context: ControllerContext, key: string): number | undefined {
  const { namespace, name } = splitKey(key)
  const set = context.registry.get(replicaSets, namespace, name)
  if (!set) return undefined
  try {
    if (!isTerminating(set)) {
      claimPods(context.registry, set)
      adjust(context, set)
    }
  } finally {
    writeStatus(context, set)
  }
  const waits = activePods(context.registry, set).map((pod) => waitOf(context, set, pod))
  const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[]
  return pending.length > 0 ? Math.min(...pending) : undefined
}

function claimPods(registry: Registry, set: LocalObject): void {
  for (const pod of registry.list(pods, set.metadata.namespace)) {
    if (isTerminating(pod)) continue
    const matches = matchesSelector(set['spec'].selector, pod.metadata.labels)
    const isOwned = isControlledBy(pod, set)
    if (matches === isOwned || (matches && controllerOf(pod))) continue
    registry.update(pods, pod.metadata.namespace, pod.metadata.name, ({ metadata }) => {
      const others = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== set.metadata.uid)
      metadata.ownerReferences = matches ? [...others, controllerReference(set)] : others
    })
  }
}

const activePods = (registry: Registry, set: LocalObject): LocalObject[] =>
  registry
    .list(pods, set.metadata.namespace)
    .filter((pod) => isControlledBy(pod, set) && !isTerminal(pod) && !isTerminating(pod))

function adjust(context: ControllerContext, set: LocalObject): void {
  const active = activePods(context.registry, set)
  const missing = (set['spec'].replicas ?? 1) - active.length
  for (let n = 0; n < missing; n++) createPod(context, set)
  for (const pod of active.sort(byWorth).slice(0, Math.max(0, -missing))) {
    const { namespace, name, uid } = pod.metadata
    context.registry.delete(pods, namespace, name, { uid })
    context.events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
  }
}

/** What is worth least comes first. */
function byWorth(a: LocalObject, b: LocalObject): number {
  const worth = (pod: LocalObject): number =>
    pod['spec'].nodeName === undefined ? 0 : pod['status']?.phase === 'Pending' ? 1 : isReady(pod) ? 3 : 2
  return worth(a) - worth(b) || b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp)
}

function createPod(context: ControllerContext, set: LocalObject): void {
  const { metadata = {}, spec } = structuredClone(set['spec'].template)
  const { labels, annotations, finalizers } = metadata
  try {
    const pod = context.registry.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${set.metadata.name}-`,
        namespace: set.metadata.namespace!,
        labels,
        ...(annotations ? { annotations } : {}),
        ...(finalizers ? { finalizers } : {}),
        ownerReferences: [controllerReference(set)],
      },
      spec,
    })
    context.events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
  } catch (error) {
    context.events.record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
    throw error
  }
}

const waitOf = ({ clock }: ControllerContext, set: LocalObject, pod: LocalObject): number | undefined =>
  availableInMs(pod, set['spec'].minReadySeconds ?? 0, clock.nowMs())

function writeStatus(context: ControllerContext, set: LocalObject): void {
  const active = activePods(context.registry, set)
  const wanted: Record<string, string> = set['spec'].template?.metadata?.labels ?? {}
  const status = {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: active.length,
    fullyLabeledReplicas: active.filter(({ metadata }) => matchesSelector({ matchLabels: wanted }, metadata.labels))
      .length,
    readyReplicas: active.filter(isRunningAndReady).length,
    availableReplicas: active.filter((pod) => waitOf(context, set, pod) === 0).length,
  }
  if (canonicalJson({ ...set['status'], ...status }) === canonicalJson(set['status'])) return
  context.registry.updateStatus(replicaSets, set.metadata.namespace, set.metadata.name, (written) => {
    written['status'] = { ...written['status'], ...status }
  })
}

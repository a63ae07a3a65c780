// Deployments: a ReplicaSet for each template, of which the newest grows while the others shrink. Old ones stay, empty, for
// `kubectl rollout undo`, up to revisionHistoryLimit.
import type { LocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import { type ControllerContext, runController, type Stoppable } from './controller.ts'
import { planScaling, replicasOf } from './deployment-scale.ts'
import { buildDeploymentStatus, overdueInMs } from './deployment-status.ts'
import { defaultRevisionHistoryLimit } from './limits.ts'
import { controllerKeys, controllerOf, controllerReference, isControlledBy } from './owners.ts'
import { isTerminating } from './pod-facts.ts'
import { deployments, keyOf, pods, replicaSets, splitKey } from './resource-names.ts'
import { templateHash } from './stateful-set-pods.ts'

const hashLabel = 'pod-template-hash'
const revisionAnnotation = 'deployment.kubernetes.io/revision'

export function startDeploymentController(base: ControllerContext): Stoppable {
  const context = { ...base, events: base.events.as('deployment-controller') }
  const triggers = [
    { resource: deployments, keysOf: (deployment: LocalObject) => [keyOf(deployment)] },
    { resource: replicaSets, keysOf: (set: LocalObject) => controllerKeys(set, 'Deployment') },
    { resource: pods, keysOf: (pod: LocalObject) => keysOfPod(context.registry, pod) },
  ]
  return runController(context, 'deployment', triggers, (key) => reconcile(context, key))
}

/** Recreate waits for pods that are leaving, of which ReplicaSets tell nothing. */
function keysOfPod(registry: Registry, pod: LocalObject): Iterable<string> {
  const owner = controllerOf(pod)
  const set = owner?.kind === 'ReplicaSet' && registry.get(replicaSets, pod.metadata.namespace, owner.name)
  return set ? controllerKeys(set, 'Deployment') : []
}

function reconcile(context: ControllerContext, key: string): number | undefined {
  const { registry, clock } = context
  const { namespace, name } = splitKey(key)
  const deployment = registry.get(deployments, namespace, name)
  if (!deployment || isTerminating(deployment)) return undefined
  const current = findCurrent(deployment, setsOf(registry, deployment)) ?? createSet(context, deployment)
  if (current) number(registry, deployment, current)
  scale(context, deployment, current)
  removeHistory(registry, deployment, current)
  writeStatus(context, deployment, current)
  return overdueInMs(registry.get(deployments, namespace, name)!, clock.nowMs())
}

const revisionOf = ({ metadata }: LocalObject): number => Number(metadata.annotations?.[revisionAnnotation] ?? 0)

/** Oldest first. */
const setsOf = (registry: Registry, deployment: LocalObject): LocalObject[] =>
  registry
    .list(replicaSets, deployment.metadata.namespace)
    .filter((set) => isControlledBy(set, deployment))
    .sort((a, b) => revisionOf(a) - revisionOf(b))

const isSet = (set: LocalObject, other: LocalObject | undefined): boolean => set.metadata.uid === other?.metadata.uid

function findCurrent(deployment: LocalObject, sets: readonly LocalObject[]): LocalObject | undefined {
  const wanted = canonicalJson(deployment['spec'].template)
  return sets.find((set) => {
    const template = structuredClone(set['spec'].template)
    delete template.metadata.labels[hashLabel]
    return canonicalJson(template) === wanted
  })
}

function createSet(context: ControllerContext, deployment: LocalObject): LocalObject | undefined {
  const { template, selector, minReadySeconds, paused } = deployment['spec']
  if (paused) return undefined
  const { namespace, name } = deployment.metadata
  let collisions = 0
  let hash = templateHash(template, collisions)
  while (context.registry.get(replicaSets, namespace, `${name}-${hash}`)) hash = templateHash(template, ++collisions)
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return context.registry.create(replicaSets, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace: namespace!,
      labels,
      annotations: { [revisionAnnotation]: '0' },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...structuredClone(template), metadata: { ...structuredClone(template.metadata), labels } },
    },
  })
}

/** The one in use has the highest revision, also when a template of before comes back. */
function number(registry: Registry, deployment: LocalObject, current: LocalObject): void {
  const { namespace, name } = deployment.metadata
  const others = setsOf(registry, deployment).filter((set) => !isSet(set, current))
  const revision = Math.max(revisionOf(current), ...others.map((set) => revisionOf(set) + 1), 1)
  if (revision !== revisionOf(current)) annotate(registry, replicaSets, current, revision)
  if (revision !== revisionOf(deployment))
    annotate(registry, deployments, registry.get(deployments, namespace, name)!, revision)
}

function annotate(registry: Registry, resource: typeof deployments, object: LocalObject, revision: number): void {
  registry.update(resource, object.metadata.namespace, object.metadata.name, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [revisionAnnotation]: String(revision) }
  })
}

function scale(context: ControllerContext, deployment: LocalObject, current: LocalObject | undefined): void {
  const { registry } = context
  const sets = setsOf(registry, deployment)
  const old = sets.filter((set) => !isSet(set, current))
  const oldPods = registry
    .list(pods, deployment.metadata.namespace)
    .filter((pod) => old.some((set) => isControlledBy(pod, set))).length
  const newest = sets.find((set) => isSet(set, current))
  for (const { set, replicas } of planScaling(deployment, newest, old, oldPods)) {
    const { namespace, name } = set.metadata
    registry.update(replicaSets, namespace, name, (written) => {
      written['spec'].replicas = replicas
    })
    const way = replicas > replicasOf(set) ? 'up' : 'down'
    const message = `Scaled ${way} replica set ${name} from ${replicasOf(set)} to ${replicas}`
    context.events.record(deployment, 'Normal', 'ScalingReplicaSet', message)
  }
}

function removeHistory(registry: Registry, deployment: LocalObject, current: LocalObject | undefined): void {
  const limit = deployment['spec'].revisionHistoryLimit ?? defaultRevisionHistoryLimit
  const empty = setsOf(registry, deployment).filter(
    (set) =>
      !isSet(set, current) && replicasOf(set) === 0 && (set['status']?.replicas ?? 0) === 0 && !isTerminating(set),
  )
  for (const { metadata } of empty.slice(0, Math.max(0, empty.length - limit)))
    registry.delete(replicaSets, metadata.namespace, metadata.name, { uid: metadata.uid })
}

function writeStatus(context: ControllerContext, { metadata }: LocalObject, current: LocalObject | undefined): void {
  const { registry, clock } = context
  const deployment = registry.get(deployments, metadata.namespace, metadata.name)!
  const sets = setsOf(registry, deployment)
  const newest = sets.find((set) => isSet(set, current))
  const status = buildDeploymentStatus(deployment, newest, sets, clock.nowMs())
  if (canonicalJson({ ...deployment['status'], ...status }) === canonicalJson(deployment['status'])) return
  registry.updateStatus(deployments, metadata.namespace, metadata.name, (written) => {
    written['status'] = { ...written['status'], ...status }
  })
}

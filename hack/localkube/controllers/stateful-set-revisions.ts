// ControllerRevisions of a StatefulSet: one per distinct pod template, the newest having the highest number.
// Those still worn by a pod or named in the status are live; of the others revisionHistoryLimit are kept.
import type { LocalObject, Registry } from '../api/registry.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import type { ControllerContext } from './controller.ts'
import { defaultRevisionHistoryLimit } from './limits.ts'
import { matchesSelector } from './label-selector.ts'
import { controllerOf, controllerReference, isControlledBy } from './owners.ts'
import { isTerminating } from './pod-facts.ts'
import { controllerRevisions, pods } from './resource-names.ts'
import { revisionLabel, templateHash } from './stateful-set-pods.ts'

const hashLabel = 'controller.kubernetes.io/hash'

export interface Revisions {
  readonly current: LocalObject
  readonly update: LocalObject
}

export function syncRevisions(context: ControllerContext, set: LocalObject): Revisions {
  const { registry } = context
  adoptRevisions(registry, set)
  const revisions = registry
    .list(controllerRevisions, set.metadata.namespace)
    .filter((revision) => isControlledBy(revision, set))
    .sort((a, b) => a['revision'] - b['revision'])
  const update = ensureNewest(context, set, revisions)
  const current = revisions.find(({ metadata }) => metadata.name === set['status']?.currentRevision) ?? update
  truncate(context, set, revisions, [current, update])
  return { current, update }
}

/** Those that an earlier set of the same name left behind (deleted with --cascade=orphan). */
function adoptRevisions(registry: Registry, set: LocalObject): void {
  if (isTerminating(set)) return
  for (const revision of registry.list(controllerRevisions, set.metadata.namespace)) {
    const { name, namespace, labels } = revision.metadata
    if (controllerOf(revision) || !name.startsWith(`${set.metadata.name}-`)) continue
    if (!matchesSelector(set['spec'].selector, labels)) continue
    registry.update(controllerRevisions, namespace, name, ({ metadata }) => {
      metadata.ownerReferences = [...(metadata.ownerReferences ?? []), controllerReference(set)]
    })
  }
}

function ensureNewest({ registry }: ControllerContext, set: LocalObject, revisions: LocalObject[]): LocalObject {
  const data = { spec: { template: { ...set['spec'].template, $patch: 'replace' } } }
  const wanted = canonicalJson(data)
  const newest = revisions.at(-1)
  const nextNumber = (newest?.['revision'] ?? 0) + 1
  const equal = revisions.findLast((revision) => canonicalJson(revision['data']) === wanted)
  if (equal && equal === newest) return equal
  if (equal) {
    const raised = registry.update(controllerRevisions, equal.metadata.namespace, equal.metadata.name, (revision) => {
      revision['revision'] = nextNumber
    })
    return raised ?? equal
  }
  const hash = templateHash(set['spec'].template, set['status']?.collisionCount ?? 0)
  const created = registry.create(controllerRevisions, {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace!,
      labels: { ...set['spec'].template.metadata?.labels, [hashLabel]: hash },
      ...(set.metadata.annotations ? { annotations: { ...set.metadata.annotations } } : {}),
      ownerReferences: [controllerReference(set)],
    },
    data,
    revision: nextNumber,
  })
  revisions.push(created)
  return created
}

function truncate(context: ControllerContext, set: LocalObject, revisions: LocalObject[], live: LocalObject[]): void {
  const limit = set['spec'].revisionHistoryLimit ?? defaultRevisionHistoryLimit
  if (revisions.length - live.length <= limit) return
  const liveNames = new Set(live.map(({ metadata }) => metadata.name))
  for (const pod of context.registry.list(pods, set.metadata.namespace))
    if (isControlledBy(pod, set)) liveNames.add(pod.metadata.labels?.[revisionLabel] ?? '')
  const old = revisions.filter(({ metadata }) => !liveNames.has(metadata.name))
  for (const revision of old.slice(0, Math.max(0, old.length - limit)))
    context.registry.delete(controllerRevisions, revision.metadata.namespace, revision.metadata.name)
}

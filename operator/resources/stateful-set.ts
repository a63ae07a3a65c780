// The StatefulSet of a group. It brings members back by itself, also while the operator is away; which member is
// replaced when its template changed is the operator's decision (OnDelete). All members start at once (Parallel): the
// lock elects.
import { annotations, groupSelector } from '../api/names.ts'
import { noteOf } from '../topology/database.ts'
import { neighboursOf } from '../topology/drain-targets.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'
import { buildClaimTemplate } from './claim.ts'
import { buildPodTemplate } from './pod-template.ts'

/** `replicas` is how many members there are to be next, which while shrinking is more than wanted. */
export function buildStatefulSet(plan: ClusterPlan, group: GroupPlan, replicas: number): Child {
  const { pod, store } = group
  const metadata = buildChildMetadata(plan.cluster, group.statefulSet, group.name)
  const neighbours = neighboursOf(group.name, plan.edges)
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      ...metadata,
      annotations: {
        [annotations.store]: store.note,
        ...(store.data.from === 'Database' && store.data.known && { [annotations.database]: noteOf(store.data.known) }),
        ...(pod.firstImage !== undefined && { [annotations.firstImage]: pod.firstImage }),
        ...(neighbours.length > 0 && { [annotations.neighbours]: neighbours.join(',') }),
      },
    },
    spec: {
      replicas,
      serviceName: group.statefulSet,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: groupSelector(plan.cluster.name, group.name) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: buildPodTemplate(plan, group),
      ...(store.data.from === 'ClaimTemplate' && { volumeClaimTemplates: [buildClaimTemplate(store.data.claim)] }),
    },
  }
}

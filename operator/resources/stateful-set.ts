// The StatefulSet of a group. It brings members back by itself, also while the operator is away; which member is
// replaced when its template changed is the operator's decision (OnDelete). All members start at once (Parallel): the
// lock elects.
import { annotations, groupSelector } from '../api/names.ts'
import type { ClusterPlan, GroupPlan, StorePlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'
import { buildClaimTemplate } from './claim.ts'
import { buildPodTemplate } from './pod-template.ts'

/** `replicas` is how many members there are to be next, which while shrinking is more than wanted. */
export function buildStatefulSet(plan: ClusterPlan, group: GroupPlan, replicas: number): Child {
  const metadata = buildChildMetadata(plan.cluster, group.statefulSet, group.name)
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { ...metadata, annotations: { [annotations.store]: describeStore(group.store) } },
    spec: {
      replicas,
      serviceName: group.statefulSet,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: groupSelector(plan.cluster.name, group.name) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: buildPodTemplate(plan, group),
      ...(group.store.type === 'Volume' && { volumeClaimTemplates: [buildClaimTemplate(group.store.claim)] }),
    },
  }
}

/** Which store a group has: two StatefulSets of one group with different answers would be two stores. */
export function describeStore(store: StorePlan): string {
  if (store.type === 'SharedVolume') return `SharedVolume claim ${store.claimName}`
  return store.type
}

// The PodDisruptionBudget of a group: a drain of nodes takes its members one by one, and a member that is not Ready
// never holds a drain up. Of members with a copy each it leaves a quorum, whatever number is given: fewer would serve nobody.
import { groupSelector } from '../api/names.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'

export function buildPodDisruptionBudget(plan: ClusterPlan, group: GroupPlan): Child {
  const { maxUnavailable, unhealthyPodEvictionPolicy } = plan.podDisruptionBudget
  const { replication } = group.store
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: buildChildMetadata(plan.cluster, group.statefulSet, group.name),
    spec: {
      maxUnavailable: maxUnavailable > 0 && replication ? replication.spare : maxUnavailable,
      unhealthyPodEvictionPolicy,
      selector: { matchLabels: groupSelector(plan.cluster.name, group.name) },
    },
  }
}

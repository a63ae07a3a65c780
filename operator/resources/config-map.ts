// The ConfigMap of a group: broker.json, the same for all members. Its name ends in a hash of its content, and it never
// changes, so that a pod starts with exactly the configuration that its template was made for.
import { configMapName } from '../api/names.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { contentHash } from '../topology/content-hash.ts'
import { buildChildMetadata, type Child } from './child.ts'

export const configFile = 'broker.json'

export const configMapNameOf = ({ cluster }: ClusterPlan, group: GroupPlan): string =>
  configMapName(cluster.name, group.name, contentHash(group.brokerConfig))

export function buildConfigMap(plan: ClusterPlan, group: GroupPlan): Child {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: buildChildMetadata(plan.cluster, configMapNameOf(plan, group), group.name),
    immutable: true,
    data: { [configFile]: `${JSON.stringify(group.brokerConfig, null, 2)}\n` },
  }
}

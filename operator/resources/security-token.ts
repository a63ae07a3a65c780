// The Secret by which the members of a group know each other: whoever has it may send and read the copies. It is made once and
// never again, because a member that runs would not let one with another token in.
import { securityTokenKey } from '../topology/replication.ts'
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'

export const buildSecurityToken = (plan: ClusterPlan, group: GroupPlan, name: string, token: string): Child => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: buildChildMetadata(plan.cluster, name, group.name),
  type: 'Opaque',
  immutable: true,
  data: { [securityTokenKey]: Buffer.from(token).toString('base64') },
})

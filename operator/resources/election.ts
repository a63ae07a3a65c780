// What the members of a group need that are elected by a Lease: the Lease, and an account that may do nothing but read and renew
// this one. What stands in the Lease is the members' own: the operator makes it empty, and never looks into it.
import type { ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, type Child } from './child.ts'

const coordination = 'coordination.k8s.io'
const rbac = 'rbac.authorization.k8s.io'

export interface Election {
  readonly lease: Child
  readonly serviceAccount: Child
  readonly role: Child
  readonly roleBinding: Child
}

/** `name` is `store.replication.lease` of the group. */
export function buildElection(plan: ClusterPlan, group: GroupPlan, name: string): Election {
  const metadata = buildChildMetadata(plan.cluster, name, group.name)
  const { namespace } = plan.cluster
  return {
    lease: { apiVersion: `${coordination}/v1`, kind: 'Lease', metadata },
    // Its token is mounted where a pod asks for it.
    serviceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    role: {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [coordination], resources: ['leases'], resourceNames: [name], verbs: ['get', 'update'] }],
    },
    roleBinding: {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  }
}

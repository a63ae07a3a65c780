// The claim for the store of a group. It outlives the cluster unless the policy says otherwise: without an owner,
// nothing ever deletes it but the person whose messages are in it.
import { annotations, dataVolume } from '../api/names.ts'
import type { ClaimPlan, ClusterPlan, GroupPlan } from '../topology/plan.ts'
import { buildChildMetadata, buildOwnerReference, type Child } from './child.ts'

export function buildClaim(plan: ClusterPlan, group: GroupPlan, claim: ClaimPlan): Child {
  const { labels, namespace } = buildChildMetadata(plan.cluster, claim.name, group.name)
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claim.name,
      namespace,
      labels: labels!,
      annotations: { [annotations.whenScaled]: claim.whenScaled },
      // Owned, but not controlled: it is for the garbage collector only.
      ...(claim.whenDeleted === 'Delete' && {
        ownerReferences: [{ ...buildOwnerReference(plan.cluster), controller: false, blockOwnerDeletion: false }],
      }),
    },
    spec: buildClaimSpec(claim),
  }
}

/** For the StatefulSet of a Volume group. Without labels or anything else that may change: a template never can. */
export const buildClaimTemplate = (claim: ClaimPlan) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: dataVolume },
  spec: buildClaimSpec(claim),
})

const buildClaimSpec = ({ template }: ClaimPlan) => ({
  accessModes: template.accessModes,
  ...(template.storageClassName !== undefined && { storageClassName: template.storageClassName }),
  resources: { requests: { storage: template.resources.requests.storage } },
})

// What every child has: labels, and the cluster as its owner, so that it is found and goes when the cluster goes.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import { brokerClusterApiVersion, childLabels, brokerClusterKind, labels } from '../api/names.ts'
import type { KubeObject, ObjectMeta, OwnerReference } from '../kube/port.ts'

/** A value with the text and numbers of an API object: what builders return is plain JSON. */
export type Child = KubeObject & { readonly metadata: ObjectMeta & { readonly namespace: string } }

export const buildOwnerReference = ({ name, uid }: ClusterIdentity): OwnerReference => ({
  apiVersion: brokerClusterApiVersion,
  kind: brokerClusterKind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
})

export function buildChildMetadata(cluster: ClusterIdentity, name: string, group?: string): Child['metadata'] {
  return {
    name,
    namespace: cluster.namespace,
    labels: { ...childLabels(cluster.name), ...(group !== undefined && { [labels.group]: group }) },
    ownerReferences: [buildOwnerReference(cluster)],
  }
}

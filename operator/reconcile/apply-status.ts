// Writes the status, only when it says something else than before.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { brokerClusterApiVersion, operatorFieldManager, brokerClusterKind } from '../api/names.ts'
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import { isGone } from '../kube/errors.ts'
import type { KubeClient, KubeObject } from '../kube/port.ts'
import { brokerClusters } from '../kube/resource-types.ts'
import { canonicalJson } from '../topology/content-hash.ts'

/** True if it was written; false also if the cluster is gone. */
export async function applyStatus(
  client: KubeClient,
  cluster: BrokerCluster,
  status: BrokerClusterStatus,
): Promise<boolean> {
  // Whose the cluster is, is written by itself: cluster-claims.ts.
  const { operator: _, ...known } = cluster.status ?? {}
  if (canonicalJson(ordered(status)) === canonicalJson(ordered(known))) return false
  const { name, namespace, uid } = cluster.metadata
  // The uid says whose status it is: a cluster that was made anew under the name is not to get it.
  const object: KubeObject = {
    apiVersion: brokerClusterApiVersion,
    kind: brokerClusterKind,
    metadata: { name, namespace, uid },
    status,
  }
  const options = { fieldManager: operatorFieldManager, force: true, subresource: 'status' } as const
  try {
    await client.apply(brokerClusters, object, options)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/** Lists that are merged by a key keep no order that could be relied on. */
function ordered(status: BrokerClusterStatus): object {
  const byKey = ([field, value]: [string, unknown]): [string, unknown] => [
    field,
    Array.isArray(value)
      ? value.map((item) => [keyOf(item), item] as const).sort(([a], [b]) => (a < b ? -1 : 1))
      : value,
  ]
  return Object.fromEntries(Object.entries(status).map(byKey))
}

const keyOf = ({ name, type, group }: { name?: string; type?: string; group?: string }): string =>
  name ?? type ?? group ?? ''

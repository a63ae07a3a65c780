// Where reconciling reads from: a cluster and everything that carries its label. In the operator this is a cache that
// watches keep current (cached-cluster-reader.ts); tests of reconciling ask each time.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import type { KubeObject, ObjectKey, ResourceType } from '../kube/port.ts'
import {
  configMaps,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../kube/resource-types.ts'
import type { Claim, Pod, StatefulSet } from './kinds.ts'

/** Objects that carry the label of the cluster, in no particular order. They are shared: not to be changed. */
export interface ClusterObjects {
  readonly statefulSets: readonly StatefulSet[]
  readonly services: readonly KubeObject[]
  readonly configMaps: readonly KubeObject[]
  readonly podDisruptionBudgets: readonly KubeObject[]
  readonly claims: readonly Claim[]
  readonly pods: readonly Pod[]
}

export interface ClusterReader {
  readCluster(key: ObjectKey): Promise<BrokerCluster | undefined>
  readObjects(key: ObjectKey): Promise<ClusterObjects>
}

/** The kinds of `ClusterObjects`. */
export const childTypes = {
  statefulSets,
  services,
  configMaps,
  podDisruptionBudgets,
  claims: persistentVolumeClaims,
  pods,
} as const satisfies Record<keyof ClusterObjects, ResourceType>

// Where reconciling reads from: a cluster and everything that carries its label. In the operator this is a cache that
// watches keep current; LiveClusterReader asks the API server each time.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { clusterSelector, formatSelector } from '../api/names.ts'
import type { KubeClient, KubeObject, ObjectKey, ResourceType } from '../kube/port.ts'
import {
  brokerClusters,
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

export class LiveClusterReader implements ClusterReader {
  readonly #client: KubeClient

  constructor(client: KubeClient) {
    this.#client = client
  }

  async readCluster(key: ObjectKey): Promise<BrokerCluster | undefined> {
    const object = await this.#client.get(brokerClusters, key)
    return object as unknown as BrokerCluster | undefined
  }

  async readObjects({ namespace, name }: ObjectKey): Promise<ClusterObjects> {
    const labelSelector = formatSelector(clusterSelector(name))
    const list = async <T extends KubeObject>(type: ResourceType): Promise<T[]> =>
      (await this.#client.list<T>(type, { namespace, labelSelector })).items
    return {
      statefulSets: await list(statefulSets),
      services: await list(services),
      configMaps: await list(configMaps),
      podDisruptionBudgets: await list(podDisruptionBudgets),
      claims: await list(persistentVolumeClaims),
      pods: await list(pods),
    }
  }
}

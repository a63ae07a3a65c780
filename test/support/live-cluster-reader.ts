// A ClusterReader that asks the API server each time: what it reads is never older than the last write, as tests want it.
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'
import { clusterSelector, formatSelector } from '../../operator/api/names.ts'
import type { KubeClient, KubeObject, ObjectKey, ResourceType } from '../../operator/kube/port.ts'
import {
  brokerClusters,
  configMaps,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  services,
  statefulSets,
} from '../../operator/kube/resource-types.ts'
import type { ClusterObjects, ClusterReader } from '../../operator/reconcile/cluster-reader.ts'

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

// What a Stack needs of the Kubernetes under it. Two have it: the stand-in (local-stack.ts) and a real one with nodes
// (test/kube/nodes-kubernetes.ts), so that the same suites run on both.
import type { LocalObject, RegistryEvent, ResourceName } from '../../hack/localkube/api/registry.ts'
import type { PodObject } from '../../hack/start/cluster-view.ts'
import type { BrokerCluster } from '../../operator/api/broker-cluster.ts'

/** Asked before each request that comes by `serverUrl`; `drop` cuts the connection, and the request does not arrive. */
export type Faults = (request: { readonly method: string; readonly path: string }) => undefined | 'drop'

export interface Kubernetes {
  /** The one that the clusters of the stack are in. */
  readonly namespace: string
  /** Plain HTTP, for those whose requests are noted: the test and its operator. */
  readonly serverUrl: string
  /** With which a process on this machine finds this Kubernetes, looks after the namespace, and reaches its pods. */
  readonly operator: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> }
  /** Resolves when objects of this kind can be read. */
  serves(resource: ResourceName): Promise<void>
  /** As last seen; so is what `list` tells. */
  get(resource: ResourceName, name: string): LocalObject | undefined
  /** Of the namespace, or of none. */
  list(resource: ResourceName): LocalObject[]
  /** Calls `onEvent`, later, for each object that is there and then for each change, after `list` has it. */
  watch(resource: ResourceName, onEvent: (event: RegistryEvent) => void): { close(): void }
  /** Resolves when all that was written before now is seen. */
  caughtUp(): Promise<void>
  /** As this machine numbers it, of the broker in this pod; undefined when none runs. */
  processOf(pod: LocalObject): number | undefined
  /** Where clients on this machine reach the members of a cluster. */
  failoverUrl(cluster: BrokerCluster, pods: readonly PodObject[]): string
  stop(): Promise<void>
}

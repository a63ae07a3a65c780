// A BrokerCluster as the API server gives it: metadata as in every object, spec unchecked, status as the operator
// wrote it.
import type { brokerClusterApiVersion, brokerClusterKind } from './names.ts'
import type { BrokerClusterSpecInput } from './spec-schema.ts'
import type { BrokerClusterStatus } from './status-schema.ts'

export interface BrokerCluster {
  apiVersion: typeof brokerClusterApiVersion
  kind: typeof brokerClusterKind
  metadata: {
    name: string
    namespace: string
    uid: string
    generation?: number
    resourceVersion?: string
    deletionTimestamp?: string
  }
  spec: BrokerClusterSpecInput
  status?: BrokerClusterStatus
}

/** What names a cluster, and makes it the owner of its children. */
export interface ClusterIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

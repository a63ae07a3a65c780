// What a spec comes to: groups and members with their names, the configuration of each broker, storage and Services.
// Everything that the operator writes is built from a plan; everything that it reports is the plan held against what
// was seen.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import type { BrokerClusterSpec, GroupSpec, TransportConnectorSpec } from '../api/spec-schema.ts'
import type { ClaimTemplate } from '../api/storage-schema.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'

export interface ClusterPlan {
  readonly cluster: ClusterIdentity
  readonly groups: readonly GroupPlan[]
  readonly transportConnectors: readonly TransportConnectorSpec[]
  readonly clientService: BrokerClusterSpec['services']['client']
  readonly podDisruptionBudget: BrokerClusterSpec['podDisruptionBudget']
  readonly update: UpdatePlan
  /** One for each transport connector. */
  readonly endpoints: readonly { readonly name: string; readonly url: string }[]
}

interface UpdatePlan {
  readonly type: 'RollingUpdate' | 'OnDelete'
  readonly handoverTimeoutMs: number
  readonly progressDeadlineMs: number
}

/** A group is one broker identity: one active member, any number of standbys, one store. */
export interface GroupPlan {
  readonly name: string
  /** Name of the StatefulSet and of the headless Service. */
  readonly statefulSet: string
  readonly replicas: number
  readonly members: readonly MemberPlan[]
  readonly brokerConfig: BrokerConfigInput
  readonly store: StorePlan
  readonly pod: PodPlan
  /** Hash of the user-visible inputs of a member: a pod with another one is outdated. */
  readonly revision: string
}

export interface MemberPlan {
  /** Name of the pod. */
  readonly name: string
  readonly ordinal: number
  /** Stable DNS name inside the Kubernetes cluster. */
  readonly host: string
}

export interface PodPlan {
  readonly image: string
  readonly pullPolicy: BrokerClusterSpec['image']['pullPolicy']
  readonly pullSecrets: BrokerClusterSpec['image']['pullSecrets']
  readonly resources: GroupSpec['resources']
  readonly scheduling: GroupSpec['scheduling']
  readonly terminationGracePeriodSeconds: number
}

export type StorePlan =
  | { readonly type: 'None' }
  /** The StatefulSet controller makes the claim of its one member. */
  | { readonly type: 'Volume'; readonly claim: ClaimPlan }
  /** `claim` is undefined when the claim is somebody else's. */
  | { readonly type: 'SharedVolume'; readonly claimName: string; readonly claim: ClaimPlan | undefined }

export interface ClaimPlan {
  readonly name: string
  readonly template: ClaimTemplate
  readonly whenDeleted: 'Retain' | 'Delete'
  readonly whenScaled: 'Retain' | 'Delete'
}

/** Names of the claims that a group uses. */
export function claimNames({ store }: GroupPlan): string[] {
  if (store.type === 'None') return []
  return [store.type === 'Volume' ? store.claim.name : store.claimName]
}

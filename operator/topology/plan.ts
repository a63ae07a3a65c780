// What a spec comes to: groups and members with their names, the configuration of each broker, storage and Services.
// Everything that the operator writes is built from a plan; everything that it reports is the plan held against what
// was seen.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import type { NetworkLink } from '../api/network-links.ts'
import type { NetworkConnectorSpec } from '../api/network-schema.ts'
import type { BrokerClusterSpec, GroupSpec, TransportConnectorSpec } from '../api/spec-schema.ts'
import type { ClaimTemplate, StorageSpec } from '../api/storage-schema.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import type { DatabaseFile, KnownDatabase } from './database.ts'
import type { ReplicationPlan } from './replication.ts'

export interface ClusterPlan {
  readonly cluster: ClusterIdentity
  readonly groups: readonly GroupPlan[]
  /** Which groups are joined to a network; none in a topology of one group. */
  readonly edges: readonly EdgePlan[]
  readonly transportConnectors: readonly TransportConnectorSpec[]
  readonly clientService: BrokerClusterSpec['services']['client']
  readonly podDisruptionBudget: BrokerClusterSpec['podDisruptionBudget']
  readonly update: UpdatePlan
  readonly scaleDown: ScaleDownPlan
  /** One for each transport connector. */
  readonly endpoints: readonly { readonly name: string; readonly url: string }[]
  /** Objects of others that the spec names: read before anything is done. */
  readonly references: readonly ReferencePlan[]
}

interface UpdatePlan {
  readonly type: 'RollingUpdate' | 'OnDelete'
  readonly handoverTimeoutMs: number
  readonly progressDeadlineMs: number
}

interface ScaleDownPlan {
  readonly drain: BrokerClusterSpec['scaleDown']['drain']
  readonly timeoutMs: number
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

type Link = NetworkLink<NetworkConnectorSpec>

/** Whoever is active in one group dials whoever is active in another one. */
export interface EdgePlan extends Omit<Link, 'connector'> {
  readonly connector: Omit<Link['connector'], 'transportConnector'>
  /** Of the members of the group that is dialled. */
  readonly hosts: readonly string[]
  readonly port: number
}

/** What of a network stands in the broker's file; nothing without one. */
export type NetworkConfig = Pick<BrokerConfigInput, 'brokerId' | 'networkConnectors'>
export type NetworkConnectorConfig = NonNullable<NetworkConfig['networkConnectors']>[number]

export interface PodPlan {
  readonly image: string
  readonly user: BrokerUser
  /** ImagePlan.firstImage and offered. */
  readonly firstImage: string | undefined
  readonly offeredImage: string | undefined
  readonly pullPolicy: BrokerClusterSpec['image']['pullPolicy']
  readonly pullSecrets: BrokerClusterSpec['image']['pullSecrets']
  readonly resources: GroupSpec['resources']
  readonly scheduling: GroupSpec['scheduling']
  readonly terminationGracePeriodSeconds: number
  readonly livenessProbe: LivenessProbePlan
}

/** User and group of a member, which also gets its volumes; assigned: those that the platform gives to the pod. */
export type BrokerUser = number | 'assigned'

/** When a member that hangs is ended, so that a standby can take over. */
export type LivenessProbePlan = Readonly<Record<keyof BrokerClusterSpec['livenessProbe'], number>>

export interface StorePlan {
  readonly type: StorageSpec['type']
  /**
   * Which store it is (`Volume`, `SharedVolume claim orders-g0-data`): two StatefulSets of one group with different notes
   * would be two stores.
   */
  readonly note: string
  readonly data: DataPlan
  /** What the operator makes, or looks after; none when there is no claim, or it is somebody else's. */
  readonly claims: readonly ClaimPlan[]
  /** Of a group whose members each have a copy. */
  readonly replication: ReplicationPlan | undefined
}

/** What a member finds at its data directory. */
type DataPlan =
  | { readonly from: 'Nothing' }
  /** A claim that all members share. */
  | { readonly from: 'Claim'; readonly claimName: string }
  /** A claim of its own, which the StatefulSet controller makes; this is the one of the first member. */
  | { readonly from: 'ClaimTemplate'; readonly claim: ClaimPlan }
  /** Messages are in a database, and files of the Secret tell where that is. */
  | {
      readonly from: 'Database'
      readonly secretName: string
      readonly files: readonly DatabaseFile[]
      /** Undefined: nobody has read the Secret yet. */
      readonly known: KnownDatabase | undefined
    }

export interface ClaimPlan {
  readonly name: string
  readonly template: ClaimTemplate
  readonly whenDeleted: 'Retain' | 'Delete'
  readonly whenScaled: 'Retain' | 'Delete'
}

export interface ReferencePlan {
  readonly kind: 'PersistentVolumeClaim'
  readonly name: string
}

/** Names of the claims that a group uses. */
export function claimNames({ store: { data, claims } }: GroupPlan): string[] {
  switch (data.from) {
    case 'Nothing':
    case 'Database':
      return []
    case 'Claim':
      return [data.claimName]
    case 'ClaimTemplate':
      return claims.map(({ name }) => name)
  }
}

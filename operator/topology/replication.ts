// A group whose members each have a copy: what its brokers are told of each other, and of what proposes the active. Secrets reach a
// member as files, which it reads when it needs them: they are in no object that the operator writes.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import { replicationSecretName, statefulSetName } from '../api/names.ts'
import type { GroupSpec } from '../api/spec-schema.ts'
import type { ReplicatedSpec, ZooKeeperSpec } from '../api/storage-schema.ts'
import { assert } from '../../broker/base/assert.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'

export interface ReplicationPlan {
  readonly port: number
  /** Members that may be away while the rest still is a quorum. */
  readonly spare: number
  /** What is put into one directory of each member. */
  readonly files: readonly SecretFile[]
  /** Name of the Lease, and of the account that may renew it; undefined where ZooKeeper does. */
  readonly lease: string | undefined
}

export interface SecretFile {
  readonly secretName: string
  readonly key: string
  readonly path: string
  /** The operator makes it, once; all others are somebody else's. */
  readonly isOwn: boolean
}

interface Member {
  readonly name: string
  readonly host: string
}

/** Key of the Secret of the group by which its members know each other. */
export const securityTokenKey = 'token'

type StoreConfig = NonNullable<BrokerConfigInput['store']>

const fileNames = { token: 'security-token', address: 'zookeeper-address', password: 'zookeeper-password' } as const

export function planReplication(cluster: ClusterIdentity, group: GroupSpec): ReplicationPlan | undefined {
  const { zookeeper, replicated } = group.storage
  const store = zookeeper ?? replicated
  if (!store) return undefined
  const foreign = (ref: { name: string; key: string } | undefined, path: string): SecretFile[] =>
    ref ? [{ secretName: ref.name, key: ref.key, path, isOwn: false }] : []
  const secretName = replicationSecretName(cluster.name, group.name)
  return {
    port: store.bindPort,
    spare: (group.replicas - 1) / 2,
    files: [
      { secretName, key: securityTokenKey, path: fileNames.token, isOwn: true },
      ...foreign(zookeeper?.addressSecretRef, fileNames.address),
      ...foreign(zookeeper?.passwordSecretRef, fileNames.password),
    ],
    lease: replicated && statefulSetName(cluster.name, group.name),
  }
}

/** The same for all members: which one it is, and its host name, each of them is told by its process. */
export function planReplicatedStore(
  cluster: ClusterIdentity,
  group: GroupSpec,
  members: readonly Member[],
): StoreConfig {
  const { zookeeper, replicated } = group.storage
  const store = zookeeper ?? replicated
  assert(store, 'A parsed spec with storage.type ZooKeeper or Replicated has the struct of that name')
  return {
    type: 'Replicated',
    replicas: group.replicas,
    bind: `tcp://0.0.0.0:${store.bindPort}`,
    sync: syncModes[store.sync],
    securityTokenFile: fileNames.token,
    ...(zookeeper && planZooKeeper(zookeeper, zookeeperPath(cluster, group))),
    ...(replicated && planLease(cluster, group, replicated, members)),
  }
}

/** Where the group is in ZooKeeper. */
export const zookeeperPath = ({ namespace, name }: ClusterIdentity, group: GroupSpec): string =>
  group.storage.zookeeper?.path ?? `/flotilla/${namespace}/${name}/${group.name}`

const planZooKeeper = (zookeeper: ZooKeeperSpec, zkPath: string) => ({
  ...(zookeeper.address === undefined ? { zkAddressFile: fileNames.address } : { zkAddress: zookeeper.address }),
  zkPath,
  zkSessionTimeout: zookeeper.sessionTimeout,
  ...(zookeeper.passwordSecretRef && { zkPasswordFile: fileNames.password }),
})

const planLease = (
  { namespace, name }: ClusterIdentity,
  group: GroupSpec,
  { lease, bindPort }: ReplicatedSpec,
  members: readonly Member[],
) => ({
  lease: { name: statefulSetName(name, group.name), namespace, ...lease },
  members: members.map((member) => ({ name: member.name, address: `${member.host}:${bindPort}` })),
})

const syncModes = {
  LocalMem: 'local_mem',
  LocalDisk: 'local_disk',
  RemoteMem: 'remote_mem',
  RemoteDisk: 'remote_disk',
  QuorumMem: 'quorum_mem',
  QuorumDisk: 'quorum_disk',
} as const

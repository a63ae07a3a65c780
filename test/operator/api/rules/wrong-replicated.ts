// Manifests with groups whose members each have a copy, good and wrong.
import type { BrokerClusterSpecInput } from '../../../../operator/api/spec-schema.ts'
import type { GoodManifest, WrongManifest } from './manifest.ts'

type Group = NonNullable<BrokerClusterSpecInput['groupTemplate']>
type ZooKeeper = NonNullable<Group['storage']['zookeeper']>
type Replicated = NonNullable<Group['storage']['replicated']>

const claimTemplate = { resources: { requests: { storage: '50Gi' } } }
const address = 'zk-0.zk:2181,zk-1.zk:2181,zk-2.zk:2181'

const kept = (zookeeper: Partial<ZooKeeper> = {}, replicas = 3): Group => ({
  replicas,
  storage: { type: 'ZooKeeper', zookeeper: { address, claimTemplate, ...zookeeper } },
})
const leased = (replicated: Partial<Replicated> = {}, replicas = 3): Group => ({
  replicas,
  storage: { type: 'Replicated', replicated: { claimTemplate, ...replicated } },
})
const masterSlave = (groupTemplate: Group): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate,
})
const mesh = (...groups: readonly Group[]): BrokerClusterSpecInput => ({
  topology: { type: 'Combined', network: { layout: 'Mesh' } },
  groups: groups.map((group, index) => ({ name: `g${index}`, ...group })),
})

export const goodReplicated: readonly GoodManifest[] = [
  { title: 'three copies by ZooKeeper', spec: masterSlave(kept()) },
  { title: 'three copies by a Lease', spec: masterSlave(leased()) },
  { title: 'nine copies', spec: masterSlave(leased({}, 9)) },
  {
    title: 'copies by ZooKeeper with everything said',
    spec: masterSlave(
      kept(
        {
          address: 'zk:2181/brokers',
          path: '/flotilla/shop/orders/bc',
          sessionTimeout: '2s',
          passwordSecretRef: { name: 'zk-auth', key: 'password' },
          sync: 'RemoteDisk',
          bindPort: 7000,
          claimTemplate: { ...claimTemplate, storageClassName: 'fast', accessModes: ['ReadWriteOncePod'] },
        },
        5,
      ),
    ),
  },
  {
    title: 'an address of ZooKeeper that is a secret',
    spec: masterSlave({
      replicas: 3,
      storage: { type: 'ZooKeeper', zookeeper: { addressSecretRef: { name: 'zk' }, claimTemplate } },
    }),
  },
  {
    title: 'copies by a Lease with everything said',
    spec: masterSlave(leased({ lease: { duration: '10s', renewInterval: '2s' }, sync: 'QuorumMem', bindPort: 7000 })),
  },
  { title: 'copies that go with their group', spec: masterSlave(retained('Delete')) },
  {
    title: 'groups with copies side by side',
    spec: mesh(kept(), kept({ path: '/a' }), kept({ path: '/b' }), leased()),
  },
  {
    title: 'groups of a template with a path each',
    spec: { ...mesh(), groups: undefined, groupCount: 2, groupTemplate: kept() },
  },
  {
    title: 'a group of copies in a network with one that has no store',
    spec: mesh(leased(), { storage: { type: 'None' } }),
  },
]

function retained(whenDeleted: 'Delete' | 'Retain'): Group {
  const group = leased()
  return { ...group, storage: { ...group.storage, retentionPolicy: { whenDeleted } } }
}

const storage = 'spec.groupTemplate.storage'

export const wrongReplicated: readonly WrongManifest[] = [
  {
    title: 'storage.type ZooKeeper without zookeeper',
    spec: masterSlave({ replicas: 3, storage: { type: 'ZooKeeper' } }),
    by: 'rule',
    field: `${storage}.zookeeper`,
    text: 'required with storage.type ZooKeeper, and accepted only with it',
  },
  {
    title: 'storage.type Replicated with what is of another type',
    spec: masterSlave({
      replicas: 3,
      storage: { ...kept().storage, type: 'Replicated', replicated: { claimTemplate } },
    }),
    by: 'rule',
    field: `${storage}.zookeeper`,
    text: 'required with storage.type ZooKeeper, and accepted only with it',
  },
  {
    title: 'storage.type Replicated without replicated',
    spec: masterSlave({ replicas: 3, storage: { type: 'Replicated' } }),
    by: 'rule',
    field: `${storage}.replicated`,
    text: 'required with storage.type Replicated, and accepted only with it',
  },
  {
    title: 'four copies',
    spec: masterSlave(leased({}, 4)),
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'accepted: 3, 5, 7 or 9',
  },
  {
    title: 'two copies',
    spec: masterSlave(kept({}, 2)),
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'accepted: 3, 5, 7 or 9',
  },
  {
    title: 'one copy',
    spec: { topology: { type: 'Standalone' }, groupTemplate: leased({}, 1) },
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'accepted: 3, 5, 7 or 9',
  },
  {
    title: 'eleven copies',
    spec: masterSlave(leased({}, 11)),
    by: 'schema',
    field: 'spec.groupTemplate.replicas',
    text: 'should be less than or equal to 9',
  },
  {
    title: 'more copies than before',
    before: masterSlave(leased()),
    spec: masterSlave(leased({}, 5)),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.replicas',
    text: 'cannot be changed with storage.type ZooKeeper and Replicated',
  },
  {
    title: 'an address of ZooKeeper twice',
    spec: masterSlave(kept({ addressSecretRef: { name: 'zk' } })),
    by: 'rule',
    field: `${storage}.zookeeper`,
    operatorField: `${storage}.zookeeper.address`,
    text: 'exactly one of address and addressSecretRef',
  },
  {
    title: 'no address of ZooKeeper',
    spec: masterSlave({ replicas: 3, storage: { type: 'ZooKeeper', zookeeper: { claimTemplate } } }),
    by: 'rule',
    field: `${storage}.zookeeper`,
    operatorField: `${storage}.zookeeper.address`,
    text: 'exactly one of address and addressSecretRef',
  },
  {
    title: 'an address of ZooKeeper with blanks',
    spec: masterSlave(kept({ address: 'zk-0:2181, zk-1:2181' })),
    by: 'schema',
    field: `${storage}.zookeeper.address`,
    text: 'should match',
  },
  {
    title: 'a path that does not begin at the root',
    spec: masterSlave(kept({ path: 'flotilla' })),
    by: 'schema',
    field: `${storage}.zookeeper.path`,
    text: 'should match',
  },
  {
    title: 'another path in ZooKeeper',
    before: masterSlave(kept({ path: '/a' })),
    spec: masterSlave(kept({ path: '/b' })),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.zookeeper.path`,
    text: 'cannot be changed, who is a member and who is active stands there',
  },
  {
    title: 'a path in ZooKeeper where there was none',
    before: masterSlave(kept()),
    spec: masterSlave(kept({ path: '/b' })),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.zookeeper.path`,
    text: 'cannot be changed, who is a member and who is active stands there',
  },
  {
    title: 'one path for all groups of a template',
    spec: { ...mesh(), groups: undefined, groupCount: 2, groupTemplate: kept({ path: '/a' }) },
    by: 'rule',
    field: `${storage}.zookeeper.path`,
    text: 'all groups would have the same path',
  },
  {
    title: 'two groups with one path',
    spec: mesh(kept({ path: '/a' }), kept(), kept({ path: '/a' })),
    by: 'rule',
    field: 'spec.groups',
    operatorField: 'spec.groups[2].storage.zookeeper.path',
    text: 'two groups have the same storage.zookeeper.path',
  },
  {
    title: 'a session that is over at once',
    spec: masterSlave(kept({ sessionTimeout: '500ms' })),
    by: 'rule',
    field: `${storage}.zookeeper.sessionTimeout`,
    text: 'must be 1s or more',
  },
  {
    title: 'a Lease that ends before it is renewed',
    spec: masterSlave(leased({ lease: { duration: '1s' } })),
    by: 'rule',
    field: `${storage}.replicated.lease.duration`,
    text: 'must be more than renewInterval',
  },
  {
    title: 'a Lease that is renewed all the time',
    spec: masterSlave(leased({ lease: { renewInterval: '0s' } })),
    by: 'rule',
    field: `${storage}.replicated.lease.renewInterval`,
    text: 'must be more than 0s',
  },
  ...(['zookeeper', 'replicated'] as const).flatMap((kind): WrongManifest[] => {
    const at = (bindPort: number) => (kind === 'zookeeper' ? kept({ bindPort }) : leased({ bindPort }))
    return [
      {
        title: `the admin port as storage.${kind}.bindPort`,
        spec: masterSlave(at(8161)),
        by: 'rule',
        field: `${storage}.${kind}.bindPort`,
        text: "8161 is the broker's own admin port",
      },
      {
        title: `a connector's port as storage.${kind}.bindPort`,
        spec: masterSlave(at(61_616)),
        by: 'rule',
        field: `${storage}.${kind}.bindPort`,
        text: 'a transport connector has the bindPort of the store, or the name replication',
      },
      {
        title: `a connector's port as storage.${kind}.bindPort of one of several groups`,
        spec: mesh(leased(), at(61_616)),
        by: 'rule',
        field: 'spec.groups',
        operatorField: `spec.groups[1].storage.${kind}.bindPort`,
        text: 'a transport connector has the bindPort of the store, or the name replication',
      },
      {
        title: `a smaller volume in storage.${kind}`,
        before: masterSlave(at(7000)),
        spec: masterSlave(withClaim(at(7000), kind, { resources: { requests: { storage: '1Gi' } } })),
        by: 'rule',
        onlyApiServer: true,
        field: `${storage}.${kind}.claimTemplate.resources.requests.storage`,
        text: 'a volume cannot shrink',
      },
      {
        title: `other access modes in storage.${kind}`,
        before: masterSlave(at(7000)),
        spec: masterSlave(withClaim(at(7000), kind, { ...claimTemplate, accessModes: ['ReadWriteOncePod'] })),
        by: 'rule',
        onlyApiServer: true,
        field: `${storage}.${kind}.claimTemplate.accessModes`,
        text: 'cannot be changed, the volume exists',
      },
      {
        title: `another class in storage.${kind}`,
        before: masterSlave(at(7000)),
        spec: masterSlave(withClaim(at(7000), kind, { ...claimTemplate, storageClassName: 'fast' })),
        by: 'rule',
        onlyApiServer: true,
        field: `${storage}.${kind}.claimTemplate.storageClassName`,
        text: 'cannot be changed, the volume exists',
      },
      {
        title: `a connector with the name of the port of storage.${kind}`,
        spec: { ...masterSlave(at(7000)), transportConnectors: [{ name: 'replication', port: 61_616 }] },
        by: 'rule',
        field: `${storage}.${kind}.bindPort`,
        text: 'a transport connector has the bindPort of the store, or the name replication',
      },
    ]
  }),
  {
    title: 'another port between members that know each other by a Lease',
    before: masterSlave(leased()),
    spec: masterSlave(leased({ bindPort: 7000 })),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.replicated.bindPort`,
    text: 'cannot be changed, members that are restarted one by one',
  },
  {
    title: 'a Lease instead of ZooKeeper',
    before: masterSlave(kept()),
    spec: masterSlave(leased()),
    by: 'rule',
    onlyApiServer: true,
    field: `${storage}.type`,
    text: 'cannot be changed, the messages of the group are there',
  },
  {
    title: 'a mode of sync that there is not',
    spec: masterSlave({
      replicas: 3,
      storage: { type: 'Replicated', replicated: { claimTemplate, sync: 'All' as 'QuorumDisk' } },
    }),
    by: 'schema',
    field: `${storage}.replicated.sync`,
    text: 'supported values: "LocalMem", "LocalDisk", "RemoteMem", "RemoteDisk", "QuorumMem", "QuorumDisk"',
  },
]

function withClaim(group: Group, kind: 'zookeeper' | 'replicated', template: Replicated['claimTemplate']): Group {
  const of = { ...group.storage[kind]!, claimTemplate: template }
  return { ...group, storage: { ...group.storage, [kind]: of } }
}

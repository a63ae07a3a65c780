// Manifests that must be refused, with the field and the text that say why: by the API server and by the operator, which
// looks once more, unless a row says that only one of them can see it. Run against the rules alone (rules.test.ts) and
// against API servers (integration/operator.ts).
import type { BrokerClusterSpecInput } from '../../../../operator/api/spec-schema.ts'
import type { GoodManifest, WrongManifest } from './manifest.ts'
import { goodDatabases, wrongDatabases } from './wrong-databases.ts'
import { goodNetworks, wrongNetworks } from './wrong-networks.ts'
import { goodReplicated, wrongReplicated } from './wrong-replicated.ts'

/** What an API server refuses. */
export const byApiServer = ({ by }: WrongManifest): boolean => by !== 'operator'

type Claim = { storageClassName?: string; accessModes?: ('ReadWriteOnce' | 'ReadWriteMany')[]; size?: string }

const claim = ({ size = '20Gi', ...rest }: Claim = {}) => ({ ...rest, resources: { requests: { storage: size } } })
const shared = (options: Claim = {}, replicas = 2): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas, storage: { type: 'SharedVolume', sharedVolume: { claimTemplate: claim(options) } } },
})
const existing = (name: string): BrokerClusterSpecInput => ({
  topology: { type: 'MasterSlave' },
  groupTemplate: { replicas: 2, storage: { type: 'SharedVolume', sharedVolume: { existingClaim: { name } } } },
})
const single = (storage: NonNullable<BrokerClusterSpecInput['groupTemplate']>['storage']): BrokerClusterSpecInput => ({
  topology: { type: 'Standalone' },
  groupTemplate: { storage },
})
const none = { type: 'None' } as const
const composite = (name: string, queue: string) => ({ name, forwardTo: [{ queue }] })
const filtered = (filteredDestination: object) => ({ name: 'C', forwardTo: [{ filteredDestination }] })
const volume = (size = '1Gi') => ({ type: 'Volume' as const, volume: { claimTemplate: claim({ size }) } })
const connector = (name: string, port: number) => ({ name, port })

export const goodManifests: readonly GoodManifest[] = [
  { title: 'a pair on a shared volume', spec: shared() },
  { title: 'a pair on an existing claim', spec: existing('nfs') },
  { title: 'a single broker without a store', spec: single(none) },
  { title: 'a single broker with a volume', spec: single(volume()) },
  {
    title: 'groups one by one',
    spec: { topology: { type: 'MasterSlave' }, groups: [{ name: 'bc', ...shared().groupTemplate! }] },
  },
  {
    title: 'a group that leaves by best effort',
    spec: { ...shared(), scaleDown: { drain: 'BestEffort', timeout: '1h30m' } },
  },
  ...goodNetworks,
  ...goodDatabases,
  ...goodReplicated,
]

export const wrongManifests: readonly WrongManifest[] = [
  {
    title: 'neither groups nor groupTemplate',
    spec: { topology: { type: 'Standalone' } },
    by: 'rule',
    field: 'spec',
    operatorField: 'spec.groups',
    text: 'exactly one of groups and groupTemplate must be given',
  },
  {
    title: 'groups and groupTemplate',
    spec: { ...single(none), groups: [{ name: 'a', storage: none }] },
    by: 'rule',
    field: 'spec',
    operatorField: 'spec.groups',
    text: 'exactly one of groups and groupTemplate must be given',
  },
  {
    title: 'groupCount with groups',
    spec: { topology: { type: 'Standalone' }, groupCount: 1, groups: [{ name: 'a', storage: none }] },
    by: 'rule',
    field: 'spec.groupCount',
    text: 'accepted only together with groupTemplate',
  },
  {
    title: 'a Standalone of two members',
    spec: { ...shared(), topology: { type: 'Standalone' } },
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'topology.type Standalone is one member; accepted: 1',
  },
  {
    title: 'a MasterSlave of one member',
    spec: shared({}, 1),
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    text: 'topology.type MasterSlave is an active and its standbys; accepted: 2 or more',
  },
  {
    title: 'a MasterSlave of two groups from a template, as by kubectl scale',
    spec: { ...shared(), groupCount: 2 },
    by: 'rule',
    field: 'spec.groupCount',
    text: 'accepted: 1 (members are groupTemplate.replicas)',
  },
  {
    title: 'a MasterSlave of two groups',
    spec: {
      topology: { type: 'MasterSlave' },
      groups: ['a', 'b'].map((name) => ({ name, ...shared().groupTemplate! })),
    },
    by: 'rule',
    field: 'spec.groups',
    text: 'topology.type MasterSlave is one group with replicas 2 or more',
  },
  {
    title: 'two members with a volume each',
    spec: { topology: { type: 'MasterSlave' }, groupTemplate: { replicas: 2, storage: volume() } },
    by: 'rule',
    field: 'spec.groupTemplate.replicas',
    operatorField: 'spec.groupTemplate.storage.type',
    text: 'more than 1 needs storage.type SharedVolume, JDBC, ZooKeeper or Replicated',
  },
  {
    title: 'two members and a volume that only one node can mount',
    spec: shared({ accessModes: ['ReadWriteOnce'] }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.sharedVolume.claimTemplate.accessModes',
    text: 'must contain ReadWriteMany when replicas is more than 1',
  },
  {
    title: 'storage.type Volume without volume',
    spec: single({ type: 'Volume' }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.volume',
    text: 'required with storage.type Volume, and accepted only with it',
  },
  {
    title: 'sharedVolume with storage.type None',
    spec: single({ type: 'None', sharedVolume: { existingClaim: { name: 'nfs' } } }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.sharedVolume',
    text: 'required with storage.type SharedVolume, and accepted only with it',
  },
  {
    title: 'claimTemplate and existingClaim',
    spec: single({ type: 'SharedVolume', sharedVolume: { claimTemplate: claim(), existingClaim: { name: 'nfs' } } }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.sharedVolume',
    text: 'exactly one of claimTemplate and existingClaim must be given',
  },
  {
    title: 'a lock that is never proven',
    spec: single({
      type: 'SharedVolume',
      sharedVolume: { existingClaim: { name: 'nfs' }, lock: { keepAlivePeriod: '0s' } },
    }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.sharedVolume.lock.keepAlivePeriod',
    text: 'must be more than 0s',
  },
  {
    title: 'a retention policy that would delete a claim of somebody else',
    spec: single({
      type: 'SharedVolume',
      sharedVolume: { existingClaim: { name: 'nfs' } },
      retentionPolicy: { whenDeleted: 'Delete' },
    }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.retentionPolicy',
    text: 'an existingClaim is never deleted; accepted: Retain',
  },
  {
    title: 'a retention policy without a claim',
    spec: single({ type: 'None', retentionPolicy: {} }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.retentionPolicy',
    text: 'None and JDBC have no claim',
  },
  {
    title: 'two connectors on one port',
    spec: { ...single(none), transportConnectors: [connector('a', 61_616), connector('b', 61_616)] },
    by: 'rule',
    field: 'spec.transportConnectors',
    operatorField: 'spec.transportConnectors[1].port',
    text: 'each connector needs a port of its own',
  },
  {
    title: 'a connector on the admin port',
    spec: { ...single(none), transportConnectors: [connector('a', 8161)] },
    by: 'rule',
    field: 'spec.transportConnectors[0].port',
    text: "8161 is the broker's own admin port",
  },
  {
    title: 'a name that no Service can have',
    name: '1.orders',
    spec: single(none),
    by: 'rule',
    field: '',
    operatorField: 'metadata.name',
    text: 'metadata.name: names the Services too',
  },
  {
    title: 'a name that is too long for the names of children',
    name: `a${'b'.repeat(48)}`,
    spec: single(none),
    by: 'rule',
    field: '',
    operatorField: 'metadata.name',
    text: 'metadata.name: too long for the names of children',
  },
  {
    title: 'another type of storage',
    before: single(none),
    spec: single(volume()),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.type',
    text: 'cannot be changed, the messages of the group are there',
  },
  {
    title: 'a smaller volume',
    before: shared({ size: '20Gi' }),
    spec: shared({ size: '10240Mi' }),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.sharedVolume.claimTemplate.resources.requests.storage',
    text: 'a volume cannot shrink',
  },
  {
    title: 'another storage class',
    before: shared({ storageClassName: 'efs' }),
    spec: shared(),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.sharedVolume.claimTemplate.storageClassName',
    text: 'cannot be changed, the volume exists',
  },
  {
    title: 'other access modes',
    before: shared(),
    spec: shared({ accessModes: ['ReadWriteMany', 'ReadWriteOnce'] }),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.sharedVolume.claimTemplate.accessModes',
    text: 'cannot be changed, the volume exists',
  },
  {
    title: 'another claim',
    before: existing('nfs'),
    spec: existing('efs'),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.sharedVolume.existingClaim.name',
    text: 'cannot be changed, the messages are on that volume',
  },
  {
    title: 'a claim of its own instead of the existing one',
    before: existing('nfs'),
    spec: shared(),
    by: 'rule',
    onlyApiServer: true,
    field: 'spec.groupTemplate.storage.sharedVolume',
    text: 'cannot change between claimTemplate and existingClaim',
  },
  {
    title: 'a duration that is none',
    spec: { ...single(none), updateStrategy: { handoverTimeout: '60' } },
    by: 'schema',
    field: 'spec.updateStrategy.handoverTimeout',
    text: 'should match',
  },
  {
    title: 'a way to leave that there is not',
    spec: { ...single(none), scaleDown: { drain: 'Retain' } },
    by: 'schema',
    field: 'spec.scaleDown.drain',
    text: 'supported values: "Enforce", "BestEffort", "Skip"',
  },
  {
    title: 'a drain whose time is no duration',
    spec: { ...single(none), scaleDown: { timeout: 'forever' } },
    by: 'schema',
    field: 'spec.scaleDown.timeout',
    text: 'should match',
  },
  {
    title: 'a topology that there is not',
    spec: { ...single(none), topology: { type: 'Cluster' } },
    by: 'schema',
    field: 'spec.topology.type',
    text: 'supported values: "Standalone", "MasterSlave", "BrokerCluster", "Combined"',
  },
  {
    title: 'no topology',
    spec: { groupTemplate: { storage: none } },
    by: 'schema',
    field: 'spec.topology',
    text: 'Required value',
  },
  {
    title: 'a port out of range',
    spec: { ...single(none), transportConnectors: [connector('a', 70_000)] },
    by: 'schema',
    field: 'spec.transportConnectors[0].port',
    text: 'less than or equal to 65535',
  },
  {
    title: 'more members than there may be',
    spec: shared({}, 10),
    by: 'schema',
    field: 'spec.groupTemplate.replicas',
    text: 'less than or equal to 9',
  },
  {
    title: 'a Standalone of two members, groups one by one',
    spec: {
      topology: { type: 'Standalone' },
      groups: [{ name: 'a', replicas: 2, storage: shared().groupTemplate!.storage }],
    },
    by: 'rule',
    field: 'spec.groups',
    operatorField: 'spec.groups[0].replicas',
    text: 'topology.type Standalone is one group with replicas 1',
  },
  {
    title: 'a lock that nobody asks for',
    spec: single({
      type: 'SharedVolume',
      sharedVolume: { existingClaim: { name: 'nfs' }, lock: { acquireInterval: '0s' } },
    }),
    by: 'rule',
    field: 'spec.groupTemplate.storage.sharedVolume.lock.acquireInterval',
    text: 'must be more than 0s',
  },
  {
    title: "a connector with the name of the broker's own",
    spec: { ...single(none), transportConnectors: [connector('admin', 61_616)] },
    by: 'rule',
    field: 'spec.transportConnectors[0].name',
    text: "admin is the name of the broker's own admin port",
  },
  {
    title: 'a memory limit that is too small',
    spec: { ...single(none), broker: { memoryLimit: '64Ki' } },
    by: 'operator',
    field: 'spec.broker.memoryLimit',
    text: 'expected at least 1Mi',
  },
  {
    title: 'a temp limit that is too small',
    spec: { ...single(none), broker: { tempLimit: '3Mi' } },
    by: 'operator',
    field: 'spec.broker.tempLimit',
    text: 'expected at least 4Mi, or 0 for none',
  },
  {
    title: 'a startup destination that is two',
    spec: { ...single(none), broker: { startupDestinations: [{ queue: 'A', topic: 'A' }] } },
    by: 'rule',
    field: 'spec.broker.startupDestinations[0]',
    text: 'exactly one of queue, topic must be given',
  },
  {
    title: 'a policy for nothing',
    spec: { ...single(none), broker: { destinationPolicies: [{ gcInactiveDestinations: true }] } },
    by: 'rule',
    field: 'spec.broker.destinationPolicies[0]',
    text: 'exactly one of queue, topic must be given',
  },
  {
    title: 'a dead letter strategy of two kinds',
    spec: {
      ...single(none),
      broker: {
        destinationPolicies: [
          { queue: 'A', deadLetterStrategy: { discarding: {}, sharedDeadLetterStrategy: { deadLetterQueue: 'D' } } },
        ],
      },
    },
    by: 'rule',
    field: 'spec.broker.destinationPolicies[0].deadLetterStrategy',
    text: 'exactly one of sharedDeadLetterStrategy, individualDeadLetterStrategy, discarding must be given',
  },
  {
    title: 'a recovery policy of two kinds',
    spec: {
      ...single(none),
      broker: {
        destinationPolicies: [
          {
            topic: 'A',
            subscriptionRecoveryPolicy: {
              lastImageSubscriptionRecoveryPolicy: {},
              timedSubscriptionRecoveryPolicy: { recoverDuration: '5m' },
            },
          },
        ],
      },
    },
    by: 'rule',
    field: 'spec.broker.destinationPolicies[0].subscriptionRecoveryPolicy',
    text: 'exactly one of fixedCountSubscriptionRecoveryPolicy, fixedSizedSubscriptionRecoveryPolicy',
  },
  {
    title: 'a virtual destination of two kinds',
    spec: {
      ...single(none),
      broker: { virtualDestinations: [{ virtualTopic: {}, compositeQueue: composite('C', 'A') }] },
    },
    by: 'rule',
    field: 'spec.broker.virtualDestinations[0]',
    text: 'exactly one of virtualTopic, compositeQueue, compositeTopic must be given',
  },
  {
    title: 'a composite that forwards nowhere',
    spec: { ...single(none), broker: { virtualDestinations: [{ compositeTopic: { name: 'C', forwardTo: [{}] } }] } },
    by: 'rule',
    field: 'spec.broker.virtualDestinations[0].compositeTopic.forwardTo[0]',
    text: 'exactly one of queue, topic, filteredDestination must be given',
  },
  {
    title: 'a composite that forwards some messages nowhere',
    spec: { ...single(none), broker: { virtualDestinations: [{ compositeTopic: filtered({ selector: 'a = 1' }) }] } },
    by: 'rule',
    field: 'spec.broker.virtualDestinations[0].compositeTopic.forwardTo[0].filteredDestination',
    text: 'exactly one of queue, topic must be given',
  },
  {
    title: 'a composite with a selector that cannot be read',
    spec: {
      ...single(none),
      broker: { virtualDestinations: [{ compositeQueue: filtered({ queue: 'A', selector: 'a =' }) }] },
    },
    by: 'operator',
    field: 'spec.broker.virtualDestinations[0].compositeQueue.forwardTo[0].filteredDestination.selector',
    text: 'at character 4 a name, a value or ( was expected, found the end',
  },
  {
    title: 'a composite that forwards to wildcards',
    spec: { ...single(none), broker: { virtualDestinations: [{ compositeQueue: composite('C', 'A.*') }] } },
    by: 'schema',
    field: 'spec.broker.virtualDestinations[0].compositeQueue.forwardTo[0].queue',
    text: '',
  },
  {
    title: 'a composite that forwards to itself',
    spec: { ...single(none), broker: { virtualDestinations: [{ compositeQueue: composite('C.*', 'C.A') }] } },
    by: 'operator',
    field: 'spec.broker.virtualDestinations[0].compositeQueue.forwardTo',
    text: 'forwarded back',
  },
  {
    title: 'a frame that does not fit',
    spec: { ...single(none), transportConnectors: [{ ...connector('a', 61_616), maxFrameSize: '4Gi' }] },
    by: 'operator',
    field: 'spec.transportConnectors[0].maxFrameSize',
    text: 'expected 1Ki to less than 2Gi',
  },
  {
    title: 'a request above its limit',
    spec: {
      topology: { type: 'Standalone' },
      groupTemplate: { storage: none, resources: { requests: { cpu: 2 }, limits: { cpu: '500m' } } },
    },
    by: 'operator',
    field: 'spec.groupTemplate.resources.requests.cpu',
    text: 'expected at most the limit, 500m',
  },
  ...wrongNetworks,
  ...wrongDatabases,
  ...wrongReplicated,
]

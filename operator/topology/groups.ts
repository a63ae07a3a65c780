// From a spec to its groups: members with their names, the configuration of their brokers, where their messages are. Of
// other groups a group knows those that it has edges to, and nothing else.
import type { ClusterIdentity } from '../api/broker-cluster.ts'
import { adminPort, livenessProbeDefaults } from '../api/limits.ts'
import { memberClaimName, memberName, sharedClaimName, statefulSetName, templateGroupName } from '../api/names.ts'
import type { BrokerClusterSpec, GroupSpec, TransportConnectorSpec } from '../api/spec-schema.ts'
import type { ClaimTemplate } from '../api/storage-schema.ts'
import { assert } from '../../broker/base/assert.ts'
import { defaultDeadLetterQueue } from '../../broker/config/dead-letter-schema.ts'
import { defaultDestinationPolicy } from '../../broker/config/destination-schema.ts'
import { defaultTempLimit, type BrokerConfigInput } from '../../broker/config/schema.ts'
import { type KnownDatabase, planDatabaseFiles, planDatabaseStore } from './database.ts'
import type { ImagePlan } from './member-image.ts'
import { planReplicatedStore, planReplication, zookeeperPath } from './replication.ts'
import type {
  BrokerUser,
  ClaimPlan,
  GroupPlan,
  LivenessProbePlan,
  MemberPlan,
  NetworkConfig,
  PodPlan,
  StorePlan,
} from './plan.ts'

/** The groups that a spec names, or that are made from its template. */
export function groupsOf(spec: BrokerClusterSpec): GroupSpec[] {
  if (spec.groups) return spec.groups
  assert(spec.groupTemplate, 'A parsed spec has groups or groupTemplate')
  const template = spec.groupTemplate
  return Array.from({ length: spec.groupCount ?? 1 }, (_, index) => ({ name: templateGroupName(index), ...template }))
}

/** What a group gets that does not stand in its part of the spec. */
interface GroupSurroundings {
  readonly image: ImagePlan
  readonly user: BrokerUser
  readonly network: NetworkConfig
  /** Undefined: it has none, or nothing is known of it yet. */
  readonly database: KnownDatabase | undefined
  /** Where the transport connector of a port is announced; undefined where it is not. */
  readonly discoveryUri: (port: number) => string | undefined
}

export function planGroup(
  cluster: ClusterIdentity,
  spec: BrokerClusterSpec,
  group: GroupSpec,
  { image, user, network, database, discoveryUri }: GroupSurroundings,
): GroupPlan {
  const statefulSet = statefulSetName(cluster.name, group.name)
  const members = planMembers(cluster, group)
  return {
    name: group.name,
    statefulSet,
    replicas: group.replicas,
    members,
    brokerConfig: {
      ...buildBrokerConfig(statefulSet, spec, planStoreConfig(cluster, group, members, database), discoveryUri),
      ...network,
    },
    store: planStore(cluster, group, database),
    pod: planPod(spec, group, image, user),
    revision: image.revision,
  }
}

export const planMembers = (cluster: ClusterIdentity, group: GroupSpec): MemberPlan[] =>
  Array.from({ length: group.replicas }, (_, ordinal) => planMember(cluster, group, ordinal))

function planMember(cluster: ClusterIdentity, group: GroupSpec, ordinal: number): MemberPlan {
  const name = memberName(cluster.name, group.name, ordinal)
  return { name, ordinal, host: `${name}.${statefulSetName(cluster.name, group.name)}.${cluster.namespace}.svc` }
}

/** Without paths: where the data is, and which member it is, are arguments of the process. */
function buildBrokerConfig(
  brokerName: string,
  spec: BrokerClusterSpec,
  store: BrokerConfigInput['store'],
  discoveryUri: GroupSurroundings['discoveryUri'],
): BrokerConfigInput {
  return {
    brokerName,
    store,
    memoryLimit: spec.broker.memoryLimit,
    // The broker's own default is not said: an image of before knows no such field, and would not start.
    ...(spec.broker.tempLimit !== defaultTempLimit && { tempLimit: spec.broker.tempLimit }),
    ...planDestinations(spec.broker),
    transportConnectors: spec.transportConnectors.map((connector) =>
      planTransportConnector(connector, discoveryUri(connector.port)),
    ),
    admin: { port: adminPort },
  }
}

function planStoreConfig(
  cluster: ClusterIdentity,
  group: GroupSpec,
  members: readonly MemberPlan[],
  database: KnownDatabase | undefined,
): BrokerConfigInput['store'] {
  const { type, sharedVolume, jdbc } = group.storage
  if (jdbc) return planDatabaseStore(jdbc, database)
  if (type === 'ZooKeeper' || type === 'Replicated') return planReplicatedStore(cluster, group, members)
  if (type === 'None') return { type: 'Memory' }
  return { type: 'Journal', ...(sharedVolume && { lock: sharedVolume.lock }) }
}

/** What clients are told of other brokers is said where it is asked for, for the same reason. */
const planTransportConnector = (connector: TransportConnectorSpec, discoveryUri: string | undefined) => {
  const { name, protocol, port, maximumConnections, maxFrameSize } = connector
  const { updateClusterClients, rebalanceClusterClients, updateClusterClientsOnRemove } = connector
  return {
    name,
    protocol,
    port,
    maximumConnections,
    maxFrameSize,
    ...(discoveryUri !== undefined && { discoveryUri }),
    ...(updateClusterClients && { updateClusterClients }),
    ...(rebalanceClusterClients && { rebalanceClusterClients }),
    ...(updateClusterClientsOnRemove && { updateClusterClientsOnRemove }),
  }
}

/** For the same reason only what differs from the broker's own defaults. */
const planDestinations = ({
  useVirtualTopics,
  useVirtualDestSubs,
  virtualDestinations,
  startupDestinations,
  schedulePeriodForDestinationPurge,
  maxPurgedDestinationsPerSweep,
  destinationPolicies,
  deadLetter,
  redeliveryPlugin,
}: BrokerClusterSpec['broker']): Partial<BrokerConfigInput> => ({
  ...(!useVirtualTopics && { useVirtualTopics }),
  ...(useVirtualDestSubs && { useVirtualDestSubs }),
  ...(virtualDestinations && { virtualDestinations }),
  ...(startupDestinations.length > 0 && { startupDestinations }),
  ...(schedulePeriodForDestinationPurge !== '0s' && { schedulePeriodForDestinationPurge }),
  ...(maxPurgedDestinationsPerSweep > 0 && { maxPurgedDestinationsPerSweep }),
  ...(destinationPolicies.length > 0 && { destinationPolicies: destinationPolicies.map(whatItSays) }),
  ...(isDefaultDeadLetter(deadLetter) ? {} : { deadLetter }),
  ...(redeliveryPlugin && { redeliveryPlugin }),
})

type DestinationPolicy = BrokerClusterSpec['broker']['destinationPolicies'][number]

const whatItSays = (policy: DestinationPolicy): Partial<DestinationPolicy> => {
  const defaults: Readonly<Record<string, unknown>> = defaultDestinationPolicy
  return Object.fromEntries(Object.entries(policy).filter(([name, value]) => value !== defaults[name]))
}

const isDefaultDeadLetter = ({
  queue,
  processExpired,
  processNonPersistent,
}: BrokerClusterSpec['broker']['deadLetter']) =>
  queue === defaultDeadLetterQueue && processExpired && !processNonPersistent

function planStore(cluster: ClusterIdentity, group: GroupSpec, known: KnownDatabase | undefined): StorePlan {
  const { type, volume, sharedVolume, jdbc, zookeeper, replicated, retentionPolicy } = group.storage
  const policy = retentionPolicy ?? { whenDeleted: 'Retain', whenScaled: 'Retain' }
  const replication = planReplication(cluster, group)
  switch (type) {
    case 'None':
      return { type, note: type, data: { from: 'Nothing' }, claims: [], replication }
    case 'Volume': {
      assert(volume, 'A parsed spec with storage.type Volume has storage.volume')
      return { type, note: type, ...planMemberClaims(cluster, group, volume.claimTemplate, policy), replication }
    }
    case 'ZooKeeper': {
      assert(zookeeper, 'A parsed spec with storage.type ZooKeeper has storage.zookeeper')
      const note = `${type} path ${zookeeperPath(cluster, group)} of ${group.replicas} members`
      return { type, note, ...planMemberClaims(cluster, group, zookeeper.claimTemplate, policy), replication }
    }
    case 'Replicated': {
      assert(replicated, 'A parsed spec with storage.type Replicated has storage.replicated')
      const note = `${type} port ${replicated.bindPort} of ${group.replicas} members`
      return { type, note, ...planMemberClaims(cluster, group, replicated.claimTemplate, policy), replication }
    }
    case 'SharedVolume': {
      assert(sharedVolume, 'A parsed spec with storage.type SharedVolume has storage.sharedVolume')
      const { existingClaim, claimTemplate } = sharedVolume
      const claimName = existingClaim?.name ?? sharedClaimName(cluster.name, group.name)
      const claims = claimTemplate ? [{ name: claimName, template: claimTemplate, ...policy }] : []
      return { type, note: `${type} claim ${claimName}`, data: { from: 'Claim', claimName }, claims, replication }
    }
    case 'JDBC': {
      assert(jdbc, 'A parsed spec with storage.type JDBC has storage.jdbc')
      const { secretRef, tablePrefix } = jdbc
      const data = {
        from: 'Database',
        secretName: secretRef.name,
        files: planDatabaseFiles(jdbc, known),
        known,
      } as const
      return {
        type,
        note: tablePrefix === '' ? type : `${type} tablePrefix ${tablePrefix}`,
        data,
        claims: [],
        replication,
      }
    }
  }
}

/** A claim for each member, from one template. */
function planMemberClaims(
  cluster: ClusterIdentity,
  group: GroupSpec,
  template: ClaimTemplate,
  policy: Pick<ClaimPlan, 'whenDeleted' | 'whenScaled'>,
): Pick<StorePlan, 'data' | 'claims'> {
  const of = (ordinal: number): ClaimPlan => {
    const name = memberClaimName(memberName(cluster.name, group.name, ordinal))
    return { name, template, ...policy }
  }
  return {
    data: { from: 'ClaimTemplate', claim: of(0) },
    claims: Array.from({ length: group.replicas }, (_, ordinal) => of(ordinal)),
  }
}

function planPod(
  spec: BrokerClusterSpec,
  group: GroupSpec,
  { image, firstImage, offered: offeredImage }: ImagePlan,
  user: BrokerUser,
): PodPlan {
  return {
    image,
    user,
    firstImage,
    offeredImage,
    pullPolicy: spec.image.pullPolicy,
    pullSecrets: spec.image.pullSecrets,
    resources: group.resources,
    scheduling: group.scheduling,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    livenessProbe: planLivenessProbe(spec.livenessProbe),
  }
}

/**
 * What the spec leaves out is filled in here and not by a default of the schema: defaults may become better with a later
 * operator, and no member is restarted for that.
 */
const planLivenessProbe = (given: BrokerClusterSpec['livenessProbe']): LivenessProbePlan => ({
  periodSeconds: given.periodSeconds ?? livenessProbeDefaults.periodSeconds,
  timeoutSeconds: given.timeoutSeconds ?? livenessProbeDefaults.timeoutSeconds,
  failureThreshold: given.failureThreshold ?? livenessProbeDefaults.failureThreshold,
  terminationGracePeriodSeconds:
    given.terminationGracePeriodSeconds ?? livenessProbeDefaults.terminationGracePeriodSeconds,
})

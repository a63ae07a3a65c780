// spec of a BrokerCluster: the one source of its TypeScript types, its defaults, the CRD in crds/ and the reference
// in docs/. A field stands here only when the operator acts on it.
import { z } from 'zod'
import { defaultTempLimit } from '../../broker/config/schema.ts'
import { destinationsFields } from './destinations-schema.ts'
import {
  livenessProbeDefaults,
  maxGroups,
  maxImageReferenceLength,
  maxProbeFailures,
  maxProbeSeconds,
  maxPullSecrets,
  maxReplicas,
  maxTransportConnectors,
} from './limits.ts'
import { networkSchema } from './network-schema.ts'
import { groupCountRules, groupRules } from './rules/groups.ts'
import { jdbcGroupRules } from './rules/jdbc.ts'
import { networkGroupRules, topologyRules } from './rules/network.ts'
import { replicatedGroupRules, replicatedSpecRules } from './rules/replicated.ts'
import { celOf } from './rules/rule.ts'
import { transportConnectorListRules, transportConnectorRules } from './rules/transport-connectors.ts'
import {
  annotationsSchema,
  durationSchema,
  labelsSchema,
  listMap,
  nameSchema,
  objectNameSchema,
  quantitySchema,
  sizeSchema,
} from './schema-parts.ts'
import { storageSchema } from './storage-schema.ts'

const probeSeconds = (description: string) => z.int().min(1).max(maxProbeSeconds).optional().describe(description)

const imageSchema = z.strictObject({
  reference: z
    .string()
    .max(maxImageReferenceLength)
    .default('')
    .describe(
      'Image of the broker. Empty: the one that the members have, and for new clusters the default of the operator; see update.',
    ),
  update: z
    .enum(['Manual', 'Automatic'])
    .default('Manual')
    .describe(
      'What another default of the operator (after an upgrade of it) means where reference is empty. Manual: nothing; condition UpdateAvailable tells, and the cluster gets it by a reference. Automatic: it is rolled out like any change.',
    ),
  pullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .describe('When the node pulls the image.'),
  pullSecrets: z
    .array(z.strictObject({ name: objectNameSchema.describe('Name of a Secret in the namespace of the cluster.') }))
    .max(maxPullSecrets)
    .meta(listMap)
    .default([])
    .describe('Secrets for pulling the image.'),
})

const resourceListSchema = z.strictObject({
  cpu: quantitySchema.optional().describe('Processor time, such as 500m or 2.'),
  memory: quantitySchema.optional().describe('Memory, such as 2Gi.'),
  'ephemeral-storage': quantitySchema.optional().describe('Disk of the node, such as 1Gi.'),
})

const resourcesSchema = z.strictObject({
  requests: resourceListSchema.optional().describe('What a member is sure to get.'),
  limits: resourceListSchema.optional().describe('What a member may use at most.'),
})

const schedulingSchema = z.strictObject({
  spread: z
    .enum(['None', 'Nodes', 'Zones'])
    .default('Nodes')
    .describe('Over what the members of a group are spread, so that one failure does not take all of them.'),
  strict: z
    .boolean()
    .default(false)
    .describe('true: a member that cannot be spread stays Pending. false: it runs next to another one.'),
})

const groupFields = {
  replicas: z
    .int()
    .min(1)
    .max(maxReplicas)
    .default(1)
    .describe('Members: one is active, the others are standbys that take over when it fails.'),
  storage: storageSchema.describe('Where the group keeps its messages.'),
  resources: resourcesSchema.prefault({}).describe('Resources of each member.'),
  scheduling: schedulingSchema.prefault({}).describe('Where members run.'),
}

const groupTemplateSchema = z.strictObject(groupFields).meta(celOf([...groupRules, ...replicatedGroupRules]))
const groupSchema = z
  .strictObject({
    name: nameSchema.describe('Name of the group; its children are named <cluster>-<group>.'),
    ...groupFields,
  })
  .meta(celOf([...groupRules, ...replicatedGroupRules]))

const transportConnectorSchema = z
  .strictObject({
    name: nameSchema.describe('Name of the connector, and of the port of the Services.'),
    protocol: z.enum(['OpenWire']).default('OpenWire').describe('Protocol that is spoken on the port.'),
    port: z.int().min(1).max(65_535).describe('Port on which clients connect.'),
    maximumConnections: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Connections that are open at the same time; more are refused.'),
    maxFrameSize: sizeSchema.default('100Mi').describe('Largest command that a client may send.'),
    updateClusterClients: z
      .boolean()
      .default(false)
      .describe('true: clients are told which other brokers of the network there are, and fail over to those, too.'),
    rebalanceClusterClients: z
      .boolean()
      .default(false)
      .describe('true: clients are asked to move when a broker has joined, so that it gets its share.'),
    updateClusterClientsOnRemove: z
      .boolean()
      .default(false)
      .describe('true: clients are told also when a broker has left.'),
  })
  .meta(celOf(transportConnectorRules))

const transportConnectorsSchema = z
  .array(transportConnectorSchema)
  .min(1)
  .max(maxTransportConnectors)
  .meta({
    ...listMap,
    ...celOf(transportConnectorListRules),
  })
  .prefault([{ name: 'openwire', port: 61_616 }])

const clientServiceSchema = z.strictObject({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('Type of the Service.'),
  annotations: annotationsSchema.default({}).describe('Annotations of the Service, such as those of a cloud provider.'),
  labels: labelsSchema.default({}).describe('Labels of the Service besides those of the operator.'),
})

const brokerSchema = z.strictObject({
  memoryLimit: z
    .string()
    .max(20)
    .regex(/^(([1-9]|[1-8][0-9]|90)%|[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T))$/, {
      error: 'expected 1% to 90% of the memory of a member, or a size such as 512Mi',
    })
    .default('60%')
    .describe(
      'Memory for messages: a share of the memory limit of a member (1% to 90%), or a size such as 512Mi, at least 1Mi. Beyond it messages are on disk only, or their producers are held back.',
    ),
  tempLimit: z
    .string()
    .max(20)
    .regex(/^(0|0B|[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T))$/, {
      error: 'expected a size such as 50Gi, or 0 for none',
    })
    .default(defaultTempLimit)
    .describe(
      'Disk for non-persistent messages that do not fit into memory, at least 4Mi: in the volume of the group, or without one on the node. A tenth of what is free there is left alone. Producers are held back beyond it; 0: as soon as memory is full.',
    ),
  ...destinationsFields,
})

const podDisruptionBudgetSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether there is one for each group.'),
  maxUnavailable: z
    .int()
    .min(0)
    .max(maxReplicas)
    .default(1)
    .describe(
      'Members of a group that may be evicted at the same time. 0 makes a drain of their nodes wait for ever. With storage.type ZooKeeper and Replicated any other number means as many as leave a quorum: 1 of 3, 2 of 5.',
    ),
  unhealthyPodEvictionPolicy: z
    .enum(['AlwaysAllow', 'IfHealthyBudget'])
    .default('AlwaysAllow')
    .describe('Whether a member that is not Ready may always be evicted.'),
})

const livenessProbeSchema = z.strictObject({
  periodSeconds: probeSeconds(
    `How often a member is asked whether it is alive. Left out: ${livenessProbeDefaults.periodSeconds}.`,
  ),
  timeoutSeconds: probeSeconds(`How long it has to answer. Left out: ${livenessProbeDefaults.timeoutSeconds}.`),
  failureThreshold: z
    .int()
    .min(1)
    .max(maxProbeFailures)
    .optional()
    .describe(
      `So many questions in a row without an answer end its process. Left out: ${livenessProbeDefaults.failureThreshold}.`,
    ),
  terminationGracePeriodSeconds: probeSeconds(
    `How long it then may take to stop before it is killed. Left out: ${livenessProbeDefaults.terminationGracePeriodSeconds}.`,
  ),
})

const updateStrategySchema = z.strictObject({
  type: z
    .enum(['RollingUpdate', 'OnDelete'])
    .default('RollingUpdate')
    .describe(
      'RollingUpdate: standbys one after the other, then the active hands over to a standby that is ready. OnDelete: a member is updated when somebody deletes its pod.',
    ),
  handoverTimeout: durationSchema
    .default('60s')
    .describe(
      'A new active must appear within this time after the old one was stopped; otherwise the rollout is blocked.',
    ),
  progressDeadline: durationSchema.default('10m').describe('No progress for this long is reported as Stalled.'),
})

const scaleDownSchema = z.strictObject({
  drain: z
    .enum(['Enforce', 'BestEffort', 'Skip'])
    .default('Enforce')
    .describe(
      'Enforce: a group that is no longer wanted goes when it has forwarded all messages of its queues. BestEffort: also when timeout is over. Skip: it goes at once with what it has.',
    ),
  timeout: durationSchema
    .default('30m')
    .describe('From then on Enforce says that it takes too long, and goes on; BestEffort gives up.'),
})

export const specSchema = z
  .strictObject({
    image: imageSchema.prefault({}).describe('Image of the broker.'),
    topology: z
      .strictObject({
        type: z
          .enum(['Standalone', 'MasterSlave', 'BrokerCluster', 'Combined'])
          .describe(
            'Standalone: one broker. MasterSlave: one group of an active broker and standbys that share its store. BrokerCluster: a network of single brokers. Combined: a network of groups.',
          ),
        network: networkSchema
          .optional()
          .describe('How groups forward to each other. Exactly with BrokerCluster and Combined.'),
      })
      .meta(celOf(topologyRules))
      .describe('How the brokers are arranged.'),
    groupCount: z
      .int()
      .min(1)
      .max(maxGroups)
      .optional()
      .describe('Groups that are made from groupTemplate, named g0, g1, and so on. Left out: 1.'),
    groupTemplate: groupTemplateSchema.optional().describe('Template of all groups. Either this or groups.'),
    groups: z
      .array(groupSchema)
      .min(1)
      .max(maxGroups)
      .meta(listMap)
      .optional()
      .describe('The groups one by one. Either this or groupTemplate. A group is one broker identity with one store.'),
    transportConnectors: transportConnectorsSchema.describe('Ports on which clients connect.'),
    broker: brokerSchema.prefault({}).describe('Settings of the broker itself.'),
    services: z
      .strictObject({
        client: clientServiceSchema.prefault({}).describe('The Service <cluster>, which leads to the active members.'),
      })
      .prefault({})
      .describe('Services for clients.'),
    podDisruptionBudget: podDisruptionBudgetSchema.prefault({}).describe('The PodDisruptionBudget of each group.'),
    updateStrategy: updateStrategySchema.prefault({}).describe('How changes reach running members.'),
    scaleDown: scaleDownSchema
      .prefault({})
      .describe(
        'What becomes of the messages of a group that is no longer wanted. A cluster that is deleted does not drain.',
      ),
    terminationGracePeriodSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .default(120)
      .describe('How long a member may take to stop before it is killed.'),
    livenessProbe: livenessProbeSchema
      .prefault({})
      .describe(
        'When a member that hangs is ended, so that a standby takes over. With what is left out within 40 s; a change restarts members.',
      ),
    paused: z
      .boolean()
      .default(false)
      .describe('true: the operator changes nothing; it reports, and role labels go on following the active.'),
  })
  .meta(celOf([...groupCountRules, ...networkGroupRules, ...jdbcGroupRules, ...replicatedSpecRules]))

/** As a person writes it. */
export type BrokerClusterSpecInput = z.input<typeof specSchema>
/** With every default filled in. */
export type BrokerClusterSpec = z.output<typeof specSchema>
export type GroupSpec = NonNullable<BrokerClusterSpec['groups']>[number]
export type TransportConnectorSpec = BrokerClusterSpec['transportConnectors'][number]

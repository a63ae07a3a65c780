// status of a BrokerCluster: the plan held against what was observed. Nothing that changes by itself (message counts,
// lock ages) ever stands here, so that a cluster at rest is never written.
import { z } from 'zod'
import { type Condition, conditionReasons, type ConditionType } from './conditions.ts'
import {
  maxDrainReasonLength,
  maxGroups,
  maxImageReferenceLength,
  maxLeavingGroups,
  maxNameLength,
  maxReplicas,
  maxTransportConnectors,
  maxUrlLength,
} from './limits.ts'
import { listMap } from './schema-parts.ts'

const text = (maxLength: number, description: string) => z.string().max(maxLength).describe(description)
const time = (description: string) => z.string().max(32).meta({ format: 'date-time' }).describe(description)
const count = (description: string) => z.int().min(0).describe(description)
const memberName = (description: string) => text(63, description)

const claimSchema = z.strictObject({
  name: text(253, 'Name of the claim.'),
  phase: text(32, 'Pending, Bound, Lost or Missing.'),
  requested: text(32, 'Size that was asked for.').optional(),
  capacity: text(32, 'Size that the volume has.').optional(),
})

const groupStatusSchema = z.strictObject({
  name: text(63, 'Name of the group.'),
  active: memberName('The member that serves.').optional(),
  activeSince: time('When it became active.').optional(),
  standbys: z
    .array(z.string().max(63))
    .max(maxReplicas)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Members that are ready to take over.'),
  replicas: count('Members that there are.'),
  readyReplicas: count('Members that are Ready.'),
  updatedReplicas: count('Members that have the current revision.'),
  revision: text(63, 'Revision that members are to have.'),
  image: text(maxImageReferenceLength, 'Image that members are to have.').optional(),
  lock: z
    .strictObject({
      type: text(
        32,
        'What decides which member is active, as the broker says: None, File, Lease, Database, ZooKeeper or KubernetesLease.',
      ),
      holder: memberName('The member that holds it, or held it last.').optional(),
      term: z.int().min(0).meta({ format: 'int64' }).describe('Grows with each change of the active.').optional(),
    })
    .optional()
    .describe('The lock of the group.'),
  storage: z
    .strictObject({
      claims: z.array(claimSchema).max(maxReplicas).meta(listMap).describe('Claims of the group.'),
    })
    .optional()
    .describe('Storage of the group.'),
  lastFailover: z
    .strictObject({
      from: memberName('The member that was active before.'),
      to: memberName('The member that took over.'),
      reason: z.enum(['Switchover', 'Failover']).describe('Switchover: it was stopped in order. Failover: it failed.'),
      at: time('When the new member became active.'),
    })
    .optional()
    .describe('The last change of the active member that the operator saw.'),
})

const memberStatusSchema = z.strictObject({
  name: memberName('Name of the pod.'),
  group: text(63, 'Name of the group.'),
  role: z
    .enum(['Active', 'Standby', 'Starting', 'Stopping', 'Unknown'])
    .describe('As the broker itself reports it; Unknown when it cannot be asked.'),
  ready: z.boolean().describe('Whether the pod is Ready, which means healthy in its role.'),
  inSync: z
    .boolean()
    .optional()
    .describe('Of members with a copy each: whether it has what the active has, and could take over.'),
  node: text(253, 'The node that it runs on.').optional(),
  version: text(63, 'Version of the broker.').optional(),
  revision: text(63, 'Revision of the pod.').optional(),
})

const edgeStatusSchema = z.strictObject({
  name: text(maxNameLength, 'Name of the edge.'),
  from: text(maxNameLength, 'Group that dials.'),
  to: text(maxNameLength, 'Group that is dialled.'),
  state: z
    .enum(['Connected', 'Connecting', 'Down', 'Unknown'])
    .describe('As the member that dials reports it; Unknown when it cannot be asked, or knows no networks.'),
  remote: memberName('The member at the other end.').optional(),
  reason: text(256, 'Why it is not connected, as it was said first.').optional(),
  lastTransitionTime: time('When the state last changed.'),
})

const rolloutStatusSchema = z.strictObject({
  state: z
    .enum(['Idle', 'Standbys', 'HandingOver', 'AwaitingDelete', 'Blocked'])
    .describe('What the rollout is doing.'),
  since: time('When it last made progress.').optional(),
  pending: z
    .array(z.string().max(63))
    .max(maxGroups * maxReplicas)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Members that are outdated.'),
})

const drainStatusSchema = z.strictObject({
  group: text(maxNameLength, 'Name of the group.'),
  member: memberName('The member that drains; left out while none is active.').optional(),
  messagesRemaining: count('Messages of queues that it still has, as counted at countedAt; left out while not known.')
    .meta({ format: 'int64' })
    .optional(),
  messagesOfSubscriptions: count('Messages that wait for its durable subscriptions, which are not forwarded.')
    .meta({ format: 'int64' })
    .optional(),
  countedAt: time('When these were counted: every 10 s at most.').optional(),
  startedAt: time('When it began to drain.'),
  deadline: time('When spec.scaleDown.timeout is over.'),
  reason: text(maxDrainReasonLength, 'Why it does not drain now, as it was said first.').optional(),
})

const conditionSchema = z.strictObject({
  type: z.enum(Object.keys(conditionReasons) as [ConditionType, ...ConditionType[]]).describe('Type of the condition.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Status of the condition.'),
  reason: text(64, 'Why, in one word.'),
  message: text(1024, 'Why, for people.'),
  observedGeneration: z.int().min(0).meta({ format: 'int64' }).describe('Generation that it was judged by.'),
  lastTransitionTime: time('When the status last changed.'),
})

export const statusSchema = z.strictObject({
  observedGeneration: z
    .int()
    .min(0)
    .meta({ format: 'int64' })
    .optional()
    .describe('Generation that was last looked at.'),
  operator: text(317, 'The operator that looks after the cluster: namespace and name of its Lease.').optional(),
  replicas: count('Active members.').optional(),
  selector: text(512, 'Label selector of the active members.').optional(),
  summary: z
    .strictObject({
      active: text(16, 'Groups with an active member, of all.'),
      members: text(16, 'Ready members, of all.'),
      edges: text(16, 'Edges that are connected, of all.').optional(),
    })
    .optional()
    .describe('For reading at a glance.'),
  groups: z
    .array(groupStatusSchema)
    .max(maxGroups + maxLeavingGroups)
    .meta(listMap)
    .optional()
    .describe('The groups, also those that are leaving.'),
  members: z
    .array(memberStatusSchema)
    .max((maxGroups + maxLeavingGroups) * maxReplicas)
    .meta(listMap)
    .optional()
    .describe('The members of all groups.'),
  edges: z
    .array(edgeStatusSchema)
    .max(maxGroups * (maxGroups - 1))
    .meta(listMap)
    .optional()
    .describe('What joins the groups of a network.'),
  rollout: rolloutStatusSchema.optional().describe('How far changes have reached running members.'),
  drains: z
    .array(drainStatusSchema)
    .max(maxLeavingGroups)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['group'] })
    .optional()
    .describe('Groups that are no longer wanted, and forward their messages before they go. Present only meanwhile.'),
  endpoints: z
    .array(
      z.strictObject({
        name: text(63, 'Name of the transport connector.'),
        url: text(maxUrlLength, 'Broker URL for clients inside the Kubernetes cluster.'),
      }),
    )
    .max(maxTransportConnectors)
    .meta(listMap)
    .optional()
    .describe('Where clients connect.'),
  conditions: z
    .array(conditionSchema)
    .max(16)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional()
    .describe('What holds for the cluster; the reasons are listed in the reference.'),
})

export type GroupStatus = z.output<typeof groupStatusSchema>
export type MemberStatus = z.output<typeof memberStatusSchema>
export type EdgeStatus = z.output<typeof edgeStatusSchema>
export type RolloutStatus = z.output<typeof rolloutStatusSchema>
export type DrainStatus = z.output<typeof drainStatusSchema>
export type ClaimStatus = z.output<typeof claimSchema>
type ParsedStatus = z.output<typeof statusSchema>
export type BrokerClusterStatus = Omit<ParsedStatus, 'conditions'> & {
  conditions?: Condition[]
}

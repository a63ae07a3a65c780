// Carries a decision out: role labels first, because clients wait for them; then objects; then groups that leave; then at most
// one step of a rollout, in a pass in which nothing else was written. It may be killed between any two writes: the next pass goes
// on from there.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import type { BrokerAdmin } from '../broker-admin/broker-admin.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { KubeClient } from '../kube/port.ts'
import { persistentVolumeClaims, podDisruptionBudgets, pods, statefulSets } from '../kube/resource-types.ts'
import type { ClusterPlan } from '../topology/plan.ts'
import { applyChild } from './apply-child.ts'
import { buildChildren, type PlannedChild } from './children.ts'
import { advanceDrains, type DrainOutcome, endDrains, reportRemovals } from './advance-drains.ts'
import { type ClusterEvent, deleteEvent, scaleEvent } from './cluster-events.ts'
import type { Decision } from './decide.ts'
import type { StatefulSet } from './kinds.ts'
import { membersOf, type Observation } from './observe.ts'
import { pruneChildren } from './prune.ts'
import { makeSecurityTokens, unsettledGroups } from './replication.ts'
import { applyRoleLabels } from './role-labels.ts'

export interface ActEnvironment {
  readonly client: KubeClient
  readonly brokerAdmin: BrokerAdmin
  /** Of members that are to know each other: nobody guesses it. */
  readonly newToken: () => string
  readonly recordEvent: (cluster: BrokerCluster, event: ClusterEvent) => void
}

export interface ActOutcome extends Partial<Pick<DrainOutcome, 'drainsRefused'>> {
  /** Why the API server did not let a claim grow, if so. */
  readonly resizeRefused: string | undefined
}

export async function act(
  environment: ActEnvironment,
  observation: Observation,
  plan: ClusterPlan | undefined,
  decision: Decision,
): Promise<ActOutcome> {
  const groups = new Set(observation.members.map(({ group }) => group))
  const drains = new Set(decision.acts ? decision.leaving.map(({ name }) => name) : [])
  for (const group of groups)
    await applyRoleLabels(environment.client, membersOf(observation, group), drains.has(group))
  if (!plan || !decision.acts) return { resizeRefused: undefined }
  const replicas = new Map([...decision.scale].map(([group, step]) => [group, step.replicas]))
  const unsettled = unsettledGroups(plan, observation)
  const tokens = await makeSecurityTokens(environment.client, plan, unsettled, observation, environment.newToken)
  const children = buildChildren(plan, observation.objects, replicas, unsettled)
  const { written, resizeRefused } = await applyChildren(environment, observation, children)
  const drained = await advanceDrains(environment, observation, decision.leaving)
  const { cluster, objects } = observation
  const pruned = await pruneChildren(environment.client, cluster, plan, children, objects, decision.staying)
  reportRemovals(environment, observation, decision.leaving)
  await endDrains(environment, observation, decision.returning)
  if (decision.delete && tokens + written + drained.written + pruned.length === 0)
    await deletePod(environment, observation, decision.delete)
  return { resizeRefused, drainsRefused: drained.drainsRefused }
}

async function applyChildren(
  environment: ActEnvironment,
  { cluster }: Observation,
  children: readonly PlannedChild[],
): Promise<{ written: number; resizeRefused: string | undefined }> {
  let written = 0
  let resizeRefused: string | undefined
  const apply = async (child: PlannedChild): Promise<void> => {
    try {
      const outcome = await applyChild(environment.client, cluster, child)
      if (outcome === 'Unchanged') return
      written++
      reportScale(environment, cluster, child)
    } catch (error) {
      // A class without expansion: everything else of the cluster goes on.
      if (!isRefusedResize(child, error)) throw error
      resizeRefused = `Claim ${child.object.metadata.name} cannot grow: ${error.message}`
    }
  }
  const users = children.filter(({ type }) => usesOthers.has(type))
  await allOf(children.filter(({ type }) => !usesOthers.has(type)).map(apply))
  await allOf(users.map(apply))
  return { written, resizeRefused }
}

/** Written when what they refer to is there. */
const usesOthers: ReadonlySet<unknown> = new Set([statefulSets, podDisruptionBudgets])

/** Side by side, as whoever waits for a new cluster waits for each answer. Rejects when all have ended. */
async function allOf(writes: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(writes)) if (result.status === 'rejected') throw result.reason
}

const isRefusedResize = (child: PlannedChild, error: unknown): error is KubeApiError =>
  child.type === persistentVolumeClaims &&
  child.observed !== undefined &&
  error instanceof KubeApiError &&
  (error.code === 403 || error.code === 422)

function reportScale(
  { recordEvent }: ActEnvironment,
  cluster: BrokerCluster,
  { type, object, observed }: PlannedChild,
) {
  if (type !== statefulSets || !observed) return
  const from = (observed as StatefulSet).spec?.replicas
  const to = (object as StatefulSet).spec?.replicas
  if (from !== undefined && to !== undefined && from !== to)
    recordEvent(cluster, scaleEvent(object.metadata.name, from, to))
}

/** Only the very pod that was judged, in the state in which it was judged; otherwise rejects with Conflict. */
async function deletePod(
  { client, recordEvent }: ActEnvironment,
  { cluster, members }: Observation,
  { member, reason }: NonNullable<Decision['delete']>,
): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = members.find((seen) => seen.name === member)!.pod.metadata
  await client.delete(
    pods,
    { namespace, name },
    { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
  )
  recordEvent(cluster, deleteEvent(member, reason))
}

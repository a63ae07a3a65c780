// Carries out what was decided about groups that leave: brokers are told to drain, or to take part again, groups that are
// empty shrink to one member, and claims that may still hold messages are marked to be kept. What deletes objects is prune.ts.
import { errorMessage } from '../../broker/base/errors.ts'
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { adminPort } from '../api/limits.ts'
import { annotations, labels, operatorFieldManager } from '../api/names.ts'
import { type BrokerAdmin, BrokerAdminError, type BrokerAdminTarget } from '../broker-admin/broker-admin.ts'
import type { KubeClient } from '../kube/port.ts'
import { persistentVolumeClaims, statefulSets } from '../kube/resource-types.ts'
import type { DrainHold } from '../topology/drain-step.ts'
import { findActive } from '../topology/observed-member.ts'
import { abortEvent, type ClusterEvent, leavingEvent } from './cluster-events.ts'
import { keepsClaims, type LeavingGroup } from './drains.ts'
import type { Claim } from './kinds.ts'
import type { Observation, SeenMember } from './observe.ts'

interface DrainEnvironment {
  readonly client: KubeClient
  readonly brokerAdmin: BrokerAdmin
  readonly recordEvent: (cluster: BrokerCluster, event: ClusterEvent) => void
}

export interface DrainOutcome {
  /** Objects that were written. */
  readonly written: number
  /** By group. */
  readonly drainsRefused: ReadonlyMap<string, DrainHold>
}

/** Rejects with the errors of the client. */
export async function advanceDrains(
  { client, brokerAdmin }: DrainEnvironment,
  { objects }: Observation,
  leaving: readonly LeavingGroup[],
): Promise<DrainOutcome> {
  const drainsRefused = new Map<string, DrainHold>()
  const tell = async (group: LeavingGroup): Promise<void> => {
    const refused = await tellToDrain(brokerAdmin, group)
    if (refused) drainsRefused.set(group.name, refused)
  }
  // Side by side: one that does not answer holds up nobody else.
  await Promise.all(leaving.map(tell))
  let written = 0
  for (const group of leaving) written += await prepareRemoval(client, objects.claims, group)
  return { written, drainsRefused }
}

/** Of groups that are in the plan again. Rejects with BrokerAdminError. */
export async function endDrains(
  { brokerAdmin, recordEvent }: DrainEnvironment,
  { cluster }: Observation,
  returning: readonly SeenMember[],
): Promise<void> {
  for (const member of returning) {
    await brokerAdmin.endDrain(targetOf(member))
    recordEvent(cluster, abortEvent(member.group))
  }
}

/** Of groups whose objects are gone now. */
export function reportRemovals(
  { recordEvent }: Pick<DrainEnvironment, 'recordEvent'>,
  { cluster, objects }: Observation,
  leaving: readonly LeavingGroup[],
): void {
  for (const { name, statefulSet, members, step } of leaving) {
    if (step.deed.kind !== 'Remove') continue
    const { because } = step.deed
    const known = cluster.status?.drains?.find(({ group }) => group === name)
    const drain = findActive(members)?.snapshot?.drain ?? known
    const kept = keepsClaims(because) ? claimsOf(objects.claims, name).map(({ metadata }) => metadata.name) : []
    const store = statefulSet.metadata.annotations?.[annotations.store]
    recordEvent(
      cluster,
      leavingEvent({ group: name, statefulSet: statefulSet.metadata.name, because, drain, kept, store }),
    )
  }
}

/** Returns why it does not, if that is worth telling. */
async function tellToDrain(
  brokerAdmin: BrokerAdmin,
  { members, to, step }: LeavingGroup,
): Promise<DrainHold | undefined> {
  const { deed } = step
  if (deed.kind !== 'Tell') return undefined
  const member = members.find(({ name }) => name === deed.member)!
  try {
    await brokerAdmin.drain(targetOf(member), { to })
    return undefined
  } catch (error) {
    if (!(error instanceof BrokerAdminError)) throw error
    // Somebody else is active now, and is told by the next pass.
    if (error.status === 409) return undefined
    if (error.status !== undefined && knowsNoDrain.has(error.status))
      return { reason: describeOld(member), isBlocked: true, needsSomebody: true }
    return {
      reason: `${member.name} cannot be told to drain: ${errorMessage(error)}`,
      isBlocked: true,
      needsSomebody: false,
    }
  }
}

/** Not Found, Method Not Allowed, Not Implemented. */
const knowsNoDrain: ReadonlySet<number> = new Set([404, 405, 501])

const describeOld = ({ name, snapshot }: SeenMember): string =>
  `${name} runs version ${snapshot?.version}, which cannot drain. Scale back and give the cluster a later image first, or set spec.scaleDown.drain to Skip`

const targetOf = ({ pod }: SeenMember): BrokerAdminTarget => {
  const { namespace = '', name } = pod.metadata
  return { namespace, name, podIP: pod.status?.podIP ?? '', adminPort }
}

async function prepareRemoval(client: KubeClient, claims: readonly Claim[], group: LeavingGroup): Promise<number> {
  const { deed } = group.step
  if (deed.kind === 'Shrink') {
    const { namespace = '', name, uid } = group.statefulSet.metadata
    const patch = { metadata: { uid }, spec: { replicas: deed.replicas } }
    await client.mergePatch(statefulSets, { namespace, name }, patch, operatorFieldManager)
    return 1
  }
  if (deed.kind !== 'Remove' || !keepsClaims(deed.because)) return 0
  let written = 0
  for (const { metadata } of claimsOf(claims, group.name)) {
    if (metadata.annotations?.[annotations.whenScaled] !== 'Delete') continue
    const { namespace = '', name, uid } = metadata
    const patch = { metadata: { uid, annotations: { [annotations.whenScaled]: 'Retain' } } }
    await client.mergePatch(persistentVolumeClaims, { namespace, name }, patch, operatorFieldManager)
    written++
  }
  return written
}

const claimsOf = (claims: readonly Claim[], group: string): Claim[] =>
  claims.filter(
    ({ metadata }) =>
      metadata.labels?.[labels.group] === group && metadata.labels?.[labels.managedBy] === operatorFieldManager,
  )

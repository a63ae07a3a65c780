// Looks at the whole of a cluster: its objects, and what each running broker says about itself.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import { adminPort } from '../api/limits.ts'
import { annotations, labels, ordinalOf } from '../api/names.ts'
import type { BrokerAdmin, MemberSnapshot } from '../broker-admin/broker-admin.ts'
import { brokerContainer } from '../resources/pod-template.ts'
import { findActive, type MemberFailure, type MemberRole, type ObservedMember } from '../topology/observed-member.ts'
import type { ClusterObjects } from './cluster-reader.ts'
import type { ContainerStatus, Pod } from './kinds.ts'

/** A member with what status and actions need of it besides what is decided by. */
export interface SeenMember extends ObservedMember {
  readonly group: string
  readonly pod: Pod
  /** Undefined when the broker cannot be asked. */
  readonly snapshot: MemberSnapshot | undefined
  /** Why it does not use its data directory: it belongs to another broker. */
  readonly refusal: string | undefined
  /** Whether a process of this pod has ended, whatever ran after it. */
  readonly hasEnded: boolean
}

export interface Observation {
  readonly cluster: BrokerCluster
  readonly objects: ClusterObjects
  /** By group and ordinal. */
  readonly members: readonly SeenMember[]
}

export async function observe(
  cluster: BrokerCluster,
  objects: ClusterObjects,
  brokerAdmin: BrokerAdmin,
): Promise<Observation> {
  const pods = objects.pods.filter((pod) => pod.metadata.labels?.[labels.group] !== undefined)
  const seen = await Promise.all(pods.map((pod) => observeMember(pod, brokerAdmin)))
  const members = seen.map((member) => ({ ...member, inSync: member.inSync && !isBehind(member, seen) }))
  members.sort((a, b) => (a.group === b.group ? a.ordinal - b.ordinal : a.group < b.group ? -1 : 1))
  return { cluster, objects, members }
}

/** Who is active knows best: a standby that hears nothing does not know what it lacks. */
function isBehind({ name, group }: SeenMember, members: readonly SeenMember[]): boolean {
  const active = findActive(members.filter((member) => member.group === group))
  return active?.snapshot?.replication?.members?.some((copy) => copy.name === name && !copy.inSync) === true
}

export const membersOf = ({ members }: Observation, group: string): SeenMember[] =>
  members.filter((member) => member.group === group)

async function observeMember(pod: Pod, brokerAdmin: BrokerAdmin): Promise<SeenMember> {
  const { name, deletionTimestamp } = pod.metadata
  const running = brokerStatus(pod)?.state?.running !== undefined
  const terminating = deletionTimestamp !== undefined
  const snapshot = running ? await askBroker(pod, brokerAdmin) : undefined
  const refusal = snapshot?.store.refusal ?? undefined
  return {
    name,
    ordinal: ordinalOf(name),
    group: pod.metadata.labels?.[labels.group] ?? '',
    revision: pod.metadata.annotations?.[annotations.revision],
    terminating,
    // Whatever it says of itself: who refuses the store, or cannot even try for its lock, will not take over.
    ready: refusal === undefined && troubleOf(snapshot) === undefined && conditionStatus(pod, 'Ready') === 'True',
    running,
    role: refusal === undefined ? (snapshot?.role ?? roleWithoutAnswer(running, terminating)) : 'Starting',
    term: snapshot?.term ?? undefined,
    inSync: snapshot?.replication?.inSync ?? true,
    failure: failureOf(pod),
    pod,
    snapshot,
    refusal,
    hasEnded: hasEnded(pod),
  }
}

/** Why it cannot even try for the lock. Who is active has it, whatever was before. */
export const troubleOf = (snapshot: MemberSnapshot | undefined): string | undefined =>
  snapshot && snapshot.role !== 'Active'
    ? (snapshot.lock.trouble ?? snapshot.replication?.trouble?.reason ?? undefined)
    : undefined

const roleWithoutAnswer = (running: boolean, terminating: boolean): MemberRole => {
  if (running) return 'Unknown'
  return terminating ? 'Stopping' : 'Starting'
}

/** A broker that does not answer is a fact about the broker, not a failure of looking. */
async function askBroker(pod: Pod, brokerAdmin: BrokerAdmin): Promise<MemberSnapshot | undefined> {
  const { name, namespace = '' } = pod.metadata
  const podIP = pod.status?.podIP
  if (podIP === undefined) return undefined
  try {
    const snapshot = await brokerAdmin.snapshot({ namespace, name, podIP, adminPort: adminPort })
    // Addresses are used again: an answer of somebody else is no answer.
    return snapshot.member === name ? snapshot : undefined
  } catch {
    return undefined
  }
}

export const brokerStatus = (pod: Pod): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === brokerContainer)

function hasEnded(pod: Pod): boolean {
  const status = brokerStatus(pod)
  return (status?.restartCount ?? 0) > 0 || status?.state?.terminated !== undefined
}

const conditionStatus = (pod: Pod, type: string): string | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type)?.status

const failureReasons: Readonly<Record<string, MemberFailure['reason']>> = {
  ErrImagePull: 'ImagePullFailed',
  ImagePullBackOff: 'ImagePullFailed',
  ErrImageNeverPull: 'ImagePullFailed',
  InvalidImageName: 'ImagePullFailed',
  CrashLoopBackOff: 'CrashLooping',
  CreateContainerConfigError: 'ConfigurationFailed',
  CreateContainerError: 'ConfigurationFailed',
  RunContainerError: 'ConfigurationFailed',
}

function failureOf(pod: Pod): MemberFailure | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return { reason: 'Unschedulable', message: scheduled.message ?? '' }
  const waiting = brokerStatus(pod)?.state?.waiting
  const reason = failureReasons[waiting?.reason ?? '']
  return reason && { reason, message: waiting?.message ?? waiting?.reason ?? '' }
}

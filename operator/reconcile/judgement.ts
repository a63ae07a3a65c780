// What one look at a cluster came to: the input of status and conditions. Values only.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import type { SpecProblem } from '../api/validate.ts'
import type { RolloutStatus } from '../api/status-schema.ts'
import type { ClusterPlan } from '../topology/plan.ts'
import type { DrainHold } from '../topology/drain-step.ts'
import type { LeavingGroup } from './drains.ts'
import type { Observation, SeenMember } from './observe.ts'
import type { StorageState } from './storage-state.ts'

export interface Judgement {
  readonly cluster: BrokerCluster
  readonly observation: Observation
  /** Undefined when the spec has problems that forbid planning. */
  readonly plan: ClusterPlan | undefined
  readonly problems: readonly SpecProblem[]
  /** Objects are written, as planned. */
  readonly acts: boolean
  /** The spec is good, but what there is cannot become it. */
  readonly unsupportedChange: boolean
  readonly storage: StorageState | undefined
  readonly rollout: RolloutStatus
  /** What the rollout does or waits for; empty when idle. */
  readonly rolloutMessage: string
  /** Why there are still more members than wanted; undefined when there are not. */
  readonly shrinking: string | undefined
  /** Groups that are there and not planned. */
  readonly leaving: readonly LeavingGroup[]
  /** By group: why its broker does not drain as it was told. */
  readonly drainsRefused: ReadonlyMap<string, DrainHold>
  readonly paused: boolean
  /** What went wrong while acting. */
  readonly failure: unknown
  readonly nowMs: number
}

export interface GroupView {
  readonly name: string
  /** How many there are to be. */
  readonly replicas: number
  readonly members: readonly SeenMember[]
  readonly revision: string
}

/** The groups that are planned; without a plan, those that the status spoke of last. */
export function groupViews({ plan, cluster, observation }: Judgement): GroupView[] {
  const groups = plan?.groups ?? cluster.status?.groups ?? []
  return groups.map(({ name, replicas, revision }) => ({
    name,
    replicas,
    revision,
    members: observation.members.filter((member) => member.group === name),
  }))
}

export const formatTime = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`

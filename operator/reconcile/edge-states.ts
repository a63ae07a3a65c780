// What has become of each edge: what the active of the group that dials says of its bridge. Pure.
//
// A bridge that cannot be built is tried again and again, and what it says of that changes each time. So that the status is
// not written each time, an edge that is Down stays so until it is connected, and so does the reason that was given first.
import { maxNameLength } from '../api/limits.ts'
import type { EdgeStatus } from '../api/status-schema.ts'
import type { MemberBridge } from '../broker-admin/broker-admin.ts'
import { findActive } from '../topology/observed-member.ts'
import type { EdgePlan } from '../topology/plan.ts'
import { formatTime, type Judgement } from './judgement.ts'
import { maxEdgeReasonLength } from './limits.ts'
import { membersOf, type Observation, type SeenMember } from './observe.ts'

type Look = Pick<EdgeStatus, 'state' | 'reason' | 'remote'>

/** Without a plan as they were said to be last. */
export function edgeStates({ cluster, plan, observation, nowMs }: Judgement): EdgeStatus[] {
  const before = cluster.status?.edges ?? []
  if (!plan) return before
  return plan.edges.map((edge) => {
    const previous = before.find(({ name, from, to }) => name === edge.name && from === edge.from && to === edge.to)
    const look = settle(lookAt(edge, observation), previous, edge)
    const since = previous?.state === look.state ? previous.lastTransitionTime : formatTime(nowMs)
    return { name: edge.name, from: edge.from, to: edge.to, ...look, lastTransitionTime: since }
  })
}

function lookAt(edge: EdgePlan, observation: Observation): Look {
  const members = membersOf(observation, edge.from)
  const active = findActive(members)
  if (!active) {
    const cannotBeAsked = members.some(({ ready, role }) => ready && role === 'Unknown')
    return cannotBeAsked ? { state: 'Unknown' } : { state: 'Down', reason: withoutActive(edge) }
  }
  const bridges = active.snapshot?.networkBridges
  if (!bridges) return { state: 'Unknown' }
  const bridge = bestOf(bridges.filter(({ connector, accepted }) => connector === edge.name && !accepted))
  if (!bridge) return { state: 'Connecting', reason: notThereYet }
  if (bridge.state === 'Connected') return { state: 'Connected', ...remoteOf(bridge, membersOf(observation, edge.to)) }
  const reason = bridge.reason?.slice(0, maxEdgeReasonLength)
  return { state: bridge.state === 'Connecting' ? 'Connecting' : 'Down', ...(reason && { reason }) }
}

/** A connector that finds each member by itself has a bridge for each, and standbys take none. */
function bestOf(bridges: readonly MemberBridge[]): MemberBridge | undefined {
  const inState = (wanted: string) => bridges.find(({ state }) => state === wanted)
  return inState('Connected') ?? inState('Connecting') ?? inState('Down') ?? bridges[0]
}

function settle(look: Look, previous: EdgeStatus | undefined, edge: EdgePlan): Look {
  const isOurs = (reason: string | undefined) => reason === notThereYet || reason === withoutActive(edge)
  if (!previous || look.state === 'Connected' || isOurs(look.reason) || isOurs(previous.reason)) return look
  const isRetry = look.state === 'Connecting' && previous.state === 'Down'
  if (look.state !== previous.state && !isRetry) return look
  const reason = previous.reason ?? look.reason
  return { state: previous.state, ...(reason !== undefined && { reason }) }
}

const notThereYet = 'The active member has no such connector yet'
const withoutActive = ({ from }: EdgePlan): string => `Group ${from} has no active member`

/** The pod, by its address or its name; a broker that is found elsewhere, by the name that it gave. */
function remoteOf(
  { remoteAddress, remoteBrokerName }: MemberBridge,
  members: readonly SeenMember[],
): Pick<Look, 'remote'> {
  const [, host] = /^[a-z+]+:\/\/\[?([^/\]]+?)\]?:\d+/.exec(remoteAddress ?? '') ?? []
  const member = members.find(
    ({ name, pod }) => host !== undefined && (pod.status?.podIP === host || host.split('.', 1)[0] === name),
  )
  const remote = member?.name ?? remoteBrokerName?.slice(0, maxNameLength)
  return remote === undefined ? {} : { remote }
}

/** Edges over which nothing goes, or of which that is not known. */
export interface EdgeTrouble {
  readonly status: 'False' | 'Unknown'
  readonly message: string
}

export function findEdgeTrouble(edges: readonly EdgeStatus[]): EdgeTrouble | undefined {
  const down = edges.filter(({ state }) => state === 'Down' || state === 'Connecting')
  const troubled = down.length > 0 ? down : edges.filter(({ state }) => state === 'Unknown')
  const [first, ...others] = troubled
  if (!first) return undefined
  const why = first.reason === undefined ? '' : `: ${first.reason}`
  const more = others.length === 0 ? '' : `; not connected either: ${others.map(({ name }) => name).join(', ')}`
  return {
    status: down.length > 0 ? 'False' : 'Unknown',
    message: `Edge ${first.name} from ${first.from} to ${first.to} is ${first.state}${why}${more}`,
  }
}

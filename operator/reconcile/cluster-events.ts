// What is worth an Event for whoever runs `kubectl describe`: found by holding the new status against the old one, so
// that an operator that starts anew does not tell everything again. Pure.
import type { BrokerCluster } from '../api/broker-cluster.ts'
import type { BrokerClusterStatus } from '../api/status-schema.ts'
import type { RemovalReason } from '../topology/drain-step.ts'
import type { DeleteReason } from '../topology/rollout-step.ts'

export interface ClusterEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/** Of `cluster`, whose status is the old one. */
export function statusEvents(
  { metadata, spec, status: before }: BrokerCluster,
  after: BrokerClusterStatus,
): ClusterEvent[] {
  const events: ClusterEvent[] = []
  const normal = (reason: string, note: string) => events.push({ type: 'Normal', reason, note })
  const warning = (reason: string, note: string) => events.push({ type: 'Warning', reason, note })
  if (before?.observedGeneration === undefined) {
    normal('Created', `Creates the members of ${metadata.name}`)
    const groups = spec.groups ?? (spec.groupTemplate ? [spec.groupTemplate] : [])
    if (groups.some(({ storage }) => storage?.type === 'None'))
      warning('StorageLess', 'Without a store, a persistent message is in memory only and is lost with its member')
  }
  for (const group of after.groups ?? []) {
    const old = before?.groups?.find(({ name }) => name === group.name)
    const { lastFailover } = group
    if (lastFailover && JSON.stringify(lastFailover) !== JSON.stringify(old?.lastFailover))
      normal(
        'FailoverCompleted',
        `Group ${group.name}: ${lastFailover.to} took over from ${lastFailover.from} (${lastFailover.reason})`,
      )
    // A hand-over is between two actives on purpose.
    if (old?.active && !group.active && after.rollout?.state !== 'HandingOver')
      warning('GroupWithoutActive', `Group ${group.name}: ${old.active} is no longer active`)
  }
  const [oldNetwork, newNetwork] = [before, after].map((status) =>
    status?.conditions?.find(({ type }) => type === 'NetworkConnected'),
  )
  if (oldNetwork?.status === 'True' && newNetwork?.status === 'False') warning('EdgeDown', newNetwork.message)
  if (oldNetwork?.status === 'False' && newNetwork?.reason === 'AllEdgesConnected')
    normal('NetworkConnected', newNetwork.message)
  const [oldPending, newPending] = [before?.rollout?.pending ?? [], after.rollout?.pending ?? []]
  if (oldPending.length === 0 && newPending.length > 0)
    normal('RolloutStarted', `To be updated: ${newPending.join(', ')}`)
  if (oldPending.length > 0 && newPending.length === 0)
    normal('RolloutCompleted', 'All members have the current revision')
  events.push(...drainEvents(before, after))
  const [oldOffer, newOffer] = [before, after].map((status) =>
    status?.conditions?.find(({ type }) => type === 'UpdateAvailable'),
  )
  if (newOffer && newOffer.message !== oldOffer?.message) normal('UpdateAvailable', newOffer.message)
  for (const [type, reason] of [
    ['SpecValid', 'SpecInvalid'],
    ['StorageReady', 'StorageNotReady'],
    ['Stalled', 'Stalled'],
  ] as const) {
    const bad = (condition: { status: string } | undefined) =>
      condition?.status === (type === 'Stalled' ? 'True' : 'False')
    const now = after.conditions?.find((condition) => condition.type === type)
    const then = before?.conditions?.find((condition) => condition.type === type)
    const waiting =
      now?.reason === 'VolumePending' || now?.reason === 'ClaimMissing' || now?.reason === 'ResizeInProgress'
    // These have an Event of their own.
    if (type === 'Stalled' && (now?.reason === 'SpecInvalid' || now?.reason === 'DrainTimedOut')) continue
    if (now && bad(now) && !waiting && (!bad(then) || then?.reason !== now.reason)) warning(reason, now.message)
  }
  return events
}

/** What is told while a group leaves; how it ends is `leavingEvent` or `abortEvent`. */
function drainEvents(before: BrokerClusterStatus | undefined, after: BrokerClusterStatus): ClusterEvent[] {
  const began = (after.drains ?? []).filter(({ group }) => !before?.drains?.some((old) => old.group === group))
  const events: ClusterEvent[] = began.map(({ group }) => ({
    type: 'Normal',
    reason: 'DrainStarted',
    note: `Group ${group} is no longer wanted: it forwards its messages before it goes`,
  }))
  const [then, now] = [before, after].map((status) => status?.conditions?.find(({ type }) => type === 'Draining'))
  if (now?.reason === 'DrainTimedOut' && then?.reason !== 'DrainTimedOut')
    events.push({ type: 'Warning', reason: 'DrainTimedOut', note: now.message })
  return events
}

export function deleteEvent(member: string, reason: DeleteReason): ClusterEvent {
  if (reason === 'HandOver')
    return { type: 'Normal', reason: 'HandoverStarted', note: `${member} hands over to a standby` }
  const notes: Record<Exclude<DeleteReason, 'HandOver'>, string> = {
    StandbyOutdated: `Restarts standby ${member} with the new revision`,
    OnlyMember: `Restarts ${member} with the new revision; its group has no other member`,
    Broken: `Replaces ${member}, which does not serve`,
  }
  return { type: 'Normal', reason: 'MemberUpdated', note: notes[reason] }
}

interface Departure {
  readonly group: string
  readonly statefulSet: string
  readonly because: RemovalReason
  /** What it had left, as far as that is known. */
  readonly drain:
    | { readonly messagesRemaining?: number | undefined; readonly messagesOfSubscriptions?: number | undefined }
    | undefined
  /** Claims that stay, whatever their policy says. */
  readonly kept: readonly string[]
  /** StorePlan.note. */
  readonly store: string | undefined
}

/** Of a group that the spec has no more. */
export function leavingEvent({ group, statefulSet, because, drain, kept, store }: Departure): ClusterEvent {
  const hasDatabase = /^JDBC\b/.test(store ?? '')
  switch (because) {
    case 'Skipped':
      return {
        type: 'Warning',
        reason: 'GroupRemoved',
        note: `${statefulSet} leaves the cluster: messages that it still has stay ${hasDatabase ? 'in its database' : 'on its claim, if that is kept,'} until the group comes back`,
      }
    case 'NothingThere':
      return {
        type: 'Normal',
        reason: 'GroupRemoved',
        note: `${statefulSet} leaves the cluster: it had no messages yet`,
      }
    case 'Drained':
      return { type: 'Normal', reason: 'DrainCompleted', note: `Group ${group} is empty, and leaves the cluster` }
    case 'TimedOut': {
      const { messagesRemaining: queued, messagesOfSubscriptions: subscribed = 0 } = drain ?? {}
      const count = queued === undefined ? 'an unknown number of' : queued + subscribed
      const claims = kept.length === 0 ? 'its claim' : `claim ${kept.join(', ')}`
      const where = hasDatabase ? 'in its database' : `on ${claims}, which is kept,`
      const fate = store === 'None' ? 'are lost: it has no store' : `stay ${where} until the group comes back`
      return {
        type: 'Warning',
        reason: 'DrainTimedOut',
        note: `Group ${group} leaves the cluster after spec.scaleDown.timeout with ${count} messages left, which ${fate}`,
      }
    }
  }
}

/** Of a group that drained when the spec had it again. */
export const abortEvent = (group: string): ClusterEvent => ({
  type: 'Normal',
  reason: 'DrainAborted',
  note: `Group ${group} is wanted again, and takes part`,
})

export function scaleEvent(group: string, from: number, to: number): ClusterEvent {
  return {
    type: 'Normal',
    reason: to > from ? 'ScaleUp' : 'ScaleDown',
    note: `Group ${group}: from ${from} to ${to} members`,
  }
}

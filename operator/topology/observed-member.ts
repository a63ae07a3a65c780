// A member as it was seen: its pod and what its broker says. The words that rollout and status decide by.

export type MemberRole = 'Active' | 'Standby' | 'Starting' | 'Stopping' | 'Unknown'

export interface MemberFailure {
  readonly reason: 'ImagePullFailed' | 'Unschedulable' | 'CrashLooping' | 'ConfigurationFailed'
  /** As the kubelet or the scheduler put it. */
  readonly message: string
}

export interface ObservedMember {
  /** Name of the pod. */
  readonly name: string
  readonly ordinal: number
  /** Of the pod; undefined when it has none. */
  readonly revision: string | undefined
  /** The pod is being deleted. */
  readonly terminating: boolean
  /** The pod is Ready: healthy in its role. */
  readonly ready: boolean
  /** The container of the broker runs. */
  readonly running: boolean
  /** As the broker reports it; Unknown when it cannot be asked. */
  readonly role: MemberRole
  /** The term it is active in. */
  readonly term: number | undefined
  /** Of members with a copy each: it has what the active has, as far as both know. true where there are no copies. */
  readonly inSync: boolean
  readonly failure: MemberFailure | undefined
}

/** Whoever has the highest term of those that say that they are active: the others have been fenced off the store. */
export function findActive<T extends ObservedMember>(members: readonly T[]): T | undefined {
  let active: T | undefined
  for (const member of members)
    if (member.role === 'Active' && (!active || (member.term ?? 0) > (active.term ?? 0))) active = member
  return active
}

export const countActives = (members: readonly ObservedMember[]): number =>
  members.filter(({ role }) => role === 'Active').length

/** Would take over at once. */
export const isProvenStandby = ({ ready, terminating, role, inSync }: ObservedMember): boolean =>
  ready && inSync && !terminating && role === 'Standby'

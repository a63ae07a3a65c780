// How many members the StatefulSet of a group is to have next. Growing is done at once. Shrinking takes the member
// with the highest ordinal, one at a time, because that is the one that a StatefulSet lets go; if it is the active,
// then only when one that stays is ready to take over: its pod ends in order, which frees the lock at once.
import { findActive, isProvenStandby, type ObservedMember } from './observed-member.ts'

interface ScaleInput {
  /** Wanted. */
  readonly replicas: number
  /** What the StatefulSet has; undefined when there is none yet. */
  readonly current: number | undefined
  readonly members: readonly ObservedMember[]
}

export interface ScaleStep {
  /** For the StatefulSet. */
  readonly replicas: number
  /** The active member that hands over by leaving. */
  readonly handsOver?: string
  /** Why it does not shrink now, although it should. */
  readonly waitsFor?: string
}

export function planScaleStep({ replicas, current, members }: ScaleInput): ScaleStep {
  if (current === undefined || current <= replicas) return { replicas }
  const keep = (waitsFor: string): ScaleStep => ({ replicas: current, waitsFor })
  const top = members.find(({ ordinal }) => ordinal === current - 1)
  const leaving = members.find(({ terminating }) => terminating)
  if (leaving) return keep(`${leaving.name} to stop`)
  if (!top?.running) return { replicas: current - 1 }
  const active = findActive(members)
  if (!active) return keep('a member to be active')
  if (active !== top) return { replicas: current - 1 }
  if (!members.some((member) => member.ordinal < replicas && isProvenStandby(member)))
    return keep(`a member that stays to be ready to take over from ${top.name}, which is active`)
  return { replicas: current - 1, handsOver: top.name }
}

// What an active makes of the segments of a member that it attaches: what is the same stays, what another active wrote goes.
import type { SegmentRef } from './position.ts'

export interface TrimPlan {
  /** Those that go on where the active's does not: their new lengths. */
  readonly cut: readonly { readonly number: number; readonly length: number }[]
  /** Those that are others under a number that the active uses, or will use. Descending: what is left when a crash comes between has no gap. */
  readonly drop: readonly number[]
  /** Those that the active does not have (any more), under numbers that are never used again: removed once the member has the rest. */
  readonly late: readonly number[]
  /** Of those that stay: how much of each is what the active has. */
  readonly kept: ReadonlyMap<number, number>
}

/** `active`: all that counts there, ascending. */
export function trimPlan(active: readonly SegmentRef[], member: readonly SegmentRef[]): TrimPlan {
  const lastNumber = active.at(-1)?.number ?? 0
  const known = new Map(active.map((segment) => [segment.number, segment]))
  const cut: { number: number; length: number }[] = []
  const drop: number[] = []
  const late: number[] = []
  const kept = new Map<number, number>()
  for (const { number, term, salt, length } of member) {
    const same = known.get(number)
    if (same && same.term === term && same.salt === salt && Math.min(length, same.length) > 0) {
      kept.set(number, Math.min(length, same.length))
      if (length > same.length) cut.push({ number, length: same.length })
    } else if (same || number > lastNumber) drop.unshift(number)
    else late.push(number)
  }
  return { cut, drop, late, kept }
}

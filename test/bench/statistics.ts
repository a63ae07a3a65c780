// Figures of several runs, reduced to what the table shows.

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The value below which that share of the ascending values lies; 0 of none. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * share) - 1)] ?? 0
}

/** Undefined of no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const ascending = [...values].sort((a, b) => a - b)
  const middle = Math.floor(ascending.length / 2)
  const median = ascending.length % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2
  return { median, min: ascending[0]!, max: ascending.at(-1)! }
}

/** Ours divided by theirs: medians, and the extremes that the runs allow. */
export function ratioOf(ours: Spread, theirs: Spread): Spread {
  return { median: ours.median / theirs.median, min: ours.min / theirs.max, max: ours.max / theirs.min }
}

// How long a client waited, of the times at which its sends were answered. Pure.

export interface TakeoverFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/**
 * The longest time without an answer after `fromMs`, when the fault began, or had been mended; what was without an answer before
 * counts from then on. undefined: nothing has been answered since.
 */
export function longestWait(answersMs: readonly number[], fromMs: number): number | undefined {
  let longest: number | undefined
  let before = fromMs
  for (const answer of answersMs) {
    if (answer <= fromMs) continue
    longest = Math.max(longest ?? 0, answer - before)
    before = answer
  }
  return longest
}

export function takeoverFigures(waits: readonly number[]): TakeoverFigures {
  const sorted = [...waits].sort((one, other) => one - other)
  const at = (part: number): number => Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? 0)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

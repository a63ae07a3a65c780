// Exponential back-off with jitter: a pure function of the number of failures in a row.
import type { Random } from '../../broker/base/random.ts'

interface BackoffLimits {
  readonly baseMs: number
  readonly maxMs: number
}

/** `baseMs` after the first failure, doubled for each further one up to `maxMs`; then between 75 % and 100 % of it by chance. */
export function backoffMs(failures: number, limits: BackoffLimits, random: Random): number {
  const fullMs = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.min(failures - 1, 40))
  return fullMs * (0.75 + 0.25 * random.next())
}

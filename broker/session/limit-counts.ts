// How often each limit has stopped a client: for the metric `flotilla_limit_reached_total`, and for a log line per limit
// that comes once in a while however often the limit is reached, because a stranger must not fill the disk with our log.
import type { Clock, Timer } from '../base/clock.ts'
import type { LogFields, Logger } from '../base/logger.ts'
import { limitLogPeriodMs } from './limits.ts'

interface Quiet {
  sinceLog: number
  readonly timer: Timer
}

export class LimitCounts {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #totals = new Map<string, number>()
  readonly #quiet = new Map<string, Quiet>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** By name of the limit; names are those of the limits.ts files. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals
  }

  /** `limit` is a name from a limits.ts, never text of a client: each one is kept for ever. */
  reached(limit: string, fields: LogFields): void {
    this.count(limit)
    const quiet = this.#quiet.get(limit)
    if (quiet) quiet.sinceLog++
    else this.#log(limit, 1, fields)
  }

  /** Without a line: for what also happens when the machine is busy. */
  count(limit: string): void {
    this.#totals.set(limit, (this.#totals.get(limit) ?? 0) + 1)
  }

  #log(limit: string, times: number, fields: LogFields): void {
    this.#logger.warn('A client reached a limit', { limit, times, ...fields })
    const timer = this.#clock.after(limitLogPeriodMs, () => this.#speakAgain(limit))
    this.#quiet.set(limit, { sinceLog: 0, timer })
  }

  #speakAgain(limit: string): void {
    const sinceLog = this.#quiet.get(limit)?.sinceLog ?? 0
    this.#quiet.delete(limit)
    if (sinceLog > 0) this.#log(limit, sinceLog, {})
  }
}

// A logger for what clients cause: of each message a burst is written, then only how many were left out, because strangers
// must not fill the disk with our log. Messages are constant text, so there are few of them. Debug entries pass: whoever
// switches them on wants them all.
import type { Clock } from './clock.ts'
import type { LogFields, Logger } from './logger.ts'

type Level = 'info' | 'warn' | 'error'

export interface BurstLimits {
  /** Entries of one message in one period. */
  readonly entries: number
  readonly periodMs: number
}

interface Burst {
  written: number
  leftOut: number
}

/** What a logger and its children share. */
interface Shared {
  readonly root: Logger
  readonly clock: Clock
  readonly limits: BurstLimits
  readonly bursts: Map<string, Burst>
}

export class BurstLogger implements Logger {
  readonly #logger: Logger
  readonly #shared: Shared

  static over(logger: Logger, clock: Clock, limits: BurstLimits): BurstLogger {
    return new BurstLogger(logger, { root: logger, clock, limits, bursts: new Map() })
  }

  private constructor(logger: Logger, shared: Shared) {
    this.#logger = logger
    this.#shared = shared
  }

  debug(message: string, fields?: LogFields): void {
    this.#logger.debug(message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields)
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields)
  }

  child(fields: LogFields): Logger {
    return new BurstLogger(this.#logger.child(fields), this.#shared)
  }

  #log(level: Level, message: string, fields?: LogFields): void {
    const { bursts, limits } = this.#shared
    const burst = bursts.get(message) ?? this.#begin(level, message)
    if (burst.written++ < limits.entries) this.#logger[level](message, fields)
    else burst.leftOut++
  }

  #begin(level: Level, message: string): Burst {
    const { bursts, clock, limits, root } = this.#shared
    const burst = { written: 0, leftOut: 0 }
    bursts.set(message, burst)
    clock.after(limits.periodMs, () => {
      bursts.delete(message)
      if (burst.leftOut > 0) root[level](message, { leftOut: burst.leftOut, periodMs: limits.periodMs })
    })
    return burst
  }
}

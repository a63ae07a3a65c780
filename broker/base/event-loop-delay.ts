// How late the event loop comes to its work. Node measures the time between two ticks of a timer, which is its period when
// nothing is late: that is taken off here.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const periodMs = 100

/** What is needed of Node's IntervalHistogram; nanoseconds. */
export interface IntervalHistogram {
  readonly max: number
  enable(): void
  disable(): void
  reset(): void
}

export class EventLoopDelay {
  readonly #intervals: IntervalHistogram

  constructor(intervals: IntervalHistogram = monitorEventLoopDelay({ resolution: periodMs })) {
    this.#intervals = intervals
  }

  start(): void {
    this.#intervals.enable()
  }

  stop(): void {
    this.#intervals.disable()
  }

  /** The largest since the last call, in milliseconds. */
  takeLargestMs(): number {
    const largest = this.#intervals.max / 1e6
    this.#intervals.reset()
    return Math.max(0, largest - periodMs)
  }
}

// When a container that ended may start again: as soon as that is noticed the first time, then after 10 s, 20 s, … 5 min
// from its end; forgotten when it ran for ten minutes. Kubernetes' rule.
import { firstRestartBackOffMs, longestRestartBackOffMs, restartBackOffResetMs } from './limits.ts'

export class RestartBackOff {
  #pauseMs = 0
  #startedMs = 0

  /** The pause after an end at `endedMs`, and notes that the container will be started when it is over. */
  nextPauseMs(endedMs: number): number {
    if (endedMs - this.#startedMs > restartBackOffResetMs) this.#pauseMs = 0
    const pauseMs = this.#pauseMs
    this.#pauseMs = pauseMs === 0 ? firstRestartBackOffMs : Math.min(pauseMs * 2, longestRestartBackOffMs)
    this.#startedMs = endedMs + pauseMs
    return pauseMs
  }
}

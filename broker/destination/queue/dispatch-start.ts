// Holds back what a queue has when its first consumer comes, until others have come too: so that the groups of messages, and
// the messages themselves, are shared out among all of them from the beginning (ActiveMQ: Queue.iterate,
// consumersBeforeDispatchStarts and timeBeforeDispatchStarts). It begins anew when they have all gone.
import type { Clock, Timer } from '../../base/clock.ts'
import { destinationLimits } from '../limits.ts'
import type { DispatchPolicy } from './dispatch-policy.ts'

export class DispatchStart {
  readonly #policy: DispatchPolicy
  readonly #clock: Clock
  readonly #start: () => void
  #timer: Timer | null = null

  /** `start` is called when the time is over; null when nothing is ever held back. */
  static of(policy: DispatchPolicy, clock: Clock, start: () => void): DispatchStart | null {
    const { consumersBeforeDispatchStarts, timeBeforeDispatchStartsMs } = policy
    return consumersBeforeDispatchStarts > 1 || timeBeforeDispatchStartsMs > 0
      ? new DispatchStart(policy, clock, start)
      : null
  }

  private constructor(policy: DispatchPolicy, clock: Clock, start: () => void) {
    this.#policy = policy
    this.#clock = clock
    this.#start = start
  }

  get isHeldBack(): boolean {
    return this.#timer !== null
  }

  /** One came; with it there are `consumers`. `drains`: it takes everything, and no others come. */
  came(consumers: number, drains: boolean): void {
    if (drains) return this.end()
    const { consumersBeforeDispatchStarts: wanted, timeBeforeDispatchStartsMs: timeMs } = this.#policy
    if (wanted > 0 && consumers >= wanted) return this.end()
    if (consumers > 1) return
    const delayMs = timeMs > 0 ? Math.min(timeMs, destinationLimits.longestTimerMs) : destinationLimits.dispatchStartsMs
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = null
      this.#start()
    })
  }

  /** All have come, or nobody is left. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}

// What a standby does between two attempts to have the lock: it waits for the usual interval, and watches the holder meanwhile. Once that has
// ended it tries at once, and for a moment again and again: whoever waits warm should have the lock before the old holder is back.
import type { Clock } from '../base/clock.ts'
import { HolderWatch, type OpenWatch } from './holder-watch.ts'
import { lockLimits } from './limits.ts'
import type { LockHolder } from './lock.ts'

export interface AttemptPausesOptions {
  /** Name of this member. */
  readonly member: string
  readonly clock: Clock
  /** How the end of the holder is waited for; not at all if not given. */
  readonly openWatch?: OpenWatch | undefined
}

export class AttemptPauses {
  readonly #clock: Clock
  readonly #watch: HolderWatch | undefined
  #wake: () => void = () => {}
  #hurriedAttempts = 0

  constructor({ member, clock, openWatch }: AttemptPausesOptions) {
    this.#clock = clock
    this.#watch = openWatch && new HolderWatch(member, openWatch, () => this.#hurry())
  }

  /** Watches who has the lock, from now on until `stop`. */
  follow(holder: LockHolder | undefined): void {
    this.#watch?.follow(holder)
  }

  stop(): void {
    this.#watch?.stop()
  }

  /** Ends the pause. */
  tryNow(): void {
    this.#wake()
  }

  /** Resolves after `delayMs`, and sooner when there is a reason to try or `signal` aborts. */
  async pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#wake = wake
    const timer = this.#clock.after(this.#hurried(delayMs), wake)
    signal.addEventListener('abort', wake)
    await promise
    timer.cancel()
    // It is the same signal for days.
    signal.removeEventListener('abort', wake)
  }

  #hurry(): void {
    this.#hurriedAttempts = lockLimits.hurriedAttempts
    this.#wake()
  }

  #hurried(delayMs: number): number {
    if (this.#hurriedAttempts === 0) return delayMs
    this.#hurriedAttempts--
    return Math.min(lockLimits.hurriedIntervalMs, delayMs)
  }
}

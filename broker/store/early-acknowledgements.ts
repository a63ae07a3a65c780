// Whether consumers lately acknowledged faster than the disk writes. While they do, the write of what they were given is
// put off for a moment: what is acknowledged within it need not be written. While they do not, nothing is put off.
//
// Known from what was spared, from what was put off in vain, and, while nothing is put off, from one message at a time whose
// acknowledgement is timed.
import type { Clock } from '../base/clock.ts'
import { storeLimits } from './limits.ts'
import type { Sequence } from './held-message.ts'

export class EarlyAcknowledgements {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** One for each early acknowledgement. */
  #points = 0
  #timed: { readonly sequence: Sequence; readonly sinceMs: number } | undefined

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  get expected(): boolean {
    return this.#points >= storeLimits.enoughEarlyAcknowledgements
  }

  /** A message was given to its consumer. */
  dispatched(sequence: Sequence, nowMs: number): void {
    if (this.#timed && nowMs - this.#timed.sinceMs <= storeLimits.timedAcknowledgementMs) return
    if (this.#timed) this.#points = 0
    this.#timed = { sequence, sinceMs: nowMs }
  }

  /** It was acknowledged; `spared`: before its write. */
  acknowledged(sequence: Sequence, spared: boolean): void {
    const isTimed = this.#timed?.sequence === sequence
    if (!isTimed && !spared) return
    const early = spared || this.#clock.monotonicMs() - this.#timed!.sinceMs <= storeLimits.earlyAcknowledgementMs
    if (isTimed) this.#timed = undefined
    this.#points = early ? Math.min(storeLimits.mostEarlyAcknowledgements, this.#points + 1) : 0
  }

  waitedInVain(): void {
    this.#points >>= 1
  }
}

// The one message that a consumer with prefetch 0 has asked for, until it gets it, or is told that there is none.
import type { Clock, Timer } from '../../base/clock.ts'

export class PullRequest {
  readonly #clock: Clock
  /** Tells the client that nothing came. */
  readonly #answerNothing: () => void
  /** Kept, because it is asked for with every message. */
  isOpen = false
  #atOnce = false
  #timer: Timer | null = null

  constructor(clock: Clock, answerNothing: () => void) {
    this.#clock = clock
    this.#answerNothing = answerNothing
  }

  /** True when it will not wait for messages that are not there yet. */
  get wantsAnswerAtOnce(): boolean {
    return this.isOpen && this.#atOnce
  }

  /** Takes the place of an earlier one. `timeoutMs` 0 = waits for ever, less = not at all. */
  open(timeoutMs: number): void {
    this.end()
    this.isOpen = true
    this.#atOnce = timeoutMs < 0
  }

  /** What could be had at once was not there. */
  wait(timeoutMs: number): void {
    if (timeoutMs > 0) this.#timer = this.#clock.after(timeoutMs, () => this.answerNothing())
  }

  answerNothing(): void {
    this.end()
    this.#answerNothing()
  }

  /** It got its message, or nobody wants one any more. */
  end(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.isOpen = false
    this.#atOnce = false
  }
}

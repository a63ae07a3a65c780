// Messages that consumers have already, and whose writes are put off: until the next write begins, and where consumers lately
// acknowledged faster than the disk writes (early-acknowledgements.ts) for a moment. What is acknowledged meanwhile is spared.
import type { Clock, Timer } from '../base/clock.ts'
import type { AddedMessage, Sequence } from './held-message.ts'
import { storeLimits } from './limits.ts'
import { EarlyAcknowledgements } from './early-acknowledgements.ts'
import { UnwrittenMessages, type Unwritten } from './unwritten-messages.ts'

export interface PutOffWritesOptions {
  readonly clock: Clock
  readonly write: (sequence: Sequence, message: AddedMessage, settled: () => void) => void
  /** The next write is wanted, and has to take these along (`writeOut`). */
  readonly requestWrite: () => void
}

export class PutOffWrites {
  readonly #options: PutOffWritesOptions
  readonly #unwritten = new UnwrittenMessages()
  readonly #early: EarlyAcknowledgements
  #timer: Timer | undefined

  constructor(options: PutOffWritesOptions) {
    this.#options = options
    this.#early = new EarlyAcknowledgements(options.clock)
  }

  has(sequence: Sequence): boolean {
    return this.#unwritten.has(sequence)
  }

  add(message: AddedMessage, sequence: Sequence, settled: () => void): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#unwritten.add(sequence, message, settled, nowMs)
    this.#early.dispatched(sequence, nowMs)
    if (this.#early.expected) this.#startTimer(storeLimits.earlyAcknowledgementMs)
    else this.#options.requestWrite()
  }

  /** Takes out a message that was acknowledged and need not be written any more; undefined when it has to be. */
  spare(sequence: Sequence): Unwritten | undefined {
    const spared = this.#unwritten.takeOnlyOf(sequence)
    if (!spared) return undefined
    this.#early.acknowledged(sequence, true)
    if (this.#unwritten.size === 0) this.#endTimer()
    return spared
  }

  /** Acknowledged, too late to be spared. */
  acknowledged(sequence: Sequence): void {
    this.#early.acknowledged(sequence, false)
  }

  /** Writes all, in order. */
  writeOut(): void {
    this.#endTimer()
    this.#unwritten.takeAll(this.#options.write)
  }

  /** Until the oldest message has waited for `delayMs`, or is acknowledged. */
  #startTimer(delayMs: number): void {
    const { clock, requestWrite } = this.#options
    this.#timer ??= clock.after(delayMs, () => {
      this.#timer = undefined
      const { sinceMs } = this.#unwritten
      if (sinceMs === undefined) return
      const leftMs = storeLimits.earlyAcknowledgementMs - (clock.monotonicMs() - sinceMs)
      if (leftMs > 0) return this.#startTimer(leftMs)
      this.#early.waitedInVain()
      requestWrite()
    })
  }

  #endTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

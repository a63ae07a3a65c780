// What both locks have in common while they are held: they are proven until a moment of the monotonic clock, and over from then on; they
// are lost once, for one reason, and let go once.
import type { Clock, Timer } from '../../base/clock.ts'
import type { LogFields, Logger } from '../../base/logger.ts'
import { LockLostError } from '../lock-lost-error.ts'

export interface HoldOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly fields: LogFields
  /** Why it is over, when the proof has run out. */
  readonly unproven: () => string
}

export class Hold {
  readonly lost: Promise<Error>
  readonly #options: HoldOptions
  #resolveLost: (error: Error) => void = () => {}
  #error: LockLostError | undefined
  #isReleased = false
  #untilMs = Infinity
  #timer: Timer | undefined

  constructor(options: HoldOptions) {
    this.#options = options
    this.lost = new Promise((resolve) => (this.#resolveLost = resolve))
  }

  get isOver(): boolean {
    return this.#error !== undefined
  }

  /** Also without being asked: whoever is active has to know. */
  proveUntil(untilMs: number): void {
    if (this.isOver) return
    this.#untilMs = untilMs
    this.#timer?.cancel()
    if (untilMs === Infinity) return
    const leftMs = untilMs - this.#options.clock.monotonicMs()
    this.#timer = this.#options.clock.after(Math.min(Math.max(leftMs, 0), longestTimerMs), () => {
      if (!this.#isProven()) this.lose(this.#options.unproven())
      else this.proveUntil(this.#untilMs)
    })
  }

  /** Throws LockLostError. */
  verify(): void {
    if (this.#error) throw this.#error
    if (!this.#isProven()) throw this.lose(this.#options.unproven())
  }

  /** Only the first reason counts. */
  lose(state: string, cause?: unknown): LockLostError {
    if (this.#error) return this.#error
    const { logger, fields } = this.#options
    const error = new LockLostError(state, { fields, cause })
    this.#end(error)
    logger.error('Lost the lock', { error })
    this.#resolveLost(error)
    return error
  }

  /** Whether there is anything to let go. */
  release(): boolean {
    if (this.#isReleased) return false
    this.#isReleased = true
    if (this.#error) return true
    this.#end(new LockLostError('it was released'))
    return true
  }

  /** `isHeard`: by the database, which has it free for others now. */
  noteReleased(isHeard: boolean): void {
    const { logger, fields } = this.#options
    if (isHeard) logger.info('Released the lock', fields)
    else logger.warn('The database does not hear that the lock is released, which ends by itself', fields)
  }

  #isProven(): boolean {
    return this.#options.clock.monotonicMs() < this.#untilMs
  }

  #end(error: LockLostError): void {
    this.#error = error
    this.#timer?.cancel()
  }
}

/** A timer of Node that is longer fires at once. */
const longestTimerMs = 2 ** 31 - 1

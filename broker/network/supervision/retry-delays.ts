// How long is waited before brokers are dialled again. It has no timer, and dials nobody.
//
//   one broker       initialReconnectDelay, then backOffMultiplier times as much each time, up to maxReconnectDelay, as ActiveMQ's
//                    SimpleDiscoveryAgent does
//   several brokers  100 ms, 200 ms, 400 ms and so on up to initialReconnectDelay, and that for as long as a take-over may last;
//                    from then on as for one broker
//
// Those quick tries do not count for maxReconnectAttempts.
import type { Random } from '../../base/random.ts'
import type { ReconnectDelays } from '../discovery-uri.ts'
import { jitterShare, quickestRetryMs, takeoverWithinMs } from './limits.ts'

export class RetryDelays {
  readonly #delays: ReconnectDelays
  readonly #severalBrokers: boolean
  readonly #random: Random
  /** Since when there is no bridge; null while nothing has failed. */
  #downSinceMs: number | null = null
  #quickMs = quickestRetryMs
  #failures = 0

  constructor(delays: ReconnectDelays, severalBrokers: boolean, random: Random) {
    this.#delays = delays
    this.#severalBrokers = severalBrokers
    this.#random = random
  }

  /** There was a bridge, for long enough: what fails from now on has nothing to do with what failed before. */
  reset(): void {
    this.#downSinceMs = null
    this.#quickMs = quickestRetryMs
    this.#failures = 0
  }

  /** Another one of several brokers may be about to take over. */
  isHurried(nowMs: number): boolean {
    return this.#severalBrokers && nowMs - (this.#downSinceMs ?? nowMs) < takeoverWithinMs
  }

  /** After a failure at `nowMs` of the monotonic clock. null: maxReconnectAttempts is reached. */
  next(nowMs: number): number | null {
    this.#downSinceMs ??= nowMs
    const { initialReconnectDelayMs, maxReconnectAttempts } = this.#delays
    if (this.isHurried(nowMs)) {
      const quickMs = Math.min(this.#quickMs, initialReconnectDelayMs)
      this.#quickMs *= 2
      return this.#varied(quickMs)
    }
    this.#failures++
    if (maxReconnectAttempts > 0 && this.#failures >= maxReconnectAttempts) return null
    return this.#varied(this.#configuredMs())
  }

  #configuredMs(): number {
    const { initialReconnectDelayMs, maxReconnectDelayMs, useExponentialBackOff, backOffMultiplier } = this.#delays
    const grown = useExponentialBackOff ? backOffMultiplier ** (this.#failures - 1) : 1
    // Nothing times infinity is no delay.
    const factor = Math.min(grown, Number.MAX_VALUE)
    return Math.min(initialReconnectDelayMs * factor, maxReconnectDelayMs)
  }

  #varied(delayMs: number): number {
    return withJitter(Math.max(delayMs, quickestRetryMs), this.#random)
  }
}

export const withJitter = (delayMs: number, random: Random): number => delayMs * (1 - jitterShare * random.next())

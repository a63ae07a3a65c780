// The last messages, so many of them (ActiveMQ: FixedCountSubscriptionRecoveryPolicy).
import type { Kept, RecoveryPolicy } from './recovery-policy.ts'

export class FixedCount implements RecoveryPolicy {
  readonly #maximumSize: number

  constructor(maximumSize: number) {
    this.#maximumSize = maximumSize
  }

  isTooMuch({ count }: Kept): boolean {
    return count > this.#maximumSize
  }
}

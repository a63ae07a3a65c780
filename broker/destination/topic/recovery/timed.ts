// The messages of the last minute, or however long (ActiveMQ: TimedSubscriptionRecoveryPolicy).
import type { Kept, RecoveryPolicy } from './recovery-policy.ts'

export class Timed implements RecoveryPolicy {
  readonly #recoverDurationMs: number

  constructor(recoverDurationMs: number) {
    this.#recoverDurationMs = recoverDurationMs
  }

  isTooMuch({ oldestAgeMs }: Kept): boolean {
    return oldestAgeMs > this.#recoverDurationMs
  }
}

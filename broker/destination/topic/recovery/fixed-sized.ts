// The last messages, as many as take so many bytes (ActiveMQ: FixedSizedSubscriptionRecoveryPolicy). One that is larger by
// itself is not kept.
import type { Kept, RecoveryPolicy } from './recovery-policy.ts'

export class FixedSized implements RecoveryPolicy {
  readonly #maximumBytes: number

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes
  }

  isTooMuch({ bytes }: Kept): boolean {
    return bytes > this.#maximumBytes
  }
}

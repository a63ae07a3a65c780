// The last message (ActiveMQ: LastImageSubscriptionRecoveryPolicy).
import type { Kept, RecoveryPolicy } from './recovery-policy.ts'

export class LastImage implements RecoveryPolicy {
  isTooMuch({ count }: Kept): boolean {
    return count > 1
  }
}

// How much a topic keeps for subscribers that come later, and ask for it as retroactive consumers (ActiveMQ:
// SubscriptionRecoveryPolicy): messages go oldest first, and a policy says when. Keeping them is kept-messages.ts.

/** By ActiveMQ's names, without their end "SubscriptionRecoveryPolicy". */
export type RecoveryPolicyConfig =
  | { readonly kind: 'fixedCount'; readonly maximumSize: number }
  | { readonly kind: 'fixedSized'; readonly maximumBytes: number }
  | { readonly kind: 'timed'; readonly recoverDurationMs: number }
  | { readonly kind: 'lastImage' }

/** What is kept at a moment, which is one message at least. */
export interface Kept {
  readonly count: number
  /** As memory counts them (Message.size). */
  readonly bytes: number
  /** How long ago the oldest of them came. */
  readonly oldestAgeMs: number
}

export interface RecoveryPolicy {
  /** Whether the oldest has to go. */
  isTooMuch(kept: Kept): boolean
}

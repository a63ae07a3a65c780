// Limits of the file lock, each with its reason.

export const fileLockLimits = {
  /** Between two attempts of a standby: an attempt takes half a millisecond, and failover waits half of this on average. */
  acquireIntervalMs: 250,
  /** Between two proofs of the holder when nothing is written; each write proves it anyway. */
  keepAlivePeriodMs: 2000,
  /** The journal keeps terms in 32 bits. */
  maxTerm: 0xffff_ffff,
} as const

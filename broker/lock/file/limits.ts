// Limits of the file lock, each with its reason.

export const fileLockLimits = {
  /** Between two attempts of a standby: an attempt takes half a millisecond, and failover waits half of this on average. */
  acquireIntervalMs: 250,
  /** Between two attempts after the holder has ended: the system may free its lock a moment after its connections. */
  hurriedIntervalMs: 10,
  /** Of those attempts, before the usual interval is back: a process needs longer than this to start again. */
  hurriedAttempts: 20,
  /** For a holder to answer a watch; one behind a firewall that swallows everything never does. */
  watchAnswerMs: 2000,
  /** Before the system asks whether the other side of a silent watch is still there. */
  watchKeepAliveMs: 10_000,
  /** Between two proofs of the holder when nothing is written; each write proves it anyway. */
  keepAlivePeriodMs: 2000,
  /** The journal keeps terms in 32 bits. */
  maxTerm: 0xffff_ffff,
} as const

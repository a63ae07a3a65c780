// Limits of waiting for any lock, each with its reason.

export const lockLimits = {
  /** Between two attempts after the holder has ended: its lock may be free a moment after its connections are. */
  hurriedIntervalMs: 10,
  /** Of those attempts, before the usual interval is back: a process needs longer than this to start again. */
  hurriedAttempts: 20,
  /** For a holder to answer a watch; one behind a firewall that swallows everything never does. */
  watchAnswerMs: 2000,
  /** Before the system asks whether the other side of a silent watch is still there. */
  watchKeepAliveMs: 10_000,
} as const

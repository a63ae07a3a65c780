/** Limits of the connections between the members of a replicated store. */
export const transportLimits = {
  /** Of a frame before the handshake is over: a hello. */
  helloBytes: 1024,
  /** For the connection and the handshake together. */
  handshakeMs: 5000,
  /** Between two attempts to reach a member: they double from the first to the last. */
  firstRetryMs: 100,
  lastRetryMs: 2000,
  /** A connection that ends before this is one more failure: who is cut off at once does not come back at once. */
  steadyMs: 2000,
  /** Accepted connections that have not proven anything yet. */
  unprovenConnections: 32,
  /** Members that are connected to this one; larger than any number of replicas. Without a token strangers can call themselves so. */
  acceptedMembers: 16,
  /** Former processes of a member that are remembered while a newer one is connected. */
  formerInstances: 8,
  /** Of output that a member does not take: an inventory of the largest journal, or several windows of a feed. */
  outputBytes: 32 * 2 ** 20,
  /** Refusals that are remembered, so that each is logged once. */
  loggedRefusals: 64,
  /** Of one message in the log, whatever strangers do. */
  logBurst: { entries: 20, periodMs: 60_000 },
} as const

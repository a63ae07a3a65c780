/** Limits of the connections between the members of a replicated store. */
export const transportLimits = {
  /** Of a frame before the handshake is over: a hello. */
  helloBytes: 1024,
  /** Of a frame afterwards: an inventory of a hundred thousand segments. */
  frameBytes: 16 * 2 ** 20,
  /** For the connection and the handshake together. */
  handshakeMs: 5000,
  /** Between two attempts to reach a member: they double from the first to the last. */
  firstRetryMs: 100,
  lastRetryMs: 2000,
  /** Accepted connections that have not proven anything yet. */
  unprovenConnections: 32,
  /** Of output that a member does not take: the window of its feed is smaller. */
  outputBytes: 64 * 2 ** 20,
} as const

export const zooKeeperLimits = {
  /** jute.maxbuffer of the servers is 1 MiB; an answer with many children may have as much. */
  frameBytes: 4 * 2 ** 20,
  /** Requests without an answer. */
  outstanding: 1000,
  /** Between two connections that are not had, or last no longer than this: from the second round of the list on. */
  retryMs: 200,
  /** To reach one server, at least. */
  smallestConnectMs: 500,
  /** Time-outs of a session after which one that no server takes is given up. It may have been lengthened by a new leader once. */
  givenUpTimeouts: 2,
  /** For the end of a session, when the client is closed. */
  closeMs: 1000,
} as const

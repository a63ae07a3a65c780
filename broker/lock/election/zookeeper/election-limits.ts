// Limits of the election by ZooKeeper, each with its reason.

export const electionLimits = {
  /** Between two writes of a position that moves: every one is a write on all ZooKeeper servers, and a read by all members. */
  publishIntervalMs: 100,
  /** For an elected one that a quorum hears no longer: a connection that was cut is there again before. */
  abandonedMs: 500,
  /** For a member that is there and has not told its position. */
  positionMs: 500,
  /** After an election that came to nothing; doubled with each in a row. */
  backoffMs: 100,
  longestBackoffMs: 5000,
  /** Before something that ZooKeeper refused is tried again. */
  retryMs: 1000,
  /** Of a node: what is larger was not written by a member. */
  nodeBytes: 8192,
  /** Of a text in a node. */
  textLength: 400,
} as const

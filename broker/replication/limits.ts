/** Limits of replication between the members of a store. */
export const replicationLimits = {
  /** Into which the time is divided after which an active without a quorum serves no longer. */
  contactTicks: 20,
  /** Between two heartbeats: several may be late before anybody is taken for gone. */
  heartbeatTicks: 4,
  /** On their way to one member: what a fast network and a sync of some milliseconds keep busy. */
  windowBytes: 8 * 2 ** 20,
  /** Of one write message: small messages are not held up for long by what is copied. */
  chunkBytes: 2 ** 20,
  /** For answers of other members to how far they are. */
  answerMs: 500,
  /** At an orderly end, for members in sync to get the rest: several round trips and syncs, and little beside what a takeover takes. */
  handOverMs: 500,
} as const

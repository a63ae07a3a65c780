// Limits of the locks in a database, each with its reason.

export const sqlLockLimits = {
  /** Between two attempts of a standby: an attempt is one read by key. */
  acquireIntervalMs: 250,
  /** Between two attempts while the database cannot be reached or refuses: somebody has to put that right. */
  troubleIntervalMs: 3000,
  /** For a database to answer a candidate: one that fails over takes some seconds to say so. */
  answerTimeoutMs: 10_000,
  /** For one that makes a table or an index: of a database with very many messages. */
  createTimeoutMs: 600_000,
  /**
   * A statement waits for a row that somebody else has locked: a batch of the active's store, or ActiveMQ's database-locker, which has it
   * for days. MySQL counts in seconds.
   */
  rowWaitMs: 1000,
  /** For the lock's row, which a standby waits for: then it asks anew, and so finds out about a connection that is dead. */
  lockWaitMs: 2000,
  /** A lock that is free is had before; whoever waits longer waits for its holder. */
  heldAfterMs: 100,
  /** Who holds the lock is read again when it was last read longer ago: those who wait for a successor ask very often. */
  holderFreshMs: 500,
  /** For that answer: then the last one that is known has to do, because people and the operator wait for it. */
  holderAnswerMs: 500,
  /** For the answer whose the tables are: whoever goes on without it is refused by its attempt. */
  refusalAnswerMs: 2000,
  /** For the database to hear of a release: the member wants to end. */
  releaseMs: 2000,
  /** Of the lease that is not trusted: our clock and the database's, which NTP may be pulling, do not run at the same rate. */
  clockRateShare: 1 / 20,
  /** Of the lease, for an answer to a renewal: what is left is enough for a new connection and for trying again. */
  renewalAnswerShare: 1 / 4,
  /** Between two attempts to renew while the database cannot be reached. */
  renewalRetryMs: 100,
  /** Between the database's clock and ours, before it is told of. */
  clockDifferenceMs: 1000,
  leaseDurationMs: 5000,
  renewIntervalMs: 1000,
  /** Of the locker Database: between two proofs. */
  keepAlivePeriodMs: 2000,
  /** Keep-alives without an answer until the holder takes its lock for lost. */
  keepAlivesUnanswered: 3,
  /** Keep-alives that do not come until the server ends the session; later than the holder, so that nobody has the lock before it gives up. */
  keepAlivesMissed: 4,
  /** Times that creating a table may collide with another member that does the same. */
  createAttempts: 5,
  /** Of a name in a column: ActiveMQ's VARCHAR(250). */
  nameLength: 250,
  /** Of that, what a member's name may take in the name of a lease, beside the broker's (63) and what makes it unique. */
  memberLength: 150,
} as const

// Limits of sessions with databases, each with its reason.

export const sqlLimits = {
  /** Hosts of a URL: more than a cluster has, and each may cost a whole time-out. */
  maxHosts: 32,
  /** For one host, where the URL says nothing: as PostgreSQL's JDBC driver. A host that is gone without a word keeps the next one waiting that long. */
  connectTimeoutMs: 10_000,
  /** Before the first probe on an idle connection, so that a firewall does not forget it; the operating system sends the next ones. */
  keepAliveDelayMs: 10_000,
  /** For the answer to a leave: there is none where the network is gone, and a member that steps down has more sessions than one. */
  leaveMs: 1000,
  /**
   * An answer of a server that is well takes tens of milliseconds; then it is asked over another connection whether it works on it. Clients
   * wait as long when a firewall has forgotten the connection.
   */
  lateAnswerMs: 3000,
  /** For an answer that the server has just given. */
  answerUnderWayMs: 1000,
  /** Of an option of a URL, in milliseconds: a day is as good as none. */
  maxDurationMs: 86_400_000,
} as const

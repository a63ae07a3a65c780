// Limits of open transactions, each with its reason.

export const transactionLimits = {
  /** A session has one open transaction; clients have tens of sessions, not thousands. */
  maximumOpenTransactionsPerConnection: 1000,
  /** Sends and acknowledgements of one transaction: all are kept in memory (about 150 bytes each) until its end. */
  maximumMessagesPerTransaction: 250_000,
  /** The same for all open transactions of a connection together. */
  maximumTransactedMessagesPerConnection: 500_000,
  /** Bodies of one transaction's persistent messages that stay in memory; the rest is read from the store afterwards. */
  maximumBodyBytesKept: 2 ** 20,
  /** Share of the memory limit that non-persistent messages of one transaction may take: nobody can consume them yet. */
  maximumMemoryShare: 0.25,
  /** Refused above this share of the memory limit: a transaction cannot wait for memory that it holds itself. */
  memoryCeilingShare: 1.25,
} as const

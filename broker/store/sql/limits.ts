// Limits of what is stored in tables, each with its reason.

export const tableLimits = {
  /** ActiveMQ's tables: VARCHAR(250) for containers, client ids, names of subscriptions, ids of producers, selectors. */
  columnCharacters: 250,
  /** PostgreSQL: the largest key of a B-tree is 2704 bytes, with what it says of itself. MySQL: 3072 bytes. */
  subscriptionKeyBytes: 2600,
  /** PostgreSQL: a parameter has 1 GiB at most, and all those of a statement have 2 GiB; each is copied some times. */
  postgresBlobBytes: 256 * 1024 * 1024,
  postgresBatchBytes: 512 * 1024 * 1024,
  /** Texts of one session; each costs the server some 100 kB. A broker's traffic makes a dozen. */
  preparedStatements: 64,
  /** Messages in a page when all are read: a few MB at most, and a page takes some hundredths of a second. */
  scannedRows: 20_000,
} as const

// Limits of what is stored in tables, each with its reason.

export const tableLimits = {
  /** ActiveMQ's tables: VARCHAR(250) for containers, client ids, names of subscriptions, ids of producers, selectors. */
  columnCharacters: 250,
  /** PostgreSQL: the largest key of a B-tree is 2704 bytes, with what it says of itself. MySQL: 3072 bytes. */
  subscriptionKeyBytes: 2600,
} as const

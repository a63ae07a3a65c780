// The tables, under the names that ActiveMQ gives them (statements: tablePrefix, messageTableName, durableSubAcksTableName, lockTableName),
// and those beside them that are ours. Unquoted everywhere, as in ActiveMQ's statements.

export interface TableNames {
  readonly messages: string
  readonly acks: string
  readonly lock: string
  /** One row: the newest term, the largest sequence, and whose the tables are. */
  readonly state: string
  /** Queues that are known, also without messages. */
  readonly queues: string
  /** What ActiveMQ's rows of durable subscriptions have no column for. */
  readonly subscriptions: string
  /** The last sequence of each producer. */
  readonly producers: string
  /** What came over bridges of other brokers. */
  readonly arrivals: string
}

/** `prefix`: letters, digits and underscores; may be empty. */
export const tableNames = (prefix: string): TableNames => ({
  messages: `${prefix}ACTIVEMQ_MSGS`,
  acks: `${prefix}ACTIVEMQ_ACKS`,
  lock: `${prefix}ACTIVEMQ_LOCK`,
  state: `${prefix}FLOTILLA_STATE`,
  queues: `${prefix}FLOTILLA_QUEUES`,
  subscriptions: `${prefix}FLOTILLA_SUBS`,
  producers: `${prefix}FLOTILLA_PRODUCERS`,
  arrivals: `${prefix}FLOTILLA_ARRIVALS`,
})

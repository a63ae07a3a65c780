// Limits of reconciling, each with its reason.

/** While something is expected to change. */
export const fastPollMs = 500
/** How late a change of role may be seen that no pod shows, and no broker tells by itself. */
export const slowPollMs = 5_000
/** The same in a network whose brokers do not tell of their bridges: an edge that is down is to be seen within 5 s. */
export const edgePollMs = 2_000
/** While a group drains: when it is empty its broker tells, but not of what else holds a drain up. */
export const drainPollMs = 1_000
/** How often the messages that a drain has left are counted anew in the status. */
export const drainCountPeriodMs = 10_000
/** At rest, when every broker tells its changes: for what nobody tells, such as a claim of somebody else that has grown. */
export const restPollMs = 300_000
/** The same where a Secret says where the database is: a kubelet takes about as long to give its new content to the members. */
export const secretPollMs = 60_000
/** The same where members have copies: that one has fallen behind nobody tells, and only brokers and a Secret are asked. */
export const copyPollMs = 15_000
/** A connection to a broker that ended within this time is not opened anew at once. */
export const watchRetryMs = 1_000
/** What has not settled for this long will not settle within the next half second either. */
export const settlingMs = 120_000
/** Of the message of a condition; the schema of the status has the same bound. */
export const maxConditionMessageLength = 1024
/** Of an edge; the schema of the status has the same bound. */
export const maxEdgeReasonLength = 256
/** The Lease of an operator that is at work changes every 2 s. One that does not for this long is gone for good: an upgrade takes less. */
export const claimPatienceMs = 60_000
/** How often a Lease is read that belongs to another operator, however many clusters it has. */
export const claimReadPeriodMs = 5_000
/** When to look again at a cluster of somebody else, which costs nothing but the Lease above. */
export const claimRecheckMs = 5_000

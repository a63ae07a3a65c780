// Limits of reconciling, each with its reason.

/** While something is expected to change. */
export const fastPollMs = 500
/** At rest: how late a change of role may be seen that no pod shows. */
export const slowPollMs = 5_000
/** What has not settled for this long will not settle within the next half second either. */
export const settlingMs = 120_000
/** Of the message of a condition; the schema of the status has the same bound. */
export const maxConditionMessageLength = 1024

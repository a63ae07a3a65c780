// Limits and fixed times of a drain, each with its reason.

/** Messages of one bridge that wait for their answers; a bridge's prefetchSize by default, which keeps line and disk of the other one busy. */
export const drainPrefetch = 1000

/** How often a drain is looked at, so that it is told soon that nothing is left. Each look asks every queue for its counters. */
export const lookMs = 100

/** As long as nothing goes out before it is said why: a slow disk or a take-over there is no news yet. */
export const stalledAfterMs = 10_000

/** Before a message is sent again that the other broker has refused: what is full there needs a while. */
export const refusedRetryMs = 5000

/** What is under way has this long to be answered, first by others and then to others; who needs longer gets it again. */
export const answeredWithinMs = 2000

/** How often it is asked whether others have answered everything. */
export const answerPollMs = 10

/** Of those that cannot be reached, so many are named in the reason. */
export const namedBridges = 3

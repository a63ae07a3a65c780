// Limits of a member's life, each with its reason.

/** A lock that is free is had within this; a member that waits longer says that it is a standby. */
export const standbyAfterMs = 300

/** A lock that has not given up waiting by then hangs on its volume, and may do so for ever: a stop does not wait for it. */
export const abandonLockAfterMs = 1000

/** Between two looks at storage that belongs to another broker: somebody has to put that right, which takes minutes. */
export const refusedIntervalMs = 3000

/** Closing store and lock takes milliseconds; a disk that hangs may hold them for ever. */
export const closeTimeoutMs = 10_000

/** A standby that waits takes a lock that is free within milliseconds, on a busy machine within a second. */
export const successorWithinMs = 3000

/** Between two looks at who has the lock. */
export const successorPollMs = 50

/**
 * From the lock to connectors that are open, and from there to clients that have tried again: they do so after 10 ms, 20 ms,
 * 40 ms and so on, if their URL says nothing else.
 */
export const clientsMoveMs = 500

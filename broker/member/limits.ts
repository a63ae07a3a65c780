// Limits of a member's life, each with its reason.

/** A lock that is free is had within this; a member that waits longer says that it is a standby. */
export const standbyAfterMs = 300

/** A lock that has not given up waiting by then hangs on its volume, and may do so for ever: a stop does not wait for it. */
export const abandonLockAfterMs = 1000

/** Between two looks at storage that belongs to another broker: somebody has to put that right, which takes minutes. */
export const refusedIntervalMs = 3000

/** Closing store and lock takes milliseconds; a disk that hangs may hold them for ever. */
export const closeTimeoutMs = 10_000

/**
 * A standby that waits is active within some hundred milliseconds, on a machine with far too much to do within some seconds. One
 * that is not by then has troubles of its own; and where members cannot ask each other it is not seen.
 */
export const successorWithinMs = 10_000

/** Between two looks at who has the lock. */
export const successorPollMs = 50

/** From connectors that are open to clients that have tried again, at least. */
export const clientsMoveMs = 500

/**
 * The same as a share of the time that it took until they were open: clients try again after 10 ms, 20 ms, 40 ms and so on, if
 * their URL says nothing else, so that one waits at most as long again as it has waited so far. And each try takes its time.
 */
export const clientsMoveShare = 2

// Limits of a member's life, each with its reason.

/** A lock that is free is had within this; a member that waits longer says that it is a standby. */
export const standbyAfterMs = 300

/** A lock that has not given up waiting by then hangs on its volume, and may do so for ever: a stop does not wait for it. */
export const abandonLockAfterMs = 1000

/** Between two looks at storage that belongs to another broker: somebody has to put that right, which takes minutes. */
export const refusedIntervalMs = 3000

/** Closing store and lock takes milliseconds; a disk that hangs may hold them for ever. */
export const closeTimeoutMs = 10_000

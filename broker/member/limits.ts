// Limits of a member's life, each with its reason.

/** A lock that is free is had within this; a member that waits longer says that it is a standby. */
export const standbyAfterMs = 300

/** Closing store and lock takes milliseconds; a disk that hangs may hold them for ever. */
export const closeTimeoutMs = 10_000

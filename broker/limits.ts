// Limits of the broker's process, each with its reason.

/** After stepping down, before the next life: the member that took over should not find us at its lock at once. */
export const restartDelayMs = 1000

/** A stop that takes longer hangs on the disk; the operating system cleans up behind the process. */
export const stopTimeoutMs = 20_000

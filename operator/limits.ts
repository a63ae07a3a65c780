// Limits of the operator's process, each with its reason.

/** A stop that takes longer hangs on the network; Kubernetes would kill the process after 30 s. */
export const stopTimeoutMs = 10_000

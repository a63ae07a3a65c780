// Bounds of the controllers, each with its reason.

/** First wait after a failed reconciliation; doubles up to the longest, so that a fault neither spins nor sleeps in. */
export const firstRetryMs = 50
export const longestRetryMs = 30_000

/** A real cluster forgets Events after an hour. */
export const eventLifetimeMs = 3_600_000
export const eventSweepPeriodMs = 300_000
/** Longest message of an Event (the API's own limit is 1024). */
export const longestEventMessage = 1000

/**
 * Between the end of a StatefulSet's pod and the next one of its name. A real kubelet needs about a second after the last process
 * until it lets the object go (it waits for its next listing of what runs); here the object goes at once, so that the next one
 * has to wait instead. Otherwise `kubectl delete pod` finds the next pod when it looks at the one that it waits for, a tenth
 * of a second after its request (1.32 then waits for ever, 1.36 compares uids).
 */
export const samePodNameAfterMs = 1000

/** Old revisions kept when spec.revisionHistoryLimit says nothing: Kubernetes' default. */
export const defaultRevisionHistoryLimit = 10

/** Wait before a Job's next pod after a failure: 10 s, 20 s, … as in Kubernetes. */
export const firstJobBackOffMs = 10_000
export const longestJobBackOffMs = 360_000
export const defaultBackoffLimit = 6

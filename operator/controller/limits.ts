// Delays and bounds of the controller runtime, with their reasons.

/** First delay after a failed reconcile: a write conflict is usually over at once. */
export const firstReconcileRetryMs = 5
/** Longest delay between two tries of one key that fails for a reason which does not pass by itself. */
export const maxReconcileRetryMs = 300_000
/** And for one that does, such as an API server that is away: how late its end may be noticed. */
export const maxPassingRetryMs = 10_000
/** Reconciles mostly wait for the API server; more than this many at once only load it. */
export const defaultReconcileConcurrency = 4

/** Delays between tries of a list or watch. The longest is also how late the end of an outage may be noticed. */
export const firstWatchRetryMs = 500
export const maxWatchRetryMs = 10_000
/** A watch asks to be ended after a random time in this range, so that watches spread over the API servers. */
export const minWatchTimeoutSeconds = 300
export const maxWatchTimeoutSeconds = 600
/** A watch that was not refused and lasted this long, or brought anything, was a good one: the next failure counts as the first. */
export const watchHealthyMs = 500
/** Everything is listed again this often (between 80 % and 120 %), which makes good an event that was lost. */
export const relistPeriodMs = 3_600_000

/** As in the components of Kubernetes: a holder that cannot renew gives up 5 s before anybody else may take over. */
export const leaseDurationMs = 15_000
export const leaseRenewDeadlineMs = 10_000
export const leaseRetryPeriodMs = 2_000

/** The same event again within this time counts in the series of the first one (the API server keeps events for an hour). */
export const eventSeriesMs = 360_000
/** A series that goes on is written this often at most, however often it happens. */
export const eventSeriesWritePeriodMs = 30_000
/** Events waiting to be written; beyond it the newest are dropped: they explain, nothing depends on them. */
export const maxQueuedEvents = 1_000
/** Series remembered; the oldest are forgotten first. */
export const maxEventSeries = 4_096
/** The API server refuses a longer note (events.k8s.io/v1). */
export const maxEventNoteBytes = 1_024

// Limits of the admin port, each with its reason.

/** Requests are a line and a few headers; nothing here has a body. */
export const maxHeaderBytes = 8 * 1024

/** A prober, a scraper and an operator need a handful; a leak on their side must not take our descriptors. */
export const maxAdminConnections = 64

/** Each keeps a connection for as long as it likes; a group has a handful of standbys, and the probes need theirs. */
export const maxWatches = 16

/** Before the system asks whether the other side of a silent connection is still there. */
export const keepAliveInitialDelayMs = 10_000

/** Probes are answered in milliseconds; whoever needs longer to ask is stuck. */
export const requestTimeoutMs = 10_000

/** Kept open between two probes of the usual period (10 s). */
export const keepAliveTimeoutMs = 15_000

/** Prometheus series grow with every label value: the largest destinations by name, the rest in one sum. */
export const maxDestinationLabels = 500

/** A snapshot is read by people and by the operator: more rows than this help neither, and cost the event loop. */
export const maxSnapshotConnections = 10_000
export const maxSnapshotDestinations = 10_000

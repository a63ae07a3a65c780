// Limits of the admin port, each with its reason.

/** Requests are a line and a few headers. */
export const maxHeaderBytes = 8 * 1024

/** Of the only request that has one: a URI for each neighbour of a broker, each with the members of a group. */
export const maxBodyBytes = 64 * 1024

/** Neighbours that a broker gives its messages to: each costs a bridge. */
export const maxDrainTargets = 64

/** Of a group with as many members as there may be. */
export const maxUriLength = 4096

/** A prober, a scraper and an operator need a handful; a leak on their side must not take our descriptors. */
export const maxAdminConnections = 64

/** Each keeps a connection for as long as it likes; a group has a handful of standbys and one operator, and the probes need theirs. */
export const maxWatches = 16

/** Before the system asks whether the other side of a silent connection is still there. */
export const keepAliveInitialDelayMs = 10_000

/** Probes are answered in milliseconds; whoever needs longer to ask is stuck. */
export const requestTimeoutMs = 10_000

/** Kept open between two probes, also where they come at the default period of Kubernetes (10 s). */
export const keepAliveTimeoutMs = 15_000

/** Prometheus series grow with every label value: the largest destinations by name, the rest in one sum. */
export const maxDestinationLabels = 500

/** The same of bridges. Connectors have a handful, and first places; strangers may bring many, of any name. */
export const maxBridgeLabels = 500

/** Rows of a page: some 200 KiB of JSON and a millisecond of the event loop, which clients do not notice. */
export const maxPageItems = 1000

/** A screen or two, for people who give no limit. */
export const defaultPageItems = 100

/** Of whoever asks what a member is: it answers in milliseconds, unless it hangs. */
export const roleAnswerMs = 1000

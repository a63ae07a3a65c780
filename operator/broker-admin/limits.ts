// Bounds of a question to a broker, with their reasons.

/** A pod that is there takes a connection at once; a dead node must not hold up a reconcile. */
export const connectTimeoutMs = 1_000
/** The whole question, answer read. A broker whose event loop is busier than this is reported as unreachable. */
export const totalTimeoutMs = 2_000
/** Largest snapshot that is read. Brokers up to 0.1 list connections and destinations in it, bounded to less. */
export const maxSnapshotBytes = 4 * 1024 * 1024
/** Idle connections are kept between two looks at the same broker. */
export const keepAliveMs = 10_000

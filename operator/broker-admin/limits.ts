// Bounds of a question to a broker, with their reasons.

/** A pod that is there takes a connection at once; a dead node must not hold up a reconcile. */
export const connectTimeoutMs = 1_000
/** The whole question, answer read. A broker whose event loop is busier than this is reported as unreachable. */
export const totalTimeoutMs = 2_000
/** Largest snapshot that is read. Brokers up to 0.1 list connections and destinations in it, bounded to less. */
export const maxSnapshotBytes = 4 * 1024 * 1024
/** Idle connections are kept between two looks at a cluster that changes. Longer, each broker of a large fleet would have one: 35 KiB. */
export const keepAliveMs = 1_000
/** A broker that is there answers at once; later than this it is asked anew with the next look. */
export const watchAnswerMs = 2_000
/** Before the system asks whether the other side of a silent connection is still there; ten questions a second apart follow. */
export const watchKeepAliveMs = 10_000
/** Before the first line of a watch: what stands there is a few headers. */
export const maxWatchHeadBytes = 8 * 1024

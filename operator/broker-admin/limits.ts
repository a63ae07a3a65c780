// Bounds of a question to a broker, with their reasons.

/** A pod that is there takes a connection at once; a dead node must not hold up a reconcile. */
export const CONNECT_TIMEOUT_MS = 1_000
/** The whole question, answer read. A broker whose event loop is busier than this is reported as unreachable. */
export const TOTAL_TIMEOUT_MS = 2_000
/** Largest snapshot that is read. A broker bounds its own lists to less. */
export const MAX_SNAPSHOT_BYTES = 4 * 1024 * 1024
/** Idle connections are kept between two looks at the same broker. */
export const KEEP_ALIVE_MS = 10_000

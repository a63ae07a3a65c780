// Limits of the operator's health port, each with its reason.

/** Requests are a line and a few headers, without a body. */
export const maxHeaderBytes = 8 * 1024
/** Probers and scrapers need a handful. */
export const maxConnections = 64
/** Whoever needs longer to ask is stuck. */
export const requestTimeoutMs = 10_000

// Limits that sessions of all protocols share, each with its reason.

/** A limit that is reached is logged this often at most, with the number of times: strangers must not fill the disk. */
export const limitLogPeriodMs = 10_000

/** Of each kind of line about a client this many are written in each period, then only their number. */
export const logBurstEntries = 20
export const logBurstPeriodMs = 10_000

/** Encoded bytes that wait for the socket. Beyond it deliveries stay where they are and nothing more is read. */
export const outboundHighWaterBytes = 1024 * 1024
/** Dispatch and reading go on below it. */
export const outboundLowWaterBytes = 256 * 1024

/** Answers to what was already read come on top of the high water mark; a client that far behind is not reading. */
export const maxOutboundBytes = 256 * 1024 * 1024

/** A client that takes not one byte for this long while bytes wait for it is gone or stuck. */
export const outboundStallTimeoutMs = 60_000

/** The slowest link that large messages are sent over; added to the time a client may take no byte. */
export const minOutboundBytesPerSecond = 64 * 1024

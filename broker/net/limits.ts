// Limits of the transport connectors, each with its reason.

/** Up to here everything that waits for a socket is copied into one buffer: cheaper than many entries of a vectored write. */
export const coalescedWriteBytes = 64 * 1024

/** One buffer for all connections: large enough for some large messages at once, small enough for the processor's cache. */
export const readBufferBytes = 256 * 1024

/** Connections that wait for being accepted; ActiveMQ's backlog. The kernel may have a smaller limit. */
export const listenBacklog = 5000

/** A client that does not take its last bytes must not hold up the stop of the broker. */
export const closeTimeoutMs = 1000

/** A client that was told that its connection ends has this long to take the last bytes and to close its side. */
export const endTimeoutMs = 10_000

/** Refused connections are logged this often at most, with their number: a reconnect storm must not fill the disk. */
export const refusalLogPeriodMs = 10_000

/** Silence after which the kernel asks whether the peer is there; for connections whose inactivity monitor is off. */
export const keepAliveDelayMs = 60_000

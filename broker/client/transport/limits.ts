// Limits and fixed times of the transport, each with its reason.

/** How long a peer may take to send its WireFormatInfo when no initial delay says otherwise; as the Java client. */
export const negotiationTimeoutMs = 15_000

/** How often a lost priority broker is looked for. */
export const priorityCheckPeriodMs = 1000

/** A list of URIs read from a file or URL. */
export const maxUriListBytes = 64 * 1024

/** A server that has not given the list by then is as good as none: the next round asks again. */
export const uriListTimeoutMs = 10_000

/** How long a closed connection may take to send what is left before it is cut. */
export const endTimeoutMs = 2000

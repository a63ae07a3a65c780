// Limits and fixed times of the client, each with its reason.

/** Messages remembered per producer, and producers per destination, to recognize redelivered ones; as the Java client. */
export const auditDepth = 2048
export const auditProducers = 64

/** How long a peer may take to send its WireFormatInfo when no initial delay says otherwise; as the Java client. */
export const negotiationTimeoutMs = 15_000

/** Part of the prefetch after which advisories are acknowledged in bulk; as the Java client. */
export const advisoryAcknowledgeShare = 0.75

/** Part of the prefetch after which delivered but unacknowledged messages make the client ask for more. */
export const deliveredShare = 0.5

/** How often a lost priority broker is looked for. */
export const priorityCheckPeriodMs = 1000

/** A list of URIs read from a file or URL. */
export const maxUriListBytes = 64 * 1024

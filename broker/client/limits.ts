// Limits and fixed times of the client, each with its reason.

/** Messages remembered per producer, and producers per destination, to recognize redelivered ones; as the Java client. */
export const auditDepth = 2048
export const auditProducers = 64

/** Messages of lost connections whose number of deliveries is remembered until they come again: some prefetches of them. */
export const maxRememberedDeliveries = 10_000

/** Advisories that the broker may send ahead; as the Java client. */
export const advisoryPrefetch = 1000

/** Part of the prefetch after which advisories are acknowledged in bulk; as the Java client. */
export const advisoryAcknowledgeShare = 0.75

/** Names of deleted temporary destinations that are remembered; the oldest go first. A name is about 60 bytes. */
export const maxDeletedDestinations = 10_000

/** Part of the prefetch after which delivered but unacknowledged messages make the client ask for more. */
export const deliveredShare = 0.5

/** Maps and lists inside each other in a message's values: deeper ones would not be read back. */
export const maxValueDepth = 32

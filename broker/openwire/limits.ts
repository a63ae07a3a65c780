// Limits of ids and names on the wire, each with its reason.

/** Ids are built from host names, ports and counters; JDBC columns take 250. */
export const maxIdLength = 1024

/** A destination name that fits into a store; composites list many of them. */
export const maxDestinationNameLength = 16 * 1024

/** What a broker says that others may dial: it stands in advisories, and in lists for clients, which could not read much more. */
export const maxBrokerUrlLength = 1024

// Bounds of the BrokerCluster API, with their reasons. They stand in the CRD: the API server refuses what is beyond
// them, and they keep its estimate of what the CEL rules cost finite.

/** Groups of one cluster. A network of more brokers than this is better cut into clusters. */
export const MAX_GROUPS = 16
/**
 * Members of a group. One is active and the rest wait: more standbys than this only load the store with attempts at
 * its lock.
 */
export const MAX_REPLICAS = 9
/** As the broker's own limit (broker/config/schema.ts). */
export const MAX_TRANSPORT_CONNECTORS = 16
export const MAX_PULL_SECRETS = 8
/** Labels or annotations that a user may add to one object. */
export const MAX_USER_METADATA = 32
/** DNS label. */
export const MAX_NAME_LENGTH = 63
/**
 * Cluster and group name with the dash: the StatefulSet's revision label holds its name, a dash and 10 more
 * characters of 63.
 */
export const MAX_STATEFUL_SET_NAME_LENGTH = 52
/** Length of durations and quantities as text. */
export const MAX_AMOUNT_LENGTH = 20
/** Registry, repository, tag and digest. */
export const MAX_IMAGE_REFERENCE_LENGTH = 512
export const MAX_LABEL_VALUE_LENGTH = 63
export const MAX_ANNOTATION_VALUE_LENGTH = 1024
/** The port of /livez, /readyz, /snapshot: not free for a transport connector. */
export const ADMIN_PORT = 8161
export const ADMIN_PORT_NAME = 'admin'
/**
 * Everything about a CRD has to fit into one object of the API server, and into an annotation of `kubectl apply`
 * (256 kB).
 */
export const MAX_CRD_BYTES = 100_000

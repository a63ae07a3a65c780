// Bounds of the BrokerCluster API, with their reasons. They stand in the CRD: the API server refuses what is beyond
// them, and they keep its estimate of what the CEL rules cost finite.

/** Groups of one cluster. A network of more brokers than this is better cut into clusters. */
export const maxGroups = 16
/**
 * Groups that leave at the same time: those of three other specs. More wait for their turn, so that the status stays finite however
 * often groups are renamed while nothing drains.
 */
export const maxLeavingGroups = 48
/** Why a group does not drain, in one sentence of a broker's. */
export const maxDrainReasonLength = 512
/**
 * Members of a group. One is active and the rest wait: more standbys than this only load the store with attempts at
 * its lock.
 */
export const maxReplicas = 9
/** As the broker's own limit (broker/config/schema.ts). */
export const maxTransportConnectors = 16
/** A mesh of 16 groups has 120. One that is drawn by hand is a tree, or little more. */
export const maxEdges = 64
/** Each is a filter that every bridge of the connector goes by. */
export const maxDestinationsOfConnector = 64
/** A destination has 250 characters at most, besides its scheme and options. */
export const maxDestinationUriLength = 300
/** Brokers in a row: more than there are groups, for networks that go on outside. */
export const maxTtl = 100
/** As the clients' own: a message each, in the memory of both brokers. */
export const maxPrefetchSize = 100_000
export const maxPullSecrets = 8
/** As Kubernetes has it. */
export const maxSecretKeyLength = 253
/** Seven servers with names as long as they are in Kubernetes, and a path. */
export const maxZooKeeperAddressLength = 1024
export const maxZooKeeperPathLength = 256
/** Labels or annotations that a user may add to one object. */
export const maxUserMetadata = 32
/** DNS label. */
export const maxNameLength = 63
/**
 * Cluster and group name with the dash: the StatefulSet's revision label holds its name, a dash and 10 more
 * characters of 63.
 */
export const maxStatefulSetNameLength = 52
/** Length of durations and quantities as text. */
export const maxAmountLength = 20
/** A failover URL names every member of every group: 144 of them, with names as long as they may be. */
export const maxUrlLength = 32_768
/** Registry, repository, tag and digest. */
export const maxImageReferenceLength = 512
export const maxLabelValueLength = 63
export const maxAnnotationValueLength = 1024
/** The port of /livez, /readyz, /snapshot: not free for a transport connector. */
export const adminPort = 8161
export const adminPortName = 'admin'
/** The port on which members of a replicated store reach each other. */
export const replicationPortName = 'replication'
/**
 * A member that hangs serves nobody and keeps the lock. It is asked every 5 s and has 5 s to answer; five times in a row
 * without an answer are 30 s at most, which no collection of garbage and no busy machine takes. It gets 5 s to stop, for
 * the case that it only was slow: who does not answer will not stop in good order either. With the standby's own time a
 * takeover comes within 40 s.
 */
export const livenessProbeDefaults = {
  periodSeconds: 5,
  timeoutSeconds: 5,
  failureThreshold: 5,
  terminationGracePeriodSeconds: 5,
} as const
/** Longer than an hour is no longer finding out. */
export const maxProbeSeconds = 3600
export const maxProbeFailures = 100

// Bounds of the connection to the API server, with their reasons.

/** A server that has not taken a connection by then is not there, or the way to it is gone. */
export const connectTimeoutMs = 5_000
/** To the first byte of an answer, and between two bytes of it. The server itself gives up after 60 s. */
export const answerTimeoutMs = 30_000
/** A watch that has brought no byte, not even a bookmark, for this long after its own end is dead. */
export const watchSlackMs = 10_000
/** Idle connections are kept this long: a TLS handshake per reconcile is what costs most otherwise. Less than load balancers do. */
export const keepAliveMs = 60_000
/** Connections to the server. Each watch holds one for itself (kinds times namespaces); requests beyond wait in line. */
export const maxConnections = 512
/** Objects per page of a list: 500 keeps a page of large objects below a few MiB, as kubectl does. */
export const listPageSize = 500
/** A list whose continue token expires is begun anew this often at most, before it fails with 410. */
export const maxListRestarts = 3
/** Largest answer that is read: etcd keeps objects of 1.5 MiB at most, a page has 500. */
export const maxAnswerBytes = 256 * 1024 * 1024
/** Longest line of a watch: one object and its managedFields. */
export const maxWatchLineBytes = 16 * 1024 * 1024
/** A token read from a file is read again after this time; Kubernetes replaces it well before it expires. */
export const tokenFileRereadMs = 60_000

// Bounds of the stand-in's API server, each with its reason.

/** As the real server's limit for request bodies: what passes here passes there. */
export const maxRequestBodyBytes = 3 * 1024 * 1024

/** Changes remembered for watches and old lists. Enough for a client that lost its connection for minutes, small in memory. */
export const defaultHistoryLimit = 10_000

/** Bytes that may wait for a slow watcher before it is cut off; it will list again. */
export const maxWatchBacklogBytes = 64 * 1024 * 1024

/** Output of a command in a pod that may wait for a slow client before the command has to: a few of its writes. */
export const maxStreamBacklogBytes = 1024 * 1024

/** Largest control frame of SPDY: headers of a stream are some hundred bytes. */
export const maxSpdyControlFrameBytes = 64 * 1024

/** How often a watcher that asked for bookmarks gets one while nothing else happens. The real server: about a minute. */
export const bookmarkPeriodMs = 60_000

/** A watch without timeoutSeconds ends after this long, as the real server's does (30 to 60 minutes). */
export const watchTimeoutMs = 30 * 60_000

/** Deeper bodies are refused: recursion over them must not exhaust the stack. The real server's decoder stops at 10,000. */
export const maxNestingDepth = 500

/** Operations in one JSON patch, as in the real server. */
export const maxJsonPatchOperations = 10_000

/** Annotations of one object together, in bytes, as in the real server. */
export const maxAnnotationsBytes = 256 * 1024

/** Field managers of Update operations kept apart per object, as in the real server; the oldest beyond it are joined. */
export const maxUpdateManagers = 10

/** Validation errors reported at once: an object with a million faults must not make a gigabyte of answer. */
export const maxReportedErrors = 100

/** Random suffix of generateName, and how often another one is tried when the name is taken. */
export const generatedNameSuffixLength = 5
export const generatedNameAttempts = 8

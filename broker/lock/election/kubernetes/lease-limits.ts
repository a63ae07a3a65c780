// Limits of the election by a Lease, each with its reason.

export const leaseLimits = {
  durationMs: 5000,
  renewIntervalMs: 1000,
  /** For an answer of the API server: then the request is given up, and made again. */
  answerTimeoutMs: 2000,
  /** Of an answer: a Lease has some hundred bytes, and what others add to it stays far below. */
  answerBytes: 2 ** 20,
  /** For the other members to tell their positions. */
  positionsMs: 1000,
  /** For a release to be written, when the member wants to end. */
  releaseMs: 1000,
  /** After an election that came to nothing; doubled with each in a row. */
  backoffMs: 100,
  longestBackoffMs: 5000,
} as const

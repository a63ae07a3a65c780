// What can go wrong between the operator and the API server.

/** The server answered with a Status object (or with something else that is not a success). */
export class KubeApiError extends Error {
  override readonly name = 'KubeApiError'
  /** HTTP status, such as 409. */
  readonly code: number
  /** Kubernetes reason, such as Conflict, NotFound, Invalid, Forbidden, Expired, TooManyRequests. */
  readonly reason: string
  /** From Retry-After, if the server sent one. */
  readonly retryAfterMs: number | undefined
  /** metav1.StatusDetails: causes with field and message. */
  readonly details: unknown

  constructor(
    code: number,
    reason: string,
    message: string,
    options: { retryAfterMs?: number; details?: unknown } = {},
  ) {
    super(message)
    this.code = code
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details
  }
}

/**
 * Whether the object that a patch was for is gone, or another one has its name: then a patch that gives `metadata.uid` is
 * answered with 422, for that field cannot be changed.
 */
export function isGone(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false
  if (error.code === 404) return true
  const { causes = [] } = (error.details ?? {}) as { causes?: readonly { field?: string }[] }
  return error.code === 422 && causes.some(({ field }) => field === 'metadata.uid')
}

/** Whether it passes by itself: another write came between, or the server is away or in trouble. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KubeUnreachableError ||
  (error instanceof KubeApiError && ([408, 409, 429].includes(error.code) || error.code >= 500))

/** No answer: connection refused, reset, timed out, TLS failure. */
export class KubeUnreachableError extends Error {
  override readonly name = 'KubeUnreachableError'
}

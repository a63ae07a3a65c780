// Turns answers of the API server that are not a success into KubeApiError. The server explains itself in a metav1.Status;
// what stands in front of it (proxies, load balancers) does so in any other form.
import { KubeApiError } from './errors.ts'

interface Status {
  readonly kind?: unknown
  readonly code?: unknown
  readonly reason?: unknown
  readonly message?: unknown
  readonly details?: { readonly retryAfterSeconds?: unknown }
}

/** What servers mean that send no reason. */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** `action` reads like "apply StatefulSet shop/orders". */
export function parseErrorAnswer(
  action: string,
  httpStatus: number,
  body: string,
  retryAfter: string | undefined,
): KubeApiError {
  const status = parseStatus(body)
  if (status) return statusError(action, status, httpStatus, retryAfter)
  const text = body.trim().slice(0, 200)
  return new KubeApiError(
    httpStatus,
    reasons[httpStatus] ?? 'Unknown',
    `Cannot ${action}: the server answered ${httpStatus}${text === '' ? '' : `: ${text}`}`,
    retryOptions(parseRetryAfterMs(retryAfter)),
  )
}

/** The error that a Status object stands for, such as the object of an ERROR event of a watch. */
export function statusError(action: string, value: unknown, httpStatus = 500, retryAfter?: string): KubeApiError {
  const status = (value ?? {}) as Status
  const code = typeof status.code === 'number' && status.code > 0 ? status.code : httpStatus
  const reason =
    typeof status.reason === 'string' && status.reason !== '' ? status.reason : (reasons[code] ?? 'Unknown')
  const message = typeof status.message === 'string' && status.message !== '' ? status.message : reason
  const seconds = status.details?.retryAfterSeconds
  const retryAfterMs =
    parseRetryAfterMs(retryAfter) ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined)
  return new KubeApiError(code, reason, `Cannot ${action}: ${message} (${code} ${reason})`, {
    ...retryOptions(retryAfterMs),
    ...(status.details === undefined ? {} : { details: status.details }),
  })
}

/** Seconds; the API server never sends the other form of the header, a date. */
function parseRetryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

const retryOptions = (retryAfterMs: number | undefined) => (retryAfterMs === undefined ? {} : { retryAfterMs })

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as Status | null
    return value?.kind === 'Status' ? value : undefined
  } catch {
    return undefined
  }
}

// Where the API server is, from what Kubernetes gives to each pod.
import { FlotillaError } from '../../../base/errors.ts'

export interface ApiAccess {
  /** http only where it was given so: on a laptop. */
  readonly server: URL
  /** Has `token`, `ca.crt` and `namespace`. */
  readonly serviceAccount: string
}

const mountedServiceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * FLOTILLA_API_SERVER (a URL) and FLOTILLA_SERVICE_ACCOUNT (a folder) stand for what a pod has: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT
 * and the folder that Kubernetes mounts.
 */
export function apiAccess(env: Readonly<Record<string, string | undefined>>): ApiAccess {
  const serviceAccount = env['FLOTILLA_SERVICE_ACCOUNT'] || mountedServiceAccount
  const given = env['FLOTILLA_API_SERVER']
  if (given) return { server: parseServer(given), serviceAccount }
  const host = env['KUBERNETES_SERVICE_HOST']
  if (!host)
    throw new FlotillaError(
      'NO_API_SERVER',
      'Cannot elect by a Lease: this process does not run in a pod of Kubernetes (KUBERNETES_SERVICE_HOST is not set), and FLOTILLA_API_SERVER names no API server',
    )
  const port = env['KUBERNETES_SERVICE_PORT'] || '443'
  return { server: parseServer(`https://${host.includes(':') ? `[${host}]` : host}:${port}`), serviceAccount }
}

function parseServer(text: string): URL {
  const url = URL.parse(text)
  if (url && (url.protocol === 'https:' || url.protocol === 'http:')) return url
  throw new FlotillaError(
    'NO_API_SERVER',
    `Cannot use ${text} as API server: give a URL, such as https://10.96.0.1:443`,
  )
}

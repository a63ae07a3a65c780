// The rim of the election by a Lease: HTTP with the API server, as the service account of the pod.
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { join } from 'node:path'
import { errorCode, errorMessage } from '../../../base/errors.ts'
import { http } from '../../../base/node-http.ts'
import type { ApiAccess } from './api-access.ts'
import { LeaseError, type Lease, type LeaseClient, type LeaseErrorKind } from './lease-client.ts'
import { leaseLimits } from './lease-limits.ts'

export interface HttpLeaseClientOptions {
  readonly access: ApiAccess
  readonly name: string
  /** Default: that of the pod. */
  readonly namespace?: string | undefined
  readonly answerTimeoutMs?: number
}

interface Answer {
  readonly status: number
  readonly text: string
}

type Method = 'GET' | 'POST' | 'PUT'

/** Rejects where the pod's namespace is needed and cannot be read. */
export async function openLeaseClient(options: HttpLeaseClientOptions): Promise<LeaseClient> {
  const { access, name, answerTimeoutMs = leaseLimits.answerTimeoutMs } = options
  const namespace = options.namespace ?? (await fileOf(access, 'namespace')).trim()
  return new HttpLeaseClient(access, namespace, name, answerTimeoutMs)
}

class HttpLeaseClient implements LeaseClient {
  readonly namespace: string
  readonly name: string
  readonly #access: ApiAccess
  readonly #answerTimeoutMs: number
  readonly #agent: InstanceType<typeof http.Agent>
  #isClosed = false

  constructor(access: ApiAccess, namespace: string, name: string, answerTimeoutMs: number) {
    this.#access = access
    this.namespace = namespace
    this.name = name
    this.#answerTimeoutMs = answerTimeoutMs
    const kept = { keepAlive: true, maxSockets: 2 }
    this.#agent = access.server.protocol === 'https:' ? new TlsAgent(kept) : new http.Agent(kept)
  }

  async read(): Promise<Lease | undefined> {
    const answer = await this.#ask('GET', this.#path(this.name))
    return answer.status === 404 ? undefined : this.#leaseOf('read', answer)
  }

  async create(lease: Lease): Promise<Lease> {
    return this.#leaseOf('create', await this.#ask('POST', this.#path(), lease))
  }

  async update(lease: Lease): Promise<Lease> {
    return this.#leaseOf('update', await this.#ask('PUT', this.#path(this.name), lease))
  }

  close(): void {
    this.#isClosed = true
    this.#agent.destroy()
  }

  #path(name?: string): string {
    const base = this.#access.server.pathname.replace(/\/$/, '')
    const all = `${base}/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(this.namespace)}/leases`
    return name === undefined ? all : `${all}/${encodeURIComponent(name)}`
  }

  #leaseOf(action: string, { status, text }: Answer): Lease {
    const what = `Cannot ${action} Lease ${this.namespace}/${this.name}`
    if (status < 200 || status > 299) throw new LeaseError(kindOf(status), `${what}: ${explain(status, text)}`)
    try {
      const lease = JSON.parse(text) as Partial<Lease> | null
      if (typeof lease?.metadata?.resourceVersion === 'string') return lease as Lease
    } catch {
      // Said below.
    }
    throw new LeaseError('Refused', `${what}: ${this.#access.server.host} does not answer as an API server`)
  }

  async #ask(method: Method, path: string, lease?: Lease): Promise<Answer> {
    const { server } = this.#access
    try {
      if (this.#isClosed) throw new Error('the client is closed')
      const body = lease && JSON.stringify({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease })
      return await this.#exchange(method, path, body, await this.#credentials())
    } catch (error) {
      if (error instanceof LeaseError) throw error
      throw new LeaseError('Unreachable', `Cannot reach the API server at ${server.host}: ${errorMessage(error)}`, {
        cause: error,
      })
    }
  }

  /** Read again each time: Kubernetes replaces the token long before it expires. */
  async #credentials(): Promise<{ readonly ca?: string; readonly token?: string }> {
    const isPlain = this.#access.server.protocol === 'http:'
    const token = await fileOf(this.#access, 'token', isPlain)
    const ca = isPlain ? '' : await fileOf(this.#access, 'ca.crt', true)
    return { ...(ca && { ca }), ...(token && { token: token.trim() }) }
  }

  #exchange(
    method: Method,
    path: string,
    body: string | undefined,
    { ca, token }: { readonly ca?: string; readonly token?: string },
  ): Promise<Answer> {
    const { server } = this.#access
    return new Promise((resolve, reject) => {
      const send = server.protocol === 'https:' ? tlsRequest : http.request
      const asked = send(
        {
          method,
          path,
          host: server.hostname.replace(/^\[|\]$/g, ''),
          ...(server.port && { port: server.port }),
          agent: this.#agent,
          ...(ca && { ca }),
          signal: AbortSignal.timeout(this.#answerTimeoutMs),
          headers: {
            accept: 'application/json',
            ...(token && { authorization: `Bearer ${token}` }),
            ...(body !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
          },
        },
        (answer) => void collect(answer).then(resolve, reject),
      )
      asked.on('error', reject)
      asked.end(body)
    })
  }
}

async function collect(answer: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length
    if (length > leaseLimits.answerBytes) throw new Error(`its answer is longer than ${leaseLimits.answerBytes} bytes`)
    parts.push(part)
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }
}

async function fileOf({ serviceAccount }: ApiAccess, name: string, isOptional = false): Promise<string> {
  const path = join(serviceAccount, name)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isOptional && errorCode(error) === 'ENOENT') return ''
    throw new LeaseError('Forbidden', `Cannot read ${path} of the service account: ${errorMessage(error)}`, {
      cause: error,
    })
  }
}

function kindOf(status: number): LeaseErrorKind {
  if (status === 409) return 'Conflict'
  if (status === 401 || status === 403) return 'Forbidden'
  // Too busy, or something in front of it has no answer of it.
  return status === 429 || status >= 500 ? 'Unreachable' : 'Refused'
}

/** The API server explains itself in a metav1.Status, what stands in front of it in any other form. */
function explain(status: number, text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown }
    if (typeof message === 'string') return message.slice(0, 400)
  } catch {
    // As it is.
  }
  return `${status} ${text.trim().slice(0, 200)}`
}

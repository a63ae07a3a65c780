// Stands between operators and an API server: answers some requests itself, cuts watches, holds requests back, and keeps a
// record of every write, by whom it was and in which order the server carried it out. Each operator comes in by an entrance
// of its own, which is how it is known.
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ClusterAccess } from '../../operator/kube/kube-config.ts'

export interface ProxiedRequest {
  /** Who came in. */
  readonly who: string
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly isWatch: boolean
  readonly isLease: boolean
}

export interface ProxiedWrite extends ProxiedRequest {
  readonly sentAtMs: number
  /** Undefined while nobody has answered. */
  answeredAtMs: number | undefined
  /** Of the server, whatever the operator was told; undefined: it never got there, or no answer came from there. */
  status: number | undefined
  /** etcd's revision, which orders all writes; undefined where the answer does not tell it, as of some deletions. */
  revision: number | undefined
  /** Of a Lease: whom it makes the holder. */
  readonly holder: string | undefined
}

/** What is done instead of passing a request on: an answer with this status, before or after the server has carried it out. */
export interface Fault {
  readonly status: 409 | 429 | 500
  readonly afterwards?: boolean
}

const reasons = { 409: 'Conflict', 429: 'TooManyRequests', 500: 'InternalError' } as const

export class ApiProxy {
  readonly writes: ProxiedWrite[] = []
  /** Asked about every request; a promise holds it back. */
  fault: (request: ProxiedRequest) => Fault | undefined | Promise<Fault | undefined> = () => undefined
  readonly #access: ClusterAccess
  readonly #agent: HttpsAgent
  readonly #entrances: Server[] = []
  readonly #watches = new Set<ServerResponse>()

  constructor(access: ClusterAccess) {
    this.#access = access
    this.#agent = new HttpsAgent({ ...access.tls, keepAlive: true })
  }

  /** Opens an entrance, and returns the text of a kubeconfig for it. */
  async open(who: string, namespace: string): Promise<string> {
    const server = createServer((request, response) => void this.#serve(who, request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#entrances.push(server)
    const { port } = server.address() as AddressInfo
    return JSON.stringify({
      clusters: [{ name: 'proxy', cluster: { server: `http://127.0.0.1:${port}` } }],
      contexts: [{ name: 'proxy', context: { cluster: 'proxy', namespace } }],
      'current-context': 'proxy',
    })
  }

  /** Ends all watches that are open, in the middle; returns how many. */
  cutWatches(): number {
    const open = [...this.#watches]
    for (const response of open) response.destroy()
    return open.length
  }

  stop(): void {
    for (const server of this.#entrances) {
      server.close()
      server.closeAllConnections()
    }
    this.#agent.destroy()
  }

  async #serve(who: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = incoming
    const { pathname, searchParams } = new URL(path, 'http://localhost')
    const isLease = pathname.startsWith('/apis/coordination.k8s.io/')
    const request = { who, method, path, isWatch: searchParams.has('watch'), isLease }
    try {
      const body = await readAll(incoming)
      const write = method === 'GET' ? undefined : this.#note(request, body)
      const fault = await this.fault(request)
      if (response.destroyed) return
      if (fault && !fault.afterwards) this.#refuse(response, write, fault)
      else await this.#pass(request, incoming, body, response, write, fault)
    } catch {
      // Whoever asked is gone, or the server is: a broken connection says so to the other one.
      response.destroy()
    }
  }

  #note(request: ProxiedRequest, body: Buffer): ProxiedWrite {
    const { holderIdentity: holder } = request.isLease ? specOf(body) : {}
    const sentAtMs = performance.now()
    const open = { answeredAtMs: undefined, status: undefined, revision: undefined }
    const write: ProxiedWrite = { ...request, sentAtMs, holder, ...open }
    this.writes.push(write)
    return write
  }

  #refuse(response: ServerResponse, write: ProxiedWrite | undefined, { status }: Fault): void {
    if (write) write.answeredAtMs = performance.now()
    const reason = reasons[status]
    const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message: 'a storm' }
    response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) })
    response.end(JSON.stringify(body))
  }

  async #pass(
    request: ProxiedRequest,
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    write: ProxiedWrite | undefined,
    fault: Fault | undefined,
  ): Promise<void> {
    const answer = await this.#ask(request, incoming, body, response)
    if (write) {
      const text = await readAll(answer)
      write.answeredAtMs = performance.now()
      write.status = answer.statusCode
      write.revision = revisionIn(text)
      if (fault) return this.#refuse(response, undefined, fault)
      response.writeHead(answer.statusCode!, answer.headers)
      response.end(text)
      return
    }
    if (fault) {
      answer.destroy()
      return this.#refuse(response, undefined, fault)
    }
    response.writeHead(answer.statusCode!, answer.headers)
    response.flushHeaders()
    if (request.isWatch) {
      this.#watches.add(response)
      response.on('close', () => this.#watches.delete(response))
    }
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  }

  /** When whoever asked goes away, the server learns that. */
  async #ask(
    { method, path }: ProxiedRequest,
    { headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<IncomingMessage> {
    const target = new URL(path, this.#access.server)
    const { host: _, ...kept } = headers
    const options: RequestOptions = { method, headers: { ...kept, ...(await this.#access.credentials(false)) } }
    const outgoing =
      target.protocol === 'https:'
        ? httpsRequest(target, { ...options, agent: this.#agent })
        : httpRequest(target, options)
    response.on('close', () => response.writableFinished || outgoing.destroy())
    outgoing.end(body)
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    return answer
  }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const specOf = (body: Buffer): { holderIdentity?: string } =>
  (JSON.parse(body.toString()) as { spec?: { holderIdentity?: string } }).spec ?? {}

function revisionIn(answer: Buffer): number | undefined {
  const { metadata } = JSON.parse(answer.toString()) as { metadata?: { resourceVersion?: string } }
  return metadata?.resourceVersion === undefined ? undefined : Number(metadata.resourceVersion)
}

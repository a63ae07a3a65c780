// The rim of the Kubernetes port: HTTP over one shared pool of kept-alive connections. Raw JSON in and out.
//
// It keeps nothing, retries nothing (but once after a 401, with fresh credentials) and caches nothing: that is for those
// who know why they asked.
import { Agent, type Dispatcher } from 'undici'
import { errorCode, errorMessage, isError } from '../../broker/base/errors.ts'
import { KubeApiError, KubeUnreachableError } from './errors.ts'
import type { ClusterAccess } from './kube-config.ts'
import {
  answerTimeoutMs,
  connectTimeoutMs,
  keepAliveMs,
  listPageSize,
  maxListRestarts,
  maxAnswerBytes,
  maxConnections,
  watchSlackMs,
} from './limits.ts'
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  KubeObject,
  ListOptions,
  ObjectKey,
  ResourceType,
  WatchEvent,
} from './port.ts'
import { buildCollectionPath, buildObjectPath, buildQuery, selectorQuery } from './requests.ts'
import { parseErrorAnswer } from './status.ts'
import { WatchDecoder } from './watch-decoder.ts'

interface KubeClientOptions {
  readonly access: ClusterAccess
  /** Seen in the server's audit log; also the default field manager of creates and replaces. */
  readonly userAgent?: string
  /** Told of each request: what was asked (`list`, `apply`, …) and the status of the answer, if there was one. */
  readonly onAnswer?: (verb: string, code: number | undefined) => void
  /** For tests. */
  readonly limits?: {
    readonly connectTimeoutMs?: number
    readonly answerTimeoutMs?: number
    readonly watchSlackMs?: number
    readonly listPageSize?: number
  }
}

export interface HttpKubeClient extends KubeClient {
  /** Ends watches and requests that are under way, which then reject; later ones are not touched. */
  cutRequests(): void
  /** The same, for good. */
  close(): Promise<void>
}

export const openKubeClient = (options: KubeClientOptions): HttpKubeClient => new UndiciKubeClient(options)

interface Request {
  /** For messages: "apply StatefulSet shop/orders". */
  readonly action: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly contentType?: string
  readonly signal?: AbortSignal
  readonly bodyTimeoutMs?: number
}

interface ListPage {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: KubeObject[] | null
}

class UndiciKubeClient implements HttpKubeClient {
  readonly #access: ClusterAccess
  readonly #openAgent: () => Agent
  #agent: Agent
  readonly #origin: string
  readonly #basePath: string
  readonly #userAgent: string
  readonly #onAnswer: (verb: string, code: number | undefined) => void
  readonly #answerTimeoutMs: number
  readonly #watchSlackMs: number
  readonly #listPageSize: number

  constructor({ access, userAgent = 'flotilla-operator', onAnswer = () => {}, limits = {} }: KubeClientOptions) {
    const url = new URL(access.server)
    this.#access = access
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
    this.#userAgent = userAgent
    this.#onAnswer = onAnswer
    this.#answerTimeoutMs = limits.answerTimeoutMs ?? answerTimeoutMs
    this.#watchSlackMs = limits.watchSlackMs ?? watchSlackMs
    this.#listPageSize = limits.listPageSize ?? listPageSize
    this.#openAgent = () =>
      new Agent({
        connect: {
          ...access.tls,
          timeout: limits.connectTimeoutMs ?? connectTimeoutMs,
          keepAlive: true,
          keepAliveInitialDelay: 30_000,
        },
        allowH2: false,
        connections: maxConnections,
        keepAliveTimeout: keepAliveMs,
        headersTimeout: this.#answerTimeoutMs,
        bodyTimeout: this.#answerTimeoutMs,
      })
    this.#agent = this.#openAgent()
  }

  async get<T extends KubeObject>(type: ResourceType, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#send<T>({
        action: `get ${nameOf(type, key)}`,
        method: 'GET',
        path: buildObjectPath(type, key),
      })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#listPages<T>(type, options)
      } catch (error) {
        const expired = error instanceof KubeApiError && error.code === 410
        if (!expired || restarts >= maxListRestarts) throw error
      }
    }
  }

  async watch<T extends KubeObject>(
    type: ResourceType,
    options: ListOptions & { readonly resourceVersion: string; readonly timeoutSeconds: number },
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const action = `watch ${scopeOf(type, options)}`
    const query = buildQuery({
      ...selectorQuery(options),
      watch: 1,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    })
    const path = buildCollectionPath(type, options.namespace) + query
    const bodyTimeoutMs = options.timeoutSeconds * 1000 + this.#watchSlackMs
    if (signal.aborted) return
    try {
      const answer = await this.#request({ action, method: 'GET', path, signal, bodyTimeoutMs })
      await this.#readWatch(action, answer.body, new WatchDecoder<T>(action), onEvent)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  create<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const path = buildCollectionPath(type, object.metadata.namespace) + buildQuery({ fieldValidation: 'Strict' })
    return this.#send({ action: `create ${nameOf(type, object.metadata)}`, method: 'POST', path, body: object })
  }

  replace<T extends KubeObject>(type: ResourceType, object: T): Promise<T> {
    const path = buildObjectPath(type, object.metadata) + buildQuery({ fieldValidation: 'Strict' })
    return this.#send({ action: `replace ${nameOf(type, object.metadata)}`, method: 'PUT', path, body: object })
  }

  apply<T extends KubeObject>(type: ResourceType, object: T, options: ApplyOptions): Promise<T> {
    const query = buildQuery({
      fieldManager: options.fieldManager,
      force: options.force,
      fieldValidation: 'Strict',
      dryRun: options.dryRun ? 'All' : undefined,
    })
    const what = `${nameOf(type, object.metadata)}${options.subresource ? ` (${options.subresource})` : ''}`
    return this.#send({
      action: `apply ${what}`,
      method: 'PATCH',
      path: buildObjectPath(type, object.metadata, options.subresource) + query,
      // JSON is YAML.
      contentType: 'application/apply-patch+yaml',
      body: object,
    })
  }

  mergePatch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: object,
    fieldManager: string,
  ): Promise<T> {
    return this.#send({
      action: `patch ${nameOf(type, key)}`,
      method: 'PATCH',
      path: buildObjectPath(type, key) + buildQuery({ fieldManager, fieldValidation: 'Strict' }),
      contentType: 'application/merge-patch+json',
      body: patch,
    })
  }

  async delete(type: ResourceType, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, ...rest } = options
    const preconditions =
      uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }
    try {
      await this.#send({
        action: `delete ${nameOf(type, key)}`,
        method: 'DELETE',
        path: buildObjectPath(type, key),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...preconditions },
      })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  cutRequests(): void {
    const cut = this.#agent
    this.#agent = this.#openAgent()
    void cut.destroy()
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #listPages<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<KubeList<T>> {
    const items: T[] = []
    const action = `list ${scopeOf(type, options)}`
    let token: string | undefined
    for (;;) {
      const query = buildQuery({ ...selectorQuery(options), limit: this.#listPageSize, continue: token })
      const path = buildCollectionPath(type, options.namespace) + query
      const page = await this.#send<ListPage>({ action, method: 'GET', path })
      // The items of a list do not say what they are.
      for (const item of page.items ?? [])
        items.push({ ...item, apiVersion: type.apiVersion, kind: type.kind } as KubeObject as T)
      token = page.metadata?.continue
      if (!token) return { items, resourceVersion: page.metadata?.resourceVersion ?? '' }
    }
  }

  async #readWatch<T extends KubeObject>(
    action: string,
    body: Dispatcher.ResponseData['body'],
    decoder: WatchDecoder<T>,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const chunks = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await chunks.next().catch((error: unknown) => {
          throw this.#unreachable(action, error)
        })
        if (next.done) break
        decoder.push(next.value as Uint8Array, onEvent)
      }
    } finally {
      body.destroy()
    }
    if (decoder.pendingBytes > 0) throw this.#unreachable(action, new Error('the answer ended within an event'))
  }

  async #send<T>(request: Request): Promise<T> {
    const answer = await this.#request(request)
    const text = await this.#readText(request.action, answer.body)
    try {
      return JSON.parse(text) as T
    } catch {
      const shown = text.slice(0, 100)
      throw new KubeApiError(500, 'InvalidAnswer', `Cannot ${request.action}: the answer is not JSON: ${shown}`)
    }
  }

  /** An answer with a status of success; its body must be read or destroyed. */
  async #request(request: Request): Promise<Dispatcher.ResponseData> {
    let answer = await this.#attempt(request, false)
    if (answer.statusCode === 401) {
      await this.#discard(answer)
      answer = await this.#attempt(request, true)
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
    const body = await this.#readText(request.action, answer.body)
    const retryAfter = answer.headers['retry-after']
    throw parseErrorAnswer(
      request.action,
      answer.statusCode,
      body,
      typeof retryAfter === 'string' ? retryAfter : undefined,
    )
  }

  async #attempt(request: Request, freshCredentials: boolean): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': this.#userAgent }
    if (request.body) headers['content-type'] = request.contentType ?? 'application/json'
    try {
      Object.assign(headers, await this.#access.credentials(freshCredentials))
      const answer = await this.#agent.request({
        origin: this.#origin,
        path: this.#basePath + request.path,
        method: request.method,
        headers,
        ...(request.body ? { body: JSON.stringify(request.body) } : {}),
        ...(request.signal ? { signal: request.signal } : {}),
        ...(request.bodyTimeoutMs === undefined ? {} : { bodyTimeout: request.bodyTimeoutMs }),
      })
      this.#onAnswer(verbOf(request), answer.statusCode)
      return answer
    } catch (error) {
      this.#onAnswer(verbOf(request), undefined)
      throw this.#unreachable(request.action, error)
    }
  }

  async #discard(answer: Dispatcher.ResponseData): Promise<void> {
    await answer.body.dump().catch(() => {})
  }

  async #readText(action: string, body: Dispatcher.ResponseData['body']): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    try {
      for await (const chunk of body) {
        bytes += (chunk as Uint8Array).length
        if (bytes > maxAnswerBytes) break
        chunks.push(chunk as Uint8Array)
      }
    } catch (error) {
      throw this.#unreachable(action, error)
    }
    if (bytes <= maxAnswerBytes) return Buffer.concat(chunks).toString('utf8')
    throw new KubeApiError(500, 'InvalidAnswer', `Cannot ${action}: the answer is larger than ${maxAnswerBytes} bytes`)
  }

  #unreachable(action: string, cause: unknown): KubeUnreachableError {
    return new KubeUnreachableError(`Cannot ${action}: no answer from ${this.#origin}: ${explain(cause)}`, { cause })
  }
}

const verbOf = ({ action }: Request): string => action.split(' ', 1)[0]!

const nameOf = (type: ResourceType, key: { readonly namespace?: string; readonly name: string }): string =>
  `${type.kind} ${key.namespace ? `${key.namespace}/` : ''}${key.name}`

const scopeOf = (type: ResourceType, options: ListOptions): string =>
  `${type.plural} ${options.namespace ? `in ${options.namespace}` : 'in all namespaces'}`

const isNotFound = (error: unknown): boolean => error instanceof KubeApiError && error.code === 404

/** Connecting to a name with several addresses fails with an error that has no text but those of each address. */
function explain(cause: unknown): string {
  const inner = isError(cause) && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors[0] : undefined
  const message = errorMessage(inner ?? cause)
  const code = errorCode(cause)
  return code === undefined || message.includes(code) ? message : `${message} (${code})`
}

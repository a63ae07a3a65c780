// The admin port: some paths to look in (contract.ts), on active and standby alike. It changes nothing in the broker, save that
// a durable subscription without a consumer can be deleted, as any client may do that can reach the broker, network connectors
// can be stopped and started, and a broker can be made to give all that it has to others. Open without authentication, as its answers carry no message and no credential; who may reach it is
// up to the network.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorCode, errorMessage, FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { http } from '../base/node-http.ts'
import {
  adminPaths,
  type BrokerSnapshot,
  type ConnectionRow,
  type DestinationRow,
  type DrainRequest,
  type InventoryAnswer,
  type NetworkAnswer,
  type RoleAnswer,
  rolesAndBridgesQuery,
  rolesQuery,
  type SubscriptionRow,
} from './contract.ts'
import {
  keepAliveInitialDelayMs,
  keepAliveTimeoutMs,
  maxAdminConnections,
  maxBodyBytes,
  maxHeaderBytes,
  maxWatches,
  requestTimeoutMs,
} from './limits.ts'
import { renderMetrics, type Measurements } from './metrics.ts'
import { parseConnectorRequest, type ConnectorRequest } from './connector-request.ts'
import { parseDrainRequest } from './drain-request.ts'
import { readBody } from './request-body.ts'
import { parsePageRequest, type PageRequest } from './page-request.ts'
import { parseSubscriptionRequest, type SubscriptionRequest } from './subscription-request.ts'

export type Deletion =
  | { readonly deleted: true }
  | { readonly deleted: false; readonly status: 404 | 409; readonly why: string }

export type ConnectorSwitch =
  | { readonly done: true }
  | { readonly done: false; readonly status: 404 | 409; readonly why: string }

export type DrainAnswer =
  | { readonly done: true }
  | { readonly done: false; readonly status: 400 | 409; readonly why: string }

/** What the admin port asks of the broker. */
export interface AdminSource {
  role(): RoleAnswer
  /** Calls the listener each time the role is another one. Returns how to end that. */
  onRoleChange(listener: () => void): () => void
  /** The same each time that a bridge is there, or is no longer. */
  onBridgeChange(listener: () => void): () => void
  /** Why this member is not healthy in its role; undefined when it is. */
  notReadyReason(): string | undefined
  snapshot(): Promise<BrokerSnapshot>
  connections(page: PageRequest): InventoryAnswer<ConnectionRow>
  destinations(page: PageRequest): InventoryAnswer<DestinationRow>
  subscriptions(page: PageRequest): InventoryAnswer<SubscriptionRow>
  /** Resolves when it is gone for good, or cannot go. */
  deleteSubscription(request: SubscriptionRequest): Promise<Deletion>
  network(): NetworkAnswer
  switchConnector(request: ConnectorRequest): ConnectorSwitch
  drain(request: DrainRequest): DrainAnswer
  /** Resolves when it takes part again, or cannot. */
  endDrain(): Promise<DrainAnswer>
  measurements(): Measurements
}

export interface AdminAddress {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
}

export class AdminServer {
  readonly #source: AdminSource
  readonly #logger: Logger
  readonly #server: Server
  #watches = 0
  /** Of these: who is told of changes, and does not wait for the end. */
  #toldRoles = 0

  constructor(source: AdminSource, logger: Logger) {
    this.#source = source
    this.#logger = logger
    this.#server = http.createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveInitialDelayMs,
      },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = maxAdminConnections
  }

  /** So many wait for the end of this member. */
  get awaiting(): number {
    return this.#watches - this.#toldRoles
  }

  /** Resolves with the port. Rejects with a FlotillaError that names host and port. */
  open({ host, port }: AdminAddress): Promise<number> {
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(cannotOpen(host, port, error)))
      server.listen(port, host, () => {
        server.removeAllListeners('error')
        server.on('error', (error) => this.#logger.error('Admin port failed', { error }))
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      this.#logger.error('Cannot answer a request of the admin port', { path: request.url, error })
      if (!response.headersSent) sendText(response, 500, 'internal error, see the log\n')
      else response.destroy()
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (pathOf(request).startsWith(`${adminPaths.networkConnectors}/`)) return this.#switchConnector(request, response)
    if (pathOf(request) === adminPaths.drain) return this.#drain(request, response)
    const isSubscriptions = pathOf(request) === adminPaths.subscriptions
    if (isSubscriptions && request.method === 'DELETE') return this.#deleteSubscription(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const allowed = isSubscriptions ? ['GET', 'HEAD', 'DELETE'] : ['GET', 'HEAD']
      response.setHeader('allow', allowed.join(', '))
      sendText(response, 405, `only ${allowed.join(' and ')} are answered here\n`)
      return
    }
    switch (pathOf(request)) {
      case adminPaths.livez:
        sendText(response, 200, 'alive\n')
        return
      case adminPaths.readyz: {
        const reason = this.#source.notReadyReason()
        sendText(response, reason === undefined ? 200 : 503, `${reason ?? 'ready'}\n`)
        return
      }
      case adminPaths.role:
        sendJson(response, this.#source.role())
        return
      case adminPaths.snapshot:
        sendJson(response, await this.#source.snapshot())
        return
      case adminPaths.connections:
        sendPage(request, response, (page) => this.#source.connections(page))
        return
      case adminPaths.destinations:
        sendPage(request, response, (page) => this.#source.destinations(page))
        return
      case adminPaths.subscriptions:
        sendPage(request, response, (page) => this.#source.subscriptions(page))
        return
      case adminPaths.networkConnectors:
        sendJson(response, this.#source.network())
        return
      case adminPaths.metrics: {
        const { contentType, text } = await renderMetrics(this.#source.measurements())
        send(response, 200, contentType, text)
        return
      }
      case adminPaths.watch:
        this.#beWatched(request, response)
        return
      default:
        sendText(response, 404, `there are only ${Object.values(adminPaths).join(' ')}\n`)
    }
  }

  async #deleteSubscription(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = parseSubscriptionRequest(queryOf(request))
    if (!parsed.ok) return sendText(response, 400, `${parsed.problems.join('\n')}\n`)
    const result = await this.#source.deleteSubscription(parsed.request)
    if (result.deleted) {
      this.#logger.info('A durable subscription was deleted at the admin port', { ...parsed.request })
      sendText(response, 200, 'deleted\n')
    } else sendText(response, result.status, `${result.why}\n`)
  }

  #switchConnector(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      return sendText(response, 405, 'only POST is answered here\n')
    }
    // A browser sends a POST for any page to any address that it can reach, and says so. DELETE it asks about before.
    if (request.headers.origin !== undefined) return sendText(response, 403, 'not for web pages\n')
    const parsed = parseConnectorRequest(pathOf(request), queryOf(request))
    if (!parsed)
      return sendText(response, 404, `there are only ${adminPaths.networkConnectors}/{name}/start and /stop\n`)
    const result = this.#source.switchConnector(parsed)
    if (!result.done) return sendText(response, result.status, `${result.why}\n`)
    const done = parsed.started ? 'started' : 'stopped'
    this.#logger.info('A network connector was switched at the admin port', { connector: parsed.name, done })
    sendText(response, 200, `${done}\n`)
  }

  async #drain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request
    if (method !== 'PUT' && method !== 'DELETE') {
      response.setHeader('allow', 'PUT, DELETE')
      return sendText(response, 405, 'only PUT and DELETE are answered here\n')
    }
    if (headers.origin !== undefined) return sendText(response, 403, 'not for web pages\n')
    const result = method === 'PUT' ? await this.#beginDrain(request) : await this.#source.endDrain()
    if (!result.done) return sendText(response, result.status, `${result.why}\n`)
    this.#logger.info('A drain was switched at the admin port', { drains: method === 'PUT' })
    sendText(response, 200, method === 'PUT' ? 'drains\n' : 'takes part\n')
  }

  async #beginDrain(request: IncomingMessage): Promise<DrainAnswer> {
    const body = await readBody(request)
    if (body === null) return { done: false, status: 400, why: `the body: expected at most ${maxBodyBytes} bytes` }
    const parsed = parseDrainRequest(body)
    return parsed.ok
      ? this.#source.drain(parsed.request)
      : { done: false, status: 400, why: parsed.problems.join('\n') }
  }

  /** Answered with headers now, and with the end of the connection when this process ends or closes the port. */
  #beWatched(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'HEAD') return sendText(response, 200, '')
    if (this.#watches >= maxWatches) return sendText(response, 503, `no more than ${maxWatches} watch at a time\n`)
    this.#watches++
    response.once('close', () => this.#watches--)
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    const query = queryOf(request)
    if (query === rolesQuery || query === rolesAndBridgesQuery)
      this.#tellRoles(response, query === rolesAndBridgesQuery)
    else response.flushHeaders()
  }

  /** A handful of lines in the life of a process, or in that of a bridge: whoever does not read them does no harm. */
  #tellRoles(response: ServerResponse, withBridges: boolean): void {
    const tell = (): void => void response.write(`${JSON.stringify(this.#source.role())}\n`)
    this.#toldRoles++
    response.once('close', this.#source.onRoleChange(tell))
    if (withBridges) response.once('close', this.#source.onBridgeChange(tell))
    response.once('close', () => this.#toldRoles--)
    tell()
  }
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?', 1)[0] ?? ''

const queryOf = (request: IncomingMessage): string => (request.url ?? '').split('?').slice(1).join('?')

function sendPage<Row>(
  request: IncomingMessage,
  response: ServerResponse,
  read: (page: PageRequest) => InventoryAnswer<Row>,
): void {
  const parsed = parsePageRequest(queryOf(request))
  if (parsed.ok) sendJson(response, read(parsed.request))
  else sendText(response, 400, `${parsed.problems.join('\n')}\n`)
}

const sendText = (response: ServerResponse, status: number, text: string): void =>
  send(response, status, 'text/plain; charset=utf-8', text)

const sendJson = (response: ServerResponse, value: unknown): void =>
  send(response, 200, 'application/json', JSON.stringify(value))

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}

function cannotOpen(host: string, port: number, error: Error): FlotillaError {
  const reason = errorCode(error) === 'EADDRINUSE' ? 'the port is in use' : errorMessage(error)
  return new FlotillaError('CANNOT_LISTEN', `Cannot open admin port ${port} on ${host}: ${reason}`, {
    fields: { host, port },
    cause: error,
  })
}

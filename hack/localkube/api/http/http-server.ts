// The HTTP door: sockets, limits, faults for tests, Status objects for errors. What requests mean is router.ts.
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { dump } from 'js-yaml'
import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ApiAnswer, ApiRequest } from './api-request.ts'
import type { JsonObject } from '../json-value.ts'
import { maxRequestBodyBytes } from '../limits.ts'
import { asksForStream, createStreamServer, type StreamServer } from './pod-streams.ts'
import { requireResource, route, type RouterPorts } from './router.ts'
import { RegistryError } from '../status-error.ts'

export interface Fault {
  readonly status: 409 | 410 | 429 | 500 | 503
  readonly retryAfterSeconds?: number
  /** The request takes effect; only its answer is replaced. */
  readonly after?: boolean
}

/** Asked before each request; what it returns happens to the request. `drop` cuts the connection. */
export type Faults = (request: { method: string; path: string; body?: unknown }) => undefined | Fault | 'drop'

interface HttpServerOptions extends RouterPorts {
  readonly faults?: Faults
}

interface HttpServer {
  listen(host: string, port: number): Promise<{ host: string; port: number; url: string }>
  close(): Promise<void>
}

const faultReasons: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const app = fastify({
    bodyLimit: maxRequestBodyBytes,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 4096 },
    http: { shouldUpgradeCallback: asksForStream },
  })
  const streams = createStreamServer()
  app.server.on('upgrade', (request, socket, head) => upgrade(options, streams, request, socket, head))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, _request, reply) => sendAnswer(reply, errorAnswer(error)))
  app.setNotFoundHandler((request, reply) => answer(options, request, reply))
  return {
    listen: async (host, port) => {
      const url = await app.listen({ host, port })
      const address = app.server.address()
      return { host, port: typeof address === 'object' && address ? address.port : port, url }
    },
    close: async () => {
      streams.close()
      await app.close()
    },
  }
}

async function answer(options: HttpServerOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const apiRequest = readRequest(request)
  const fault = options.faults?.({ method: apiRequest.method, path: request.url, ...bodyForFaults(apiRequest) })
  if (fault === 'drop') {
    reply.hijack()
    request.raw.socket.destroy()
    return
  }
  if (fault && !fault.after) return sendAnswer(reply, faultAnswer(fault))
  let result: ApiAnswer
  try {
    result = await route(options, apiRequest)
  } catch (error) {
    result = errorAnswer(error)
  }
  if (fault) return sendAnswer(reply, faultAnswer(fault))
  if (result.stream) return stream(request.raw, reply, result.stream)
  sendAnswer(reply, result)
}

/** What asks for a WebSocket never came to the application. */
function upgrade(
  options: HttpServerOptions,
  streams: StreamServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { method = 'GET', url = '/', headers } = request
  socket.on('error', () => socket.destroy())
  const fault = options.faults?.({ method, path: url })
  if (fault === 'drop') return void socket.destroy()
  try {
    if (fault) throw faultError(fault)
    streams.accept(requireResource(options, parseRequest({ method, url, headers })), request, socket, head)
  } catch (error) {
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Socket)
    response.once('finish', () => socket.end())
    sendRaw(response, errorAnswer(error))
  }
}

const readRequest = ({ method, url, headers, body }: FastifyRequest): ApiRequest =>
  parseRequest({ method, url, headers, ...(Buffer.isBuffer(body) ? { body } : {}) })

function parseRequest({
  method,
  url,
  headers,
  body,
}: Pick<FastifyRequest, 'method' | 'url' | 'headers'> & { body?: Buffer }): ApiRequest {
  const end = url.indexOf('?')
  return {
    method,
    path: end < 0 ? url : url.slice(0, end),
    query: new URLSearchParams(end < 0 ? '' : url.slice(end)),
    accept: headers.accept,
    contentType: headers['content-type'],
    userAgent: headers['user-agent'],
    body: body ?? Buffer.alloc(0),
  }
}

function bodyForFaults(request: ApiRequest): { body?: unknown } {
  if (request.body.length === 0) return {}
  try {
    return { body: JSON.parse(request.body.toString()) as unknown }
  } catch {
    return { body: request.body.toString() }
  }
}

async function stream(
  request: IncomingMessage,
  reply: FastifyReply,
  write: NonNullable<ApiAnswer['stream']>,
): Promise<void> {
  const gone = new AbortController()
  reply.raw.on('close', () => gone.abort())
  reply.hijack()
  request.socket.setNoDelay(true)
  try {
    await write(reply.raw, gone.signal)
  } catch (error) {
    if (!reply.raw.headersSent) sendRaw(reply.raw, errorAnswer(error))
    else reply.raw.destroy()
  }
}

function sendAnswer(reply: FastifyReply, result: ApiAnswer): void {
  reply.hijack()
  sendRaw(reply.raw, result)
}

function sendRaw(response: ServerResponse, result: ApiAnswer): void {
  const { type, content } = result.text ?? encodeBody(result)
  const warnings = [...new Set(result.warnings)].map((warning) => `299 - ${JSON.stringify(toHeaderText(warning))}`)
  response.writeHead(result.code, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(content),
    'Cache-Control': 'no-cache, private',
    ...result.headers,
    ...(warnings.length === 0 ? {} : { Warning: warnings }),
  })
  response.end(content)
}

function encodeBody(result: ApiAnswer): { type: string; content: string } {
  if (result.yaml) return { type: 'application/yaml', content: dump(result.body, { noRefs: true }) }
  return { type: result.contentType ?? 'application/json', content: `${JSON.stringify(result.body)}\n` }
}

/** Headers carry printable ASCII only. */
const toHeaderText = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 1000)

function errorAnswer(error: unknown): ApiAnswer {
  const refusal = error instanceof RegistryError ? error : fromForeignError(error)
  const retryAfter = refusal.details?.retryAfterSeconds
  return {
    code: refusal.code,
    body: refusal.toStatus(),
    ...(retryAfter === undefined ? {} : { headers: { 'Retry-After': String(retryAfter) } }),
  }
}

function fromForeignError(error: unknown): RegistryError {
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode === 413)
    return new RegistryError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${maxRequestBodyBytes}`)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RegistryError(statusCode, 'BadRequest', message ?? 'bad request')
  return new RegistryError(500, 'InternalError', `Internal error occurred: ${message ?? String(error)}`)
}

const faultAnswer = (fault: Fault): ApiAnswer => errorAnswer(faultError(fault))

function faultError(fault: Fault): RegistryError {
  const details: JsonObject =
    fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }
  return new RegistryError(fault.status, faultReasons[fault.status]!, 'injected fault', details)
}

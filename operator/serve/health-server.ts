// The operator's own port for probes and scrapers:
//
//   GET /healthz   200 while the event loop turns, else nothing
//   GET /readyz    200 when the operator is ready to work (as leader, or to become it), else 503 and the reason
//   GET /metrics   Prometheus text
//
// Nothing here says anything about broker clusters: their state is in their status.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorCode, errorMessage, FlotillaError } from '../../broker/base/errors.ts'
import type { Logger } from '../../broker/base/logger.ts'
import { http } from '../../broker/base/node-http.ts'
import { maxConnections, maxHeaderBytes, requestTimeoutMs } from './limits.ts'

interface HealthSource {
  /** Why the operator is not ready; undefined when it is. */
  notReadyReason(): string | undefined
  renderMetrics(): Promise<{ contentType: string; text: string }>
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Rejects with a FlotillaError that names host and port. Port 0 = any free one. */
export async function openHealthServer(
  source: HealthSource,
  address: { readonly host: string; readonly port: number },
  logger: Logger,
): Promise<HealthServer> {
  const server = http.createServer(
    { maxHeaderSize: maxHeaderBytes, requestTimeout: requestTimeoutMs },
    (request, response) => void answer(source, request, response, logger),
  )
  server.maxConnections = maxConnections
  await listen(server, address)
  server.on('error', (error) => logger.error('Health port failed', { error: errorMessage(error) }))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const reason = errorCode(error) === 'EADDRINUSE' ? 'the port is in use' : errorMessage(error)
      const message = `Cannot open health port ${port} on ${host}: ${reason}`
      reject(new FlotillaError('CANNOT_LISTEN', message, { fields: { host, port }, cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

async function answer(
  source: HealthSource,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  try {
    await route(source, request, response)
  } catch (error) {
    logger.error('Cannot answer a request of the health port', { path: request.url, error: errorMessage(error) })
    if (response.headersSent) response.destroy()
    else sendText(response, 500, 'internal error, see the log\n')
  }
}

async function route(source: HealthSource, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return sendText(response, 405, 'only GET and HEAD are answered here\n')
  }
  switch ((request.url ?? '').split('?', 1)[0] ?? '') {
    case '/healthz':
      return sendText(response, 200, 'alive\n')
    case '/readyz': {
      const reason = source.notReadyReason()
      return sendText(response, reason === undefined ? 200 : 503, `${reason ?? 'ready'}\n`)
    }
    case '/metrics': {
      const { contentType, text } = await source.renderMetrics()
      return send(response, 200, contentType, text)
    }
    default:
      return sendText(response, 404, 'there are only /healthz /readyz /metrics\n')
  }
}

const sendText = (response: ServerResponse, status: number, text: string): void =>
  send(response, status, 'text/plain; charset=utf-8', text)

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(body)
}

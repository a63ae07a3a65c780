// exec and port-forward of pods: from the request for a WebSocket to the streams of hack/localkube/api/stream.
// kubectl asks for a WebSocket first (since 1.31); refused, it asks again with SPDY and shows the answer to that. So what is
// wrong is said to requests without a WebSocket, too; they never get more. attach is refused with the way that there is (501).
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { parseFlag, type ApiAnswer } from './api-request.ts'
import type { PodName, PodStreams } from '../registry.ts'
import { chooseContainer, podNameOf } from './pod-subresources.ts'
import { refusedMethod, requireObject, type ResourceRequest } from './resource-request.ts'
import { badRequest, RegistryError } from '../status-error.ts'
import { forwardPorts, portForwardProtocol } from '../stream/port-forward.ts'
import { attachProcess, remoteCommandProtocols } from '../stream/remote-command.ts'

const streamPath = /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/(exec|portforward)(\?|$)/

/** True for requests that are to become a WebSocket; all others with an Upgrade header are answered as if they had none. */
export const asksForStream = ({ url, headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && streamPath.test(url ?? '')

export function podStream(target: ResourceRequest): ApiAnswer {
  if (target.request.method !== 'POST' && target.request.method !== 'GET') throw refusedMethod()
  checkStream(target)
  throw badRequest(
    `Cannot ${target.path.subresource === 'exec' ? 'exec' : 'forward ports'}: localkube speaks it over WebSockets only, as kubectl 1.31 and newer do`,
  )
}

interface CheckedStream {
  readonly pod: PodName
  readonly container: string
  readonly streams: PodStreams
}

/** Errors: 400 (no such container, no command), 404, 500 (it does not run), 503. */
function checkStream(target: ResourceRequest): CheckedStream {
  const { query } = target.request
  const pod = requireObject(target)
  const isExec = target.path.subresource === 'exec'
  const container = isExec ? chooseContainer(pod, query.get('container') || undefined) : ''
  const streams = target.podStreams()
  if (!streams)
    throw new RegistryError(503, 'ServiceUnavailable', 'Cannot reach pods: this server runs without a kubelet')
  if (isExec) streams.requireRunning(podNameOf(pod), container)
  if (isExec && query.getAll('command').length === 0) throw badRequest('you must specify at least one command')
  return { pod: podNameOf(pod), container, streams }
}

export interface StreamServer {
  /** Errors: as an ordinary request would have them; then nothing has been written yet. */
  accept(target: ResourceRequest, request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

/**
 * The subprotocol is chosen here and not by ws, which refuses the slash in that of port-forward (RFC 6455 has none there,
 * Kubernetes does).
 */
export function createStreamServer(): StreamServer {
  const sockets = new WebSocketServer({ noServer: true })
  const chosen = new WeakMap<IncomingMessage, string>()
  sockets.on('headers', (headers, request) => headers.push(`Sec-WebSocket-Protocol: ${chosen.get(request)}`))
  return {
    accept: (target, request, socket, head) => {
      const { pod, container, streams } = checkStream(target)
      chosen.set(request, chooseProtocol(target, request))
      delete request.headers['sec-websocket-protocol']
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        if (target.path.subresource === 'portforward')
          return forwardPorts(webSocket, (port) => streams.connect(pod, port))
        const { query } = target.request
        const command = query.getAll('command')
        const options = { container, command, stdin: parseFlag(query, 'stdin'), tty: parseFlag(query, 'tty') }
        attachProcess(webSocket, streams.exec(pod, options))
      })
    },
    close: () => {
      for (const client of sockets.clients) client.terminate()
    },
  }
}

/** The first of ours that the client offers. Errors: 400. */
function chooseProtocol({ path }: ResourceRequest, request: IncomingMessage): string {
  const ours: readonly string[] = path.subresource === 'exec' ? remoteCommandProtocols : [portForwardProtocol]
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  const protocol = ours.find((one) => offered.includes(one))
  if (protocol === undefined)
    throw badRequest(`Cannot speak ${offered.join(', ') || 'no subprotocol'}: accepted are ${ours.join(', ')}`)
  return protocol
}

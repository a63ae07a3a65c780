// `kubectl port-forward`: SPDY/3.1 inside the binary messages of a WebSocket (subprotocol SPDY/3.1+portforward.k8s.io). For each
// connection the client opens two streams with the same `requestid`: one for errors, then one for data, both naming the port.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { SpdySession, type SpdyStream } from './spdy-session.ts'
import { bytesOf } from './web-socket-bytes.ts'

export const portForwardProtocol = 'SPDY/3.1+portforward.k8s.io'

/** Connects to a port of the pod. */
export type Connect = (port: number) => Promise<Duplex>

export function forwardPorts(socket: WebSocket, connect: Connect): void {
  const errorStreams = new Map<string, SpdyStream>()
  const session = new SpdySession(
    {
      send: (bytes, sent) => socket.send(bytes, sent),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      fail: (error) => socket.close(1002, error.message.slice(0, 100)),
    },
    (stream) => {
      const request = stream.headers.get('requestid') ?? ''
      const type = stream.headers.get('streamtype')
      if (type === 'error') {
        errorStreams.set(request, stream)
        stream.resume().once('close', () => errorStreams.delete(request))
        return
      }
      const errors = errorStreams.get(request)
      if (type === 'data' && errors) forward(stream, errors, Number(stream.headers.get('port')), connect)
      else stream.destroy()
    },
  )
  socket.on('message', (data) => session.receive(bytesOf(data)))
  socket.on('close', () => session.close())
  socket.on('error', () => session.close())
}

function forward(data: SpdyStream, errors: SpdyStream, port: number, connect: Connect): void {
  connect(port).then(
    (connection) => {
      if (data.destroyed) connection.destroy()
      connection.pipe(data)
      data.pipe(connection)
      // A connection that is cut, on either side, is cut on the other.
      data.once('close', () => connection.destroy())
      connection.once('error', () => data.destroy())
      connection.once('close', () => {
        if (!data.writableEnded) data.destroy()
        errors.end()
      })
    },
    (error: unknown) => {
      errors.end(`failed to connect to port ${port} of the pod: ${(error as Error).message}`)
      data.end()
    },
  )
}

// Takes TLS off for a broker that has none: what comes over TLS goes on to its port, as with a load balancer in front of it.
import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'

export interface TlsProxy {
  readonly port: number
  /** Common names of the certificates that clients have shown; '' for none. */
  readonly clients: readonly string[]
  readonly close: () => Promise<void>
}

export async function startTlsProxy(brokerPort: number, options: TlsOptions): Promise<TlsProxy> {
  const clients: string[] = []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  }
  const server = createServer(options, (socket) => {
    clients.push(String(socket.getPeerCertificate().subject?.CN ?? ''))
    const onward = connect(brokerPort, '127.0.0.1')
    keep(onward)
    socket.pipe(onward).pipe(socket)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  server.on('connection', keep)
  server.on('secureConnection', keep)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

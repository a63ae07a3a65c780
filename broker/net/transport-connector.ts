// A transport connector: listens, and joins each accepted socket with a session. Which protocol that speaks is its
// factory's business. Open only while the broker is active, because a refused connection is how a client learns that it
// has to go to another member.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { errorCode, errorMessage, FlotillaError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { LimitCounts } from '../session/limit-counts.ts'
import type { Session, SessionFactory } from '../session/session.ts'
import { closeTimeoutMs, keepAliveDelayMs, listenBacklog, refusalLogPeriodMs } from './limits.ts'
import { readIntoSharedBuffer } from './read-buffer.ts'
import { SocketOutput } from './socket-output.ts'
import { WriteTurn } from './write-turn.ts'

export interface TransportConnectorOptions {
  readonly name: string
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  readonly maximumConnections: number
  readonly sessions: SessionFactory
  readonly limits: LimitCounts
  readonly clock: Clock
  readonly logger: Logger
}

export interface ConnectorCounts {
  accepted: number
  /** Beyond maximumConnections. */
  refused: number
  /** Ended by the broker: silent, too slow, or not speaking the protocol. */
  dropped: number
}

export class TransportConnector {
  readonly name: string
  readonly counts: ConnectorCounts = { accepted: 0, refused: 0, dropped: 0 }
  readonly #options: TransportConnectorOptions
  readonly #logger: Logger
  readonly #server: Server
  readonly #turn = new WriteTurn()
  readonly #sockets = new Map<Socket, Session>()
  #port: number
  #open = false
  /** Set while it stops and when it has; null while it listens, or never did. */
  #stopped: Promise<void> | null = null
  #refusedSinceLog = 0
  #refusalTimer: Timer | undefined

  constructor(options: TransportConnectorOptions) {
    this.name = options.name
    this.#options = options
    this.#port = options.port
    this.#logger = options.logger.child({ connector: options.name })
    this.#server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelayMs, pauseOnConnect: true },
      (socket) => this.#accept(socket),
    )
  }

  /** The real port once open. */
  get port(): number {
    return this.#port
  }

  get isOpen(): boolean {
    return this.#open
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** Again on the same port, when it was open before. @throws {FlotillaError} that names connector, host and port. */
  open(): Promise<void> {
    const { host } = this.#options
    const port = this.#port
    const server = this.#server
    this.#stopped = null
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(this.#cannotOpen(error)))
      server.listen({ host, port, backlog: listenBacklog }, () => {
        server.removeAllListeners('error')
        server.on('error', (error) => this.#logger.error('Cannot accept connections', { error }))
        this.#port = (server.address() as AddressInfo).port
        this.#open = true
        this.#stopped = null
        resolve()
      })
    })
  }

  /** Stops listening and reads nothing more of clients, or of anybody; what was read before can still be answered. */
  quiesce(whom: 'clients' | 'all'): void {
    void this.#stopListening()
    for (const [socket, session] of this.#sockets) if (whom === 'all' || session.ofBridge !== true) socket.pause()
  }

  /** Stops listening and closes all connections; what was written before still goes out. */
  async close(): Promise<void> {
    const closed = this.#stopListening()
    for (const [socket, session] of this.#sockets) {
      session.close()
      // After the writes of this turn.
      setImmediate(() => {
        socket.end()
        // Or its end would not be noticed.
        socket.resume()
      })
    }
    const timer = this.#options.clock.after(closeTimeoutMs, () => this.#destroySockets())
    await closed
    timer.cancel()
  }

  /** Stops listening and cuts all connections at once, before anything else is answered: the store is not ours any more. */
  abort(): void {
    void this.#stopListening()
    this.#destroySockets()
    for (const session of this.#sockets.values()) session.abandon()
  }

  #stopListening(): Promise<void> {
    this.#open = false
    this.#refusalTimer?.cancel()
    this.#refusalTimer = undefined
    return (this.#stopped ??= new Promise((resolve) => {
      // Fails only when it was not open.
      this.#server.close(() => resolve())
    }))
  }

  #destroySockets(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  #accept(accepted: Socket): void {
    if (this.#sockets.size >= this.#options.maximumConnections) {
      this.#refuse(accepted)
      return
    }
    const socket = readIntoSharedBuffer(accepted, (bytes) => session.receive(bytes))
    this.counts.accepted++
    const remoteAddress = `tcp://${socket.remoteAddress}:${socket.remotePort}`
    const session = this.#options.sessions.createSession({
      output: new SocketOutput(socket, this.#turn, this.#options.clock),
      remoteAddress,
      connectorName: this.name,
      dropped: () => void this.counts.dropped++,
    })
    this.#sockets.set(socket, session)
    socket.on('drain', () => session.drained())
    // A reset by the peer is an ordinary end.
    socket.on('error', (error) =>
      this.#logger.debug('Connection failed', { remoteAddress, error: errorMessage(error) }),
    )
    socket.on('close', () => {
      this.#sockets.delete(socket)
      session.close()
    })
    session.start()
  }

  #refuse(socket: Socket): void {
    socket.on('error', () => {})
    socket.destroy()
    this.counts.refused++
    this.#options.limits.reached('maximumConnections', { connector: this.name })
    this.#refusedSinceLog++
    if (this.#refusalTimer) return
    this.#logRefusals()
  }

  #logRefusals(): void {
    this.#logger.warn('Refused connections: maximumConnections is reached', {
      refused: this.#refusedSinceLog,
      maximumConnections: this.#options.maximumConnections,
    })
    this.#refusedSinceLog = 0
    this.#refusalTimer = this.#options.clock.after(refusalLogPeriodMs, () => {
      this.#refusalTimer = undefined
      if (this.#refusedSinceLog > 0) this.#logRefusals()
    })
  }

  #cannotOpen(error: Error): FlotillaError {
    const { name, host, port } = this.#options
    const reason = errorCode(error) === 'EADDRINUSE' ? 'the port is in use' : errorMessage(error)
    return new FlotillaError(
      'CANNOT_LISTEN',
      `Cannot open transport connector ${name} on ${host}, port ${port}: ${reason}`,
      { fields: { connector: name, host, port }, cause: error },
    )
  }
}

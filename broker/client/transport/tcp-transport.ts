// The rim of the client: TCP sockets under an OpenWireChannel, plain or with TLS.
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock, Timer } from '../../base/clock.ts'
import { errorMessage, isError } from '../../base/errors.ts'
import type { Command } from '../../wire/openwire/commands.ts'
import type { WireFormat } from '../../wire/openwire/wire-format.ts'
import type { Channel, ChannelListener, Dial } from './channel.ts'
import { endTimeoutMs } from './limits.ts'
import { OpenWireChannel } from './openwire-channel.ts'
import type { ByteStream } from './openwire-channel.ts'
import type { Endpoint } from './parse-broker-url.ts'
import { loadSecureContext, type SslContext } from './ssl-context.ts'
import { hangUpOf, isTlsAnswer, tlsFailureOf } from './tls-failure.ts'
import { TransportError } from './transport-error.ts'
import type { SslOptions } from './transport-options.ts'

/** `sslContext` is for ssl: endpoints; its files are read each time. */
export const tcpDial =
  (clock: Clock, sslContext: SslContext = {}): Dial =>
  (endpoint, listener) =>
    new DialledSocket(endpoint, listener, clock, sslContext)

class DialledSocket implements Channel {
  readonly endpoint: Endpoint
  readonly #channel: OpenWireChannel
  readonly #clock: Clock
  readonly #sslContext: SslContext
  readonly #timer: Timer | null
  /** Null while the files of TLS are read. */
  #socket: Socket | null = null
  /** Bytes can be sent. */
  #isOpen = false
  #heard = false
  #isOver = false
  #cause: Error | null = null

  constructor(endpoint: Endpoint, listener: ChannelListener, clock: Clock, sslContext: SslContext) {
    const { connectionTimeout } = endpoint.options
    this.endpoint = endpoint
    this.#channel = new OpenWireChannel(endpoint, listener, clock)
    this.#clock = clock
    this.#sslContext = sslContext
    this.#timer =
      connectionTimeout > 0
        ? clock.after(connectionTimeout, () => this.#giveUp(new Error(`no connection within ${connectionTimeout} ms`)))
        : null
    if (endpoint.ssl) void this.#dialWithTls(endpoint.ssl)
    else this.#dial()
  }

  get format(): WireFormat {
    return this.#channel.format
  }

  send(command: Command): void {
    this.#channel.send(command)
  }

  sendFrame(frame: Buffer): void {
    this.#channel.sendFrame(frame)
  }

  drained(): Promise<void> | null {
    return this.#channel.drained()
  }

  pause(): void {
    this.#channel.pause()
  }

  resume(): void {
    this.#channel.resume()
  }

  close(): void {
    this.#channel.close()
    this.#over()
  }

  #dial(): void {
    const { host, port, options, uri } = this.endpoint
    const socket = connect({ host, port, noDelay: options.tcpNoDelay, keepAlive: options.keepAlive })
    socket.once('data', (first: Buffer) => {
      if (!isTlsAnswer(first)) return
      const message = `Cannot connect to ${uri}: it speaks TLS on this port; write ssl://`
      this.#channel.fail(new TransportError(message, { code: 'TLS_FAILED' }))
    })
    this.#use(socket, 'connect')
  }

  async #dialWithTls({ verifyHostName, enabledProtocols }: SslOptions): Promise<void> {
    const { host, port, options } = this.endpoint
    try {
      const secureContext = await loadSecureContext(this.#sslContext, enabledProtocols)
      if (this.#isOver) return
      const socket = connectTls({
        host,
        port,
        secureContext,
        // An address may not stand there.
        servername: isIP(host) === 0 ? host : '',
        ...(!verifyHostName && { checkServerIdentity: () => undefined }),
      })
      socket.setNoDelay(options.tcpNoDelay)
      socket.setKeepAlive(options.keepAlive)
      this.#use(socket, 'secureConnect')
    } catch (error) {
      this.#giveUp(isError(error) ? error : new Error(errorMessage(error)))
    }
  }

  #use(socket: Socket, openEvent: 'connect' | 'secureConnect'): void {
    const { soTimeout } = this.endpoint.options
    this.#socket = socket
    socket.on(openEvent, () => {
      this.#timer?.cancel()
      this.#isOpen = true
      this.#channel.opened(new SocketStream(socket, this.#clock))
    })
    socket.on('data', (bytes: Buffer) => {
      this.#heard = true
      this.#channel.received(bytes)
    })
    socket.on('error', (error) => {
      this.#cause = error
    })
    socket.on('close', () => {
      this.#over()
      this.#channel.fail(this.#lost())
    })
    if (soTimeout > 0) socket.setTimeout(soTimeout, () => socket.destroy(new Error(`nothing came for ${soTimeout} ms`)))
  }

  #giveUp(reason: Error): void {
    this.#cause = reason
    this.#channel.fail(this.#lost())
    this.#over()
  }

  /** Cuts what was never open; what was ends when it has sent what was given to it. */
  #over(): void {
    this.#isOver = true
    this.#timer?.cancel()
    if (!this.#isOpen) this.#socket?.destroy()
  }

  #lost(): TransportError {
    const { uri, host, ssl } = this.endpoint
    const cause = this.#cause
    // What is wrong with a file is told as it is.
    if (cause instanceof TransportError) return cause
    if (!this.#heard) {
      const attempt = ssl && { host, sslContext: this.#sslContext, secured: this.#isOpen }
      const failure = attempt && tlsFailureOf(cause, attempt)
      if (failure !== null)
        return new TransportError(`Cannot connect to ${uri}: ${failure}`, { code: 'TLS_FAILED', cause })
      const hangUp = hangUpOf(cause, attempt)
      if (hangUp !== null) return new TransportError(`Cannot connect to ${uri}: ${hangUp}`, { cause })
    }
    const reason = cause === null ? 'the peer closed it' : cause.message
    return new TransportError(`Connection to ${uri} is lost: ${reason}`, { cause })
  }
}

/** Everything that is written in one turn of the event loop leaves in one packet. */
class SocketStream implements ByteStream {
  readonly #socket: Socket
  readonly #clock: Clock
  #corked = false
  /** Shared by all who wait for the same. */
  #draining: Promise<void> | null = null

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  write(bytes: Buffer): void {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(bytes)
  }

  drained(): Promise<void> | null {
    const socket = this.#socket
    if (!socket.writableNeedDrain) return null
    this.#draining ??= new Promise((resolve) => {
      const done = (): void => {
        this.#draining = null
        socket.off('drain', done)
        socket.off('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
    return this.#draining
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (this.#socket.destroyed) return
    const timer = this.#clock.after(endTimeoutMs, () => this.#socket.destroy())
    this.#socket.once('close', () => timer.cancel())
    this.#socket.end()
    // Without a reader the peer's end would never be noticed.
    this.#socket.resume()
  }
}

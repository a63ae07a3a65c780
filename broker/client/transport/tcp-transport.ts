// The rim of the client: TCP sockets under an OpenWireChannel.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { Dial } from './channel.ts'
import { endTimeoutMs } from './limits.ts'
import { OpenWireChannel } from './openwire-channel.ts'
import type { ByteStream } from './openwire-channel.ts'
import { TransportError } from './transport-error.ts'

export const tcpDial =
  (clock: Clock): Dial =>
  (endpoint, listener) => {
    const { host, port, options } = endpoint
    const socket = connect({ host, port, noDelay: options.tcpNoDelay, keepAlive: options.keepAlive })
    const stream = new SocketStream(socket, clock)
    const channel = new OpenWireChannel(endpoint, listener, clock)
    let cause: Error | null = null
    const timer =
      options.connectionTimeout > 0
        ? clock.after(options.connectionTimeout, () =>
            socket.destroy(new Error(`no connection within ${options.connectionTimeout} ms`)),
          )
        : null
    socket.on('connect', () => {
      timer?.cancel()
      channel.opened(stream)
    })
    socket.on('data', (bytes: Buffer) => channel.received(bytes))
    socket.on('error', (error) => {
      cause = error
    })
    socket.on('close', () => {
      timer?.cancel()
      const reason = cause === null ? 'the peer closed it' : cause.message
      channel.fail(new TransportError(`Connection to ${endpoint.uri} is lost: ${reason}`, { cause }))
    })
    if (options.soTimeout > 0)
      socket.setTimeout(options.soTimeout, () => socket.destroy(new Error(`nothing came for ${options.soTimeout} ms`)))
    return {
      endpoint,
      get format() {
        return channel.format
      },
      send: (command) => channel.send(command),
      sendFrame: (frame) => channel.sendFrame(frame),
      drained: () => channel.drained(),
      pause: () => channel.pause(),
      resume: () => channel.resume(),
      close() {
        channel.close()
        if (socket.connecting) socket.destroy()
      },
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

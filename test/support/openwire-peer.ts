// A raw OpenWire client on a socket: sends any command, collects what comes. For tests of the broker's side.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Command, WireFormatInfo } from '../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../broker/wire/openwire/openwire-codec.ts'
import {
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
  type WireFormatOptions,
} from '../../broker/wire/openwire/wire-format.ts'

export class OpenWirePeer {
  readonly received: Command[] = []
  /** Resolves when the broker has closed the socket. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #splitter = new FrameSplitter(2 ** 30)
  #codec = new OpenWireCodec(initialWireFormat)
  #mine: WireFormatInfo | undefined
  #theirs: WireFormatInfo | undefined
  #watchers = new Set<() => void>()

  static async connect(port: number): Promise<OpenWirePeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    const peer = new OpenWirePeer(socket)
    await once(socket, 'connect')
    return peer
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        resolve()
        this.#changed()
      })
    })
  }

  /** Sends our WireFormatInfo; resolves when both sides have negotiated. */
  async negotiate(options: WireFormatOptions): Promise<void> {
    this.sendWireFormat(preferredWireFormatInfo(options))
    await this.negotiated()
  }

  /** Resolves when the broker's WireFormatInfo has come. */
  negotiated(): Promise<void> {
    return this.until(() => this.#theirs !== undefined)
  }

  sendWireFormat(info: WireFormatInfo): void {
    this.#mine = info
    this.#socket.write(new OpenWireCodec(initialWireFormat).encode(info))
    this.#negotiated()
  }

  send(...commands: Command[]): void {
    for (const command of commands) this.#socket.write(this.#codec.encode(command))
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Resolves when `condition` holds; it is asked after each change. Rejects when the socket closes before. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const watch = (): void => {
        if (condition()) resolve()
        else if (this.#socket.destroyed) reject(new Error('The broker closed the connection'))
        else return
        this.#watchers.delete(watch)
      }
      this.#watchers.add(watch)
      watch()
    })
  }

  /** The next command of `kind` that was not asked for yet. */
  async next<K extends Command['kind']>(kind: K): Promise<Extract<Command, { kind: K }>> {
    await this.until(() => this.received.some((command) => command.kind === kind))
    const index = this.received.findIndex((command) => command.kind === kind)
    return this.received.splice(index, 1)[0] as Extract<Command, { kind: K }>
  }

  destroy(): void {
    this.#socket.destroy()
  }

  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  #receive(chunk: Buffer): void {
    for (const frame of this.#splitter.push(chunk)) {
      const command = this.#codec.decode(Buffer.from(frame)) as Command | null
      if (!command) continue
      if (command.kind === 'WireFormatInfo') {
        this.#theirs = command
        this.#negotiated()
      } else this.received.push(command)
    }
    this.#changed()
  }

  #negotiated(): void {
    if (this.#mine && this.#theirs) this.#codec = new OpenWireCodec(negotiate(this.#theirs, this.#mine))
  }

  #changed(): void {
    for (const watch of this.#watchers) watch()
  }
}

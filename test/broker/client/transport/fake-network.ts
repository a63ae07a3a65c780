// Brokers that exist only as a table: what is dialled, sent and cut is seen at once, and nothing happens by itself.
import type { Channel, ChannelListener, Dial } from '../../../../broker/client/transport/channel.ts'
import type { Endpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import { TransportError } from '../../../../broker/client/transport/transport-error.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'
import { initialWireFormat, type WireFormat } from '../../../../broker/wire/openwire/wire-format.ts'

export class FakeChannel implements Channel {
  readonly endpoint: Endpoint
  format: WireFormat = initialWireFormat
  readonly sent: Command[] = []
  readonly frames: Buffer[] = []
  closed = false
  paused = false
  /** Kinds of commands that are too large for this broker. */
  readonly tooLarge = new Set<string>()
  readonly #listener: ChannelListener
  #full: PromiseWithResolvers<void> | null = null

  constructor(endpoint: Endpoint, listener: ChannelListener) {
    this.endpoint = endpoint
    this.#listener = listener
  }

  send(command: Command): void {
    if (this.tooLarge.has(command.kind))
      throw new TransportError(`Cannot send ${command.kind}: too large`, { code: 'FRAME_TOO_LARGE' })
    this.sent.push(command)
  }

  sendFrame(frame: Buffer): void {
    this.frames.push(frame)
  }

  drained(): Promise<void> | null {
    return this.#full?.promise ?? null
  }

  /** The socket takes no more until `drain`. */
  fill(): void {
    this.#full = Promise.withResolvers()
  }

  drain(): void {
    this.#full?.resolve()
    this.#full = null
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  close(): void {
    this.closed = true
  }

  connect(): void {
    this.#listener.connected()
  }

  receive(command: Command): void {
    this.#listener.command(command)
  }

  /** False when the listener wants to have it decoded. */
  receiveFrame(frame: Buffer): boolean {
    return this.#listener.frame?.(frame) === true
  }

  cut(): void {
    this.#listener.failed(new Error('cut'))
  }

  get kinds(): string[] {
    return this.sent.map(({ kind }) => kind)
  }
}

export class FakeNetwork {
  readonly channels: FakeChannel[] = []
  /** Hosts that answer. */
  readonly up = new Set<string>()
  /** Kinds of commands that brokers dialled from now on do not take. */
  readonly tooLarge = new Set<string>()

  readonly dial: Dial = (endpoint, listener) => {
    const channel = new FakeChannel(endpoint, listener)
    for (const kind of this.tooLarge) channel.tooLarge.add(kind)
    this.channels.push(channel)
    queueMicrotask(() => {
      if (this.up.has(endpoint.host)) channel.connect()
      else channel.cut()
    })
    return channel
  }

  get dialled(): string[] {
    return this.channels.map(({ endpoint }) => endpoint.host)
  }

  get last(): FakeChannel {
    return this.channels.at(-1)!
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

// Brokers that exist only as a table: what is dialled, sent and cut is seen at once, and nothing happens by itself.
import type { Channel, ChannelListener, Dial } from '../../../../broker/client/transport/channel.ts'
import type { Endpoint } from '../../../../broker/client/transport/parse-broker-url.ts'
import type { Command } from '../../../../broker/wire/openwire/commands.ts'

export class FakeChannel implements Channel {
  readonly endpoint: Endpoint
  readonly sent: Command[] = []
  closed = false
  readonly #listener: ChannelListener

  constructor(endpoint: Endpoint, listener: ChannelListener) {
    this.endpoint = endpoint
    this.#listener = listener
  }

  send(command: Command): void {
    this.sent.push(command)
  }

  drained(): null {
    return null
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

  readonly dial: Dial = (endpoint, listener) => {
    const channel = new FakeChannel(endpoint, listener)
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

// A TCP proxy that stands between one client side and one broker, and keeps every OpenWire frame in the order in which it
// passed. It changes nothing and understands no more of a frame than its length.
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { FrameSplitter } from '../../../broker/wire/openwire/frame-splitter.ts'

export type Direction = 'C>B' | 'B>C'

export interface PassedFrame {
  /** Counts connections from 1, in the order in which the client made them. */
  readonly conn: number
  readonly dir: Direction
  /** With its size prefix. */
  readonly hex: string
}

const prefixBytes = 4
/** Peers that are to be recorded are believed. */
const maxFrameSize = 2 ** 30
/** After this long without a frame, what one side has caused at the other is over. */
const quietMs = 250
const pollMs = 25

export class RecordingProxy {
  readonly frames: PassedFrame[] = []
  readonly #broker: { readonly host: string; readonly port: number }
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #connections = 0
  #lastFrameAt = performance.now()

  private constructor(host: string, port: number) {
    this.#broker = { host, port }
    this.#server = createServer((client) => this.#accept(client))
  }

  /** Listens before the broker at `url` (tcp://HOST:PORT). */
  static async before(url: string): Promise<RecordingProxy> {
    const { hostname, port } = new URL(url)
    const proxy = new RecordingProxy(hostname, Number(port))
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async settled(): Promise<void> {
    const since = performance.now()
    while (performance.now() - Math.max(since, this.#lastFrameAt) < quietMs) await pause()
  }

  /** Resolves when both ends of all connections have closed them. */
  async ended(): Promise<void> {
    while (this.#sockets.size > 0) await pause()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  #accept(client: Socket): void {
    const broker = connect(this.#broker)
    const conn = ++this.#connections
    this.#pass(client, broker, conn, 'C>B')
    this.#pass(broker, client, conn, 'B>C')
  }

  #pass(from: Socket, to: Socket, conn: number, dir: Direction): void {
    const splitter = new FrameSplitter(maxFrameSize)
    this.#sockets.add(from)
    from.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        const prefix = Buffer.alloc(prefixBytes)
        prefix.writeInt32BE(frame.length)
        this.frames.push({ conn, dir, hex: prefix.toString('hex') + frame.toString('hex') })
        this.#lastFrameAt = performance.now()
      }
      to.write(chunk)
    })
    from.on('error', () => {}) // Its end comes as a close.
    from.on('end', () => to.end())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.end()
    })
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pollMs))

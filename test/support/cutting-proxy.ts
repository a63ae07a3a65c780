// A wire between brokers that can be cut, as often as a test likes, and held up.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export class CuttingProxy {
  readonly #server
  readonly #sockets = new Set<Socket>()
  /** Bytes that went to the other end. */
  passed = 0
  /** Called when some have passed. */
  onPassed = (): void => {}
  /** From then on nothing comes back from the other end. */
  mute = false
  /** What comes back from the other end waits here while it is held. */
  #held: (() => void)[] | null = null

  private constructor(targetPort: number) {
    this.#server = createServer((socket) => this.#join(socket, connect(targetPort, '127.0.0.1')))
  }

  static async to(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const write of held) write()
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #join(from: Socket, to: Socket): void {
    for (const socket of [from, to]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        from.destroy()
        to.destroy()
      })
    }
    from.on('data', (bytes: Buffer) => {
      this.passed += bytes.length
      to.write(bytes)
      this.onPassed()
    })
    to.on('data', (bytes: Buffer) => {
      if (this.#held) this.#held.push(() => void from.write(bytes))
      else if (!this.mute) from.write(bytes)
    })
  }
}

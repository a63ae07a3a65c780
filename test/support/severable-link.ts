// The network between two processes, as a port that leads to another one and can be cut: what is open then breaks at both ends, and
// nothing gets through until it is mended. One end may also be silenced: what it says from then on never arrives.
import { connect, createServer, type Server, type Socket } from 'node:net'

export class SeverableLink {
  readonly #server: Server
  #targetPort: number
  readonly #sockets = new Set<Socket>()
  /** By the end that speaks: what ends the hearing of it. */
  readonly #ways = { dialler: new Set<() => void>(), dialled: new Set<() => void>() }
  #cut = false

  static async to(targetPort: number): Promise<SeverableLink> {
    const link = new SeverableLink(targetPort)
    await new Promise<void>((resolve) => link.#server.listen(0, '127.0.0.1', resolve))
    return link
  }

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer((near) => this.#join(near))
  }

  get url(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** Who connects from now on gets there. */
  leadTo(targetPort: number): void {
    this.#targetPort = targetPort
  }

  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** On the connections that are open; they stay, and the other direction goes on. */
  silence(end: 'dialler' | 'dialled'): void {
    for (const silence of this.#ways[end]) silence()
  }

  mend(): void {
    this.#cut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    near.on('error', () => {})
    if (this.#cut) return void near.destroy()
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true })
    far.on('error', () => {})
    near.setNoDelay(true)
    for (const [from, to, ways] of [
      [near, far, this.#ways.dialler],
      [far, near, this.#ways.dialled],
    ] as const) {
      const silence = (): void => void from.unpipe(to).resume()
      this.#sockets.add(from)
      ways.add(silence)
      from.pipe(to)
      from.on('close', () => {
        this.#sockets.delete(from)
        ways.delete(silence)
        to.destroy()
      })
    }
  }
}

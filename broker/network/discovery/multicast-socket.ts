// The rim of multicast discovery: a UDP socket in the group. ActiveMQ's `loopBackMode` is Java's: true switches it off that datagrams
// come back to their own machine.
import { createSocket, type Socket } from 'node:dgram'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { MulticastListener, MulticastSocket, MulticastUri, OpenMulticastSocket } from './multicast-agent.ts'

export const openMulticastSocket: OpenMulticastSocket = (uri, listener) => new GroupSocket(uri, listener)

class GroupSocket implements MulticastSocket {
  readonly #uri: MulticastUri
  readonly #socket: Socket
  #listener: MulticastListener | null
  #sending = 0

  constructor(uri: MulticastUri, listener: MulticastListener) {
    this.#uri = uri
    this.#listener = listener
    // Several brokers of one machine listen to the same port.
    this.#socket = createSocket({ type: isIPv6(uri.address) ? 'udp6' : 'udp4', reuseAddr: true })
    this.#socket.unref()
    this.#socket.on('message', (datagram) => this.#listener?.received(datagram))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.bind(uri.port, () => this.#join())
  }

  send(datagram: Buffer): void {
    if (!this.#listener) return
    const { port, address } = this.#uri
    this.#sending++
    this.#socket.send(datagram, port, address, () => {
      this.#sending--
      if (!this.#listener) this.#closeWhenSent()
    })
  }

  close(): void {
    if (!this.#listener) return
    this.#listener = null
    this.#closeWhenSent()
  }

  #join(): void {
    if (!this.#listener) return
    const { address, timeToLive, loopBackMode } = this.#uri
    try {
      const networkInterface = interfaceOf(this.#uri)
      this.#socket.setMulticastTTL(timeToLive)
      this.#socket.setMulticastLoopback(!loopBackMode)
      if (networkInterface !== null) this.#socket.setMulticastInterface(networkInterface)
      this.#socket.addMembership(address, networkInterface ?? undefined)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    this.#listener.opened()
  }

  #fail(error: Error): void {
    const listener = this.#listener
    this.close()
    listener?.failed(error)
  }

  /** A socket that is closed drops what it was given in the same turn, and others would wait for us in vain. */
  #closeWhenSent(): void {
    if (this.#sending === 0) this.#socket.close()
  }
}

/** As the system's calls want it: an address of IPv4, or the name of IPv6's scope. */
function interfaceOf({ interface: given, address }: MulticastUri): string | null {
  if (given === null || isIP(given) !== 0) return given
  if (isIPv6(address)) return `::%${given}`
  const found = networkInterfaces()[given]?.find(({ family }) => family === 'IPv4')
  if (!found) throw new Error(`there is no network interface ${given} with an IPv4 address`)
  return found.address
}

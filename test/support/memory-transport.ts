// The connections of a replicated store within one process: every member reaches every other one, unless a test cuts them off.
import type { ReplicationMessage } from '../../broker/replication/message.ts'
import type { Peer } from '../../broker/replication/peer.ts'
import type { ReplicationTransport, TransportListener } from '../../broker/replication/transport.ts'

export class MemoryHub {
  readonly #open = new Map<string, MemoryTransport>()
  readonly #cutOff = new Set<string>()

  transport(member: string): ReplicationTransport {
    return new MemoryTransport(this, member)
  }

  /** Nobody reaches it any more, nor does it reach anybody. */
  cutOff(member: string): void {
    this.#cutOff.add(member)
    for (const transport of this.#open.values()) transport.review()
  }

  heal(): void {
    this.#cutOff.clear()
    for (const transport of this.#open.values()) transport.review()
  }

  joined(member: string, transport: MemoryTransport): void {
    this.#open.set(member, transport)
    for (const other of this.#open.values()) other.review()
  }

  left(member: string): void {
    this.#open.delete(member)
    for (const other of this.#open.values()) other.review()
  }

  reach(from: string, to: string): MemoryTransport | undefined {
    return this.#cutOff.has(from) || this.#cutOff.has(to) ? undefined : this.#open.get(to)
  }
}

class MemoryTransport implements ReplicationTransport {
  readonly #hub: MemoryHub
  readonly #member: string
  #listener: TransportListener | undefined
  #peers: readonly Peer[] = []
  readonly #connected = new Map<string, MemoryTransport>()

  constructor(hub: MemoryHub, member: string) {
    this.#hub = hub
    this.#member = member
  }

  async open(listener: TransportListener): Promise<string> {
    this.#listener = listener
    this.#hub.joined(this.#member, this)
    return `${this.#member}:0`
  }

  peers(peers: readonly Peer[]): void {
    this.#peers = peers
    this.review()
  }

  /** Connects to whom it can, and lets go of whom it cannot. */
  review(): void {
    const peers = new Set(this.#peers.map(({ member }) => member))
    for (const member of new Set([...peers, ...this.#connected.keys()])) {
      const now = peers.has(member) ? this.#hub.reach(this.#member, member) : undefined
      const before = this.#connected.get(member)
      if (now === before) continue
      this.#connected.delete(member)
      if (before) this.#later((listener) => listener.disconnected(member, 'it is not there any more'))
      if (!now) continue
      this.#connected.set(member, now)
      this.#later((listener) => listener.connected(member))
    }
  }

  send(to: string, message: ReplicationMessage): void {
    const target = this.#hub.reach(this.#member, to)
    // Bytes are copied as a network does.
    const sent = message.type === 'write' ? { ...message, bytes: Buffer.from(message.bytes) } : message
    target?.received(this.#member, sent)
  }

  received(from: string, message: ReplicationMessage): void {
    this.#later((listener) => listener.received(from, message))
  }

  disconnect(member: string, reason: string): void {
    if (!this.#connected.delete(member)) return
    this.#later((listener) => listener.disconnected(member, reason))
    setImmediate(() => this.review())
  }

  async close(): Promise<void> {
    this.#listener = undefined
    this.#hub.left(this.#member)
  }

  #later(tell: (listener: TransportListener) => void): void {
    setImmediate(() => {
      if (this.#listener) tell(this.#listener)
    })
  }
}

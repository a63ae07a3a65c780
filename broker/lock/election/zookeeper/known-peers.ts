// Addresses of the other members, also of those whose session with ZooKeeper is over: they may be well, and replicate.
import type { Peer } from '../../../replication/peer.ts'

export class KnownPeers {
  readonly #member: string
  readonly #replicas: number
  readonly #addresses = new Map<string, string>()
  #told = ''

  constructor(member: string, replicas: number) {
    this.#member = member
    this.#replicas = replicas
  }

  /** All of them, when something has changed. */
  seen(present: readonly Peer[]): readonly Peer[] | undefined {
    for (const { member, address } of present) {
      if (member === this.#member) continue
      // The one heard of last stands last.
      this.#addresses.delete(member)
      this.#addresses.set(member, address)
    }
    // A member was replaced by one of another name: the one that was not heard of for longest is gone.
    for (const member of this.#addresses.keys()) {
      if (this.#addresses.size < this.#replicas) break
      this.#addresses.delete(member)
    }
    const peers = [...this.#addresses].map(([member, address]) => ({ member, address }))
    const told = JSON.stringify(peers.toSorted((one, other) => (one.member < other.member ? -1 : 1)))
    if (told === this.#told) return undefined
    this.#told = told
    return peers
  }
}

// The brokers that clients may go to instead of this one: itself, and those that its bridges lead to, whoever dialled. Bridges say
// who comes and goes; sessions tell their clients. A broker that several bridges lead to is one broker. One whose bridge only
// forwards to this broker is none of them, as in ActiveMQ: nothing leads there.
import type { BrokerIdentity } from '../region/broker-identity.ts'

export interface ClusterBroker {
  readonly brokerName: string
  readonly brokerId: string
  /** What clients can dial: that of its active member first, then those of its standbys as far as they are known. */
  readonly urls: readonly string[]
}

export class ClusterBrokers {
  readonly #own: BrokerIdentity
  /** As bridges told them, in the order in which they came. */
  readonly #peers = new Set<ClusterBroker>()
  readonly #listeners: (() => void)[] = []
  #stopped = false

  constructor(own: BrokerIdentity) {
    this.#own = own
  }

  get own(): ClusterBroker {
    const { brokerName, brokerId, brokerUrl } = this.#own
    return { brokerName, brokerId, urls: [brokerUrl] }
  }

  /** Without this one. */
  get peers(): readonly ClusterBroker[] {
    const byId = new Map<string, ClusterBroker>()
    for (const peer of this.#peers) {
      const { brokerName, brokerId } = peer
      const urls = new Set([...(byId.get(brokerId)?.urls ?? []), ...peer.urls].filter(isAnnounceable))
      if (brokerId !== this.#own.brokerId) byId.set(brokerId, { brokerName, brokerId, urls: [...urls] })
    }
    return [...byId.values()].filter(({ urls }) => urls.length > 0)
  }

  /** A bridge to it is up. */
  peerAdded(peer: ClusterBroker): void {
    this.#peers.add(peer)
    this.#changed()
  }

  /** The same object as when it was added: other bridges may lead to the same broker. */
  peerRemoved(peer: ClusterBroker): void {
    if (this.#peers.delete(peer)) this.#changed()
  }

  /** For as long as this object lives. */
  listen(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** This broker ends, and its bridges with it: clients are not told that, they need the others now. */
  stop(): void {
    this.#stopped = true
  }

  #changed(): void {
    if (this.#stopped) return
    for (const listener of this.#listeners) listener()
  }
}

/** Other brokers say what they are dialled with; clients get it in a comma list. A character is a byte. */
const announceable = /^[a-z][a-z\d+.-]*:\/\/[!-+\--~]+$/i
const maxUrlLength = 1024

const isAnnounceable = (url: string): boolean => url.length <= maxUrlLength && announceable.test(url)

// A broker's part in networks of brokers: its network connectors, the bridges that others have made to it, and what tells others of
// its transport connectors. It lives as long as the broker is active: it starts when the transport connectors are open, because those
// at the other end may want to dial back, and stops before they close.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/logger.ts'
import type { NetworkAnswer, NetworkBridgeSnapshot } from '../management/contract.ts'
import { AcceptedBridges, type AcceptedFrom, type StartAcceptedBridge } from './accepted-bridges.ts'
import type { Bridge } from './bridge.ts'
import type { DiscoveryAgent, DiscoveryListener } from './discovery/discovery-agent.ts'
import type { NetworkConnector } from './supervision/network-connector.ts'

/** What of a network its broker's admin port sees, and may do. */
export interface NetworkSource {
  bridges(): readonly NetworkBridgeSnapshot[]
  connectors(): NetworkAnswer['connectors']
  /** False: there is no connector of this name. What it is already, it stays. */
  switchConnector(name: string, started: boolean): boolean
}

export interface NetworkParts {
  readonly connectors: readonly NetworkConnector[]
  /** Those that tell others of this broker's transport connectors. */
  readonly announcers: readonly DiscoveryAgent[]
  readonly clock: Clock
  readonly logger: Logger
}

export class Network implements NetworkSource {
  readonly #parts: NetworkParts
  readonly #accepted: AcceptedBridges

  constructor(parts: NetworkParts) {
    this.#parts = parts
    this.#accepted = new AcceptedBridges(parts.clock, parts.logger)
  }

  start(): void {
    const { connectors, announcers } = this.#parts
    for (const connector of connectors) if (connector.autoStart) connector.start()
    for (const announcer of announcers) announcer.start(nobody)
  }

  stop(): void {
    const { connectors, announcers } = this.#parts
    // First, so that nobody finds this broker any more.
    for (const announcer of announcers) announcer.stop()
    for (const connector of connectors) connector.stop()
    this.#accepted.stop()
  }

  /** A duplex bridge that another broker has dialled: started, shown, and stopped with the network. */
  accepted(from: AcceptedFrom, start: StartAcceptedBridge): Bridge {
    return this.#accepted.accept(from, start)
  }

  bridges(): NetworkBridgeSnapshot[] {
    return [...this.#parts.connectors.flatMap((connector) => connector.bridges()), ...this.#accepted.bridges()]
  }

  connectors(): NetworkAnswer['connectors'] {
    return this.#parts.connectors.map(({ name, duplex, started }) => ({ name, duplex, started }))
  }

  switchConnector(name: string, started: boolean): boolean {
    const connector = this.#parts.connectors.find((known) => known.name === name)
    if (started) connector?.start()
    else connector?.stop()
    return connector !== undefined
  }
}

const nobody: DiscoveryListener = { found() {}, lost() {} }

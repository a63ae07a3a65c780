// Who is told that a bridge leads to another broker, whoever dialled: clients, as a broker that they may go to, and whoever listens to
// advisories of bridges. Both hear of its end however it came about.
import type { Endpoint } from './client/transport/parse-broker-url.ts'
import type { Bridge, BridgeListener, RemoteBroker } from './network/bridge.ts'
import { buildBrokerInfo } from './openwire/build-commands.ts'
import type { ClusterBroker } from './session/cluster-brokers.ts'
import type { SessionService } from './session/session-service.ts'
import type { BrokerInfo } from './wire/openwire/commands.ts'

export interface BridgeNewsOptions {
  /** Those that would take over from the broker that is dialled. */
  readonly members: readonly Endpoint[]
  /** The other broker has dialled. */
  readonly accepted: boolean
}

/** Starts a bridge with news of it. */
export function withNews(
  service: Pick<SessionService, 'cluster' | 'advisories'>,
  options: BridgeNewsOptions,
  listener: BridgeListener,
  start: (listener: BridgeListener) => Bridge,
): Bridge {
  const news = new BridgeNews(service, options)
  const bridge = start({
    started: (remote) => {
      news.started(remote)
      listener.started(remote)
    },
    ended: (reason) => {
      news.ended()
      listener.ended(reason)
    },
  })
  return {
    get statistics() {
      return bridge.statistics
    },
    // The listener does not hear of this.
    stop: () => {
      news.ended()
      bridge.stop()
    },
  }
}

class BridgeNews {
  readonly #service: Pick<SessionService, 'cluster' | 'advisories'>
  readonly #options: BridgeNewsOptions
  #told: { readonly peer: ClusterBroker; readonly info: BrokerInfo } | null = null

  constructor(service: Pick<SessionService, 'cluster' | 'advisories'>, options: BridgeNewsOptions) {
    this.#service = service
    this.#options = options
  }

  started(remote: RemoteBroker): void {
    const { cluster, advisories } = this.#service
    const { members, accepted } = this.#options
    const { brokerName, brokerId, brokerUrl, address } = remote
    const peer = { brokerName, brokerId, urls: [brokerUrl, ...members.map(({ uri }) => uri)] }
    this.#told = { peer, info: buildBrokerInfo(remote, { duplexConnection: accepted, networkConnection: accepted }) }
    cluster.peerAdded(peer)
    advisories.bridgeStarted(this.#told.info, accepted, address)
  }

  ended(): void {
    const told = this.#told
    if (!told) return
    this.#told = null
    this.#service.cluster.peerRemoved(told.peer)
    this.#service.advisories.bridgeStopped(told.info)
  }
}

// Network connectors as described → the network, with the supervisors or the discovery that each URI asks for.
import { systemRandom } from './base/random.ts'
import type { DiscoveryAgent } from './network/discovery/discovery-agent.ts'
import { MulticastAgent, type MulticastUri } from './network/discovery/multicast-agent.ts'
import { openMulticastSocket } from './network/discovery/multicast-socket.ts'
import type { DiscoveryUri } from './network/discovery-uri.ts'
import { Network } from './network/network.ts'
import type { StartBridge } from './network/supervision/bridge-attempt.ts'
import { NetworkConnector } from './network/supervision/network-connector.ts'
import type { SessionService } from './session/session-service.ts'

export interface ConnectorDescription {
  readonly name: string
  readonly duplex: boolean
  readonly autoStart: boolean
  readonly discovery: DiscoveryUri
  readonly startBridge: StartBridge
}

/** A transport connector that has a discoveryUri. */
export interface Announcement {
  readonly uri: MulticastUri
  /** The URL that others can dial; asked when it is open. */
  readonly service: () => string
}

export function buildNetwork(
  connectors: readonly ConnectorDescription[],
  announcements: readonly Announcement[],
  service: SessionService,
  onBridgeChange: () => void,
): Network {
  const { clock, logger } = service
  return new Network({
    connectors: connectors.map((description) => buildConnector(description, service, onBridgeChange)),
    announcers: announcements.map((announcement) => buildAnnouncer(announcement, service)),
    clock,
    logger,
  })
}

export function buildConnector(
  { discovery, ...description }: ConnectorDescription,
  service: SessionService,
  onChange: () => void,
): NetworkConnector {
  const { identity, clock, logger } = service
  const isStatic = discovery.kind === 'static'
  return new NetworkConnector({
    ...description,
    onChange,
    targets: isStatic ? discovery.targets : [],
    agent: isStatic
      ? null
      : new MulticastAgent({
          uri: discovery,
          ownServices: () => [identity.brokerUrl],
          announces: false,
          openSocket: openMulticastSocket,
          clock,
          logger: logger.child({ connector: description.name }),
        }),
    reconnect: discovery.reconnect,
    clock,
    random: systemRandom,
    logger,
  })
}

const buildAnnouncer = ({ uri, service }: Announcement, { clock, logger }: SessionService): DiscoveryAgent =>
  new MulticastAgent({
    uri,
    ownServices: () => [service()],
    announces: true,
    openSocket: openMulticastSocket,
    clock,
    logger,
  })

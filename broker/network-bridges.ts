// What an active broker's network is made of, from its configuration: bridges of both roles over this broker's region, and what keeps
// them up.
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import { RefusalError } from './base/errors.ts'
import { withNews } from './bridge-news.ts'
import type { Dial } from './client/transport/channel.ts'
import { tcpDial } from './client/transport/tcp-transport.ts'
import type { Endpoint } from './client/transport/parse-broker-url.ts'
import type { BrokerConfig } from './config/schema.ts'
import { announcementsOf, networkConnectorsOf, type NetworkConnectorSettings } from './member/network-settings.ts'
import { buildConnector, buildNetwork, type ConnectorDescription } from './network-connectors.ts'
import type { Bridge, BridgeListener, RemoteBroker } from './network/bridge.ts'
import type { BridgeSettings } from './network/connector-settings.ts'
import { DemandForwardingBridge } from './network/demand-forwarding-bridge.ts'
import { buildSubscriptionInfo, isToldSubscriptions } from './network/demand/durable-sync.ts'
import { NetworkDemands } from './network/demand/network-demands.ts'
import { DialledBridge, type BuildKnownBridge } from './network/dialled-bridge.ts'
import type { BuildDrainConnector, DrainTarget } from './network/drain/drain.ts'
import { DrainBridge } from './network/drain/drain-bridge.ts'
import type { DrainFlow } from './network/drain/drain-flow.ts'
import { drainSettings } from './network/drain/drain-settings.ts'
import { knownSubscribers } from './network/known-subscribers.ts'
import type { Network } from './network/network.ts'
import { formatNetworkProperties, parseNetworkProperties } from './network/network-properties.ts'
import { unstoredProperty } from './openwire/bridge-properties.ts'
import type {
  DuplexBridges,
  DuplexFarEnd,
  DuplexListener,
  InitiatingBroker,
} from './session/openwire/duplex-bridges.ts'
import type { SessionService } from './session/session-service.ts'
import type { BrokerSubscriptionInfo, ConsumerInfo } from './wire/openwire/commands.ts'

export interface NetworkBridges {
  readonly network: Network
  /** For the sessions of other brokers that dial this one. */
  readonly duplexBridges: DuplexBridges
  /** For when the broker drains. */
  readonly drainTo: BuildDrainConnector
}

export interface NetworkSurroundings {
  /** What others dial to reach a transport connector of that name; asked when it is open. */
  readonly urlOf: (transportConnector: string) => string
  /** A bridge has come or gone. */
  readonly changed: () => void
}

export function buildNetworkBridges(
  config: BrokerConfig,
  service: SessionService,
  { urlOf, changed }: NetworkSurroundings,
  dial: Dial | null = null,
): NetworkBridges {
  const bridges = new BridgeBuilder(service, dial)
  const connectors = networkConnectorsOf(config).map((connector) => bridges.describe(connector))
  const announcements = announcementsOf(config).flatMap(({ transportConnector, discovery }) =>
    discovery.kind === 'multicast' ? [{ uri: discovery, service: () => urlOf(transportConnector) }] : [],
  )
  const network = buildNetwork(connectors, announcements, service, changed)
  const duplexBridges: DuplexBridges = {
    accept: (initiator, far) => bridges.accept(network, initiator, far),
    subscriptionsFor: (initiator, version) => bridges.subscriptionsFor(initiator, version),
  }
  const drainTo: BuildDrainConnector = (target, flow) =>
    buildConnector(bridges.describeDrain(target, flow, config), service, changed)
  return { network, duplexBridges, drainTo }
}

class BridgeBuilder {
  readonly #service: SessionService
  /** Instead of sockets. */
  readonly #dialBroker: Dial | null
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #demands = new NetworkDemands()
  readonly #startedMs: number
  #bridges = 0

  constructor(service: SessionService, dial: Dial | null) {
    this.#service = service
    this.#dialBroker = dial
    this.#clock = service.clock
    this.#logger = service.logger
    this.#startedMs = service.clock.nowMs()
  }

  describe({ settings, discovery, autoStart, sslContext }: NetworkConnectorSettings) {
    const { name, duplex } = settings
    const dial = this.#dialOver(sslContext)
    const membersOf = (endpoint: Endpoint): readonly Endpoint[] =>
      discovery.kind === 'static'
        ? (discovery.targets.find(({ endpoints }) => endpoints.includes(endpoint))?.endpoints ?? [endpoint])
        : [endpoint]
    return {
      name,
      duplex,
      autoStart,
      discovery,
      startBridge: (endpoint: Endpoint, listener: BridgeListener) =>
        withNews(this.#service, { members: membersOf(endpoint), accepted: false }, listener, (told) =>
          this.#dial(dial, settings, endpoint, told),
        ),
    }
  }

  /** Nobody hears of these bridges: who is cut off cannot go where they lead. */
  describeDrain(
    { discovery }: DrainTarget,
    flow: DrainFlow,
    { store, sslContext }: BrokerConfig,
  ): ConnectorDescription {
    const { name, duplex } = drainSettings
    const dial = this.#dialOver(sslContext)
    const { identity, clock } = this.#service
    const more = [[unstoredProperty, String(store.type === 'Memory')]] as const
    const build: BuildKnownBridge = (known) => {
      const networkProperties = formatNetworkProperties(drainSettings, identity, clock.nowMs(), more)
      return new DrainBridge({ ...known, networkProperties, flow, clock })
    }
    return {
      name,
      duplex,
      autoStart: false,
      discovery,
      startBridge: (endpoint, listener) => this.#dial(dial, drainSettings, endpoint, listener, build),
    }
  }

  accept(network: Network, initiator: InitiatingBroker, far: DuplexFarEnd): DuplexListener {
    const { brokerName, brokerId, brokerUrl, address, connectorName, networkProperties } = initiator
    const remote: RemoteBroker = { brokerName, brokerId, brokerUrl, address }
    const { identity, region } = this.#service
    if (brokerId === identity.brokerId)
      throw new RefusalError('INVALID_REQUEST', `Cannot bridge ${brokerName} with itself`)
    const parsed = parseNetworkProperties(networkProperties)
    if (!parsed.ok)
      throw new RefusalError('INVALID_REQUEST', `Cannot accept the bridge of broker ${brokerName}: ${parsed.reason}`)
    let accepted: DemandForwardingBridge | undefined
    network.accepted({ connector: connectorName, remote }, (listener) =>
      withNews(this.#service, { members: [], accepted: true }, listener, (told) => {
        accepted = new DemandForwardingBridge({
          settings: parsed.settings,
          local: identity,
          remote,
          region,
          far,
          demands: this.#demands,
          subscribers: () => this.#subscribers(),
          limitReached: (limit, by) => this.#limitReached(limit, by),
          idSeed: this.#nextIdSeed(remote),
          networkProperties: null,
          logger: this.#logger,
          listener: told,
        })
        accepted.start()
        return accepted
      }),
    )
    return accepted!
  }

  /** ActiveMQ answers a bridge that only forwards to it if its settings say so (TransportConnection.processBrokerInfo). */
  subscriptionsFor(initiator: InitiatingBroker, version: number): BrokerSubscriptionInfo | null {
    const parsed = parseNetworkProperties(initiator.networkProperties)
    if (!parsed.ok || !isToldSubscriptions(parsed.settings, version)) return null
    const { brokerId, brokerName } = this.#service.identity
    const parties = {
      settings: parsed.settings,
      localBrokerId: brokerId,
      localBrokerName: brokerName,
      remoteBrokerId: initiator.brokerId,
      remoteBrokerName: initiator.brokerName,
    }
    return buildSubscriptionInfo(parties, this.#subscribers())
  }

  #subscribers(): readonly ConsumerInfo[] {
    const { region, advisories } = this.#service
    return knownSubscribers(region, advisories.consumers())
  }

  #limitReached(limit: string, { brokerName, address }: RemoteBroker): void {
    this.#service.limits.reached(limit, { remoteBroker: brokerName, remoteAddress: address })
  }

  #dialOver(sslContext: BrokerConfig['sslContext']): Dial {
    return this.#dialBroker ?? tcpDial(this.#clock, sslContext)
  }

  #dial(
    dial: Dial,
    settings: BridgeSettings,
    endpoint: Endpoint,
    listener: BridgeListener,
    build?: BuildKnownBridge,
  ): Bridge {
    const { identity, region } = this.#service
    return new DialledBridge(
      {
        dial,
        clock: this.#clock,
        logger: this.#logger,
        region,
        local: identity,
        settings,
        demands: this.#demands,
        subscribers: () => this.#subscribers(),
        limitReached: (limit, by) => this.#limitReached(limit, by),
        networkProperties: formatNetworkProperties(settings, identity, this.#clock.nowMs()),
        nextIdSeed: (remote) => this.#nextIdSeed(remote),
      },
      endpoint,
      listener,
      build,
    )
  }

  /** As ActiveMQ names the connections of its bridges: whose, whereto, and never the same again. */
  #nextIdSeed({ brokerName }: RemoteBroker): string {
    return `${this.#service.identity.brokerName}->${brokerName}-${this.#startedMs}-${++this.#bridges}`
  }
}

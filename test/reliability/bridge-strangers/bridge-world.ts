// Two brokers without sockets, one of which has bridges with strangers: `us`, whose network connectors dial the brokers s1 to s4 and whose
// port strangers dial, and `friend`, an honest broker that `us` has a bridge to. Everything in them is real but bytes, disk and time. A log
// entry of an unexpected error, or a connection that ends because of one, is a failure.
import { isError } from '../../../broker/base/errors.ts'
import { FormatError } from '../../../broker/base/format-error.ts'
import type { Logger } from '../../../broker/base/logger.ts'
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import type { Channel, ChannelListener } from '../../../broker/client/transport/channel.ts'
import type { Endpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { TransportError } from '../../../broker/client/transport/transport-error.ts'
import { brokerConfigSchema, type BrokerConfigInput } from '../../../broker/config/schema.ts'
import { buildActiveParts, type ActiveParts } from '../../../broker/member/active-parts.ts'
import { buildNetworkBridges } from '../../../broker/network-bridges.ts'
import { ClusterClients } from '../../../broker/session/openwire/cluster-clients.ts'
import type { DuplexBridges } from '../../../broker/session/openwire/duplex-bridges.ts'
import type { SessionService } from '../../../broker/session/session-service.ts'
import { lastingStore } from '../../support/lasting-store.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import type { LogEntry, PeerWorld } from '../stranger-world.ts'
import { DialledPeer } from './dialled-peer.ts'
import { HonestPipe, type DialledBroker } from './honest-pipe.ts'

/** What the connectors of `us` that lead to strangers are called, and are told; and the host that each dials. */
export const strangerConnectors = {
  s1: {},
  s2: { duplex: true },
  s3: { networkTTL: -1, conduitSubscriptions: false, syncDurableSubs: true, suppressDuplicateQueueSubscriptions: true },
  s4: {
    duplex: true,
    networkTTL: -1,
    syncDurableSubs: true,
    useCompression: true,
    decreaseNetworkConsumerPriority: false,
  },
} as const

const memoryLimit = 64 * 2 ** 20
const uriOf = (host: string): string =>
  `static:(tcp://${host}:61616)?initialReconnectDelay=100&maxReconnectDelay=100&useExponentialBackOff=false`

const configOfUs: BrokerConfigInput = {
  networkConnectors: [
    { name: 'friend', uri: 'static:(tcp://friend:61616?wireFormat.maxInactivityDuration=0)' },
    ...Object.entries(strangerConnectors).map(([host, settings]) => ({ name: host, uri: uriOf(host), ...settings })),
  ],
}

/** Of the names that tell somebody who reads them that something is wrong with the broker. */
const mishap =
  /undefined|is not a function|is not iterable|Cannot read prop|of null|out of range|Maximum call stack|NaN/

export interface Member extends DialledBroker {
  readonly parts: ActiveParts
}

export class BridgeWorld implements PeerWorld {
  readonly clock = new ManualClock()
  readonly errors: LogEntry[] = []
  /** How often each of them was written. */
  readonly warnings = new Map<string, number>()
  readonly clusterClients: ClusterClients
  readonly us: Member
  readonly friend: Member
  /** Bridges that `us` has dialled to a stranger that has not answered yet, by host. */
  readonly dialled = new Map<string, DialledPeer>()

  /** `config`: of `us`. */
  static async start(config: BrokerConfigInput = configOfUs): Promise<BridgeWorld> {
    const stores = [lastingStore(), lastingStore()] as const
    const recovered = [await stores[0].open(soleOwner(1)), await stores[1].open(soleOwner(1))] as const
    return new BridgeWorld(config, (member) => ({ store: stores[member], recovered: recovered[member] }))
  }

  private constructor(
    config: BrokerConfigInput,
    storeOf: (member: 0 | 1) => Pick<Parameters<typeof buildActiveParts>[0], 'store' | 'recovered'>,
  ) {
    this.friend = this.#build('friend', {}, storeOf(0))
    this.us = this.#build('us', config, storeOf(1))
    this.clusterClients = new ClusterClients(everythingTold, this.us.service.cluster)
  }

  get service(): SessionService {
    return this.us.service
  }

  get duplexBridges(): DuplexBridges {
    return this.us.duplexBridges
  }

  /** Why a connection ended. */
  ended(error: Error): void {
    const { cause } = error
    const isExpected =
      cause === undefined || cause === null || cause instanceof FormatError || cause instanceof TransportError
    if (!isExpected || mishap.test(error.message))
      this.errors.push({ message: error.message, fields: { stack: isError(cause) ? cause.stack : undefined } })
  }

  #build(
    name: string,
    config: BrokerConfigInput,
    store: Pick<Parameters<typeof buildActiveParts>[0], 'store' | 'recovered'>,
  ): Member {
    const parsed = brokerConfigSchema.parse({ store: { type: 'Memory' }, brokerName: name, ...config })
    let service: SessionService | undefined
    let duplexBridges: DuplexBridges | undefined
    const parts = buildActiveParts({
      ...store,
      config: parsed,
      brokerId: `ID:${name}`,
      hostName: name,
      clock: this.clock,
      logger: this.#logger(),
      temp: null,
      memoryLimit,
      buildConnectors: () => [],
      buildNetwork: (given) => {
        service = given
        const surroundings = { urlOf: () => '', changed: () => {} }
        const built = buildNetworkBridges(parsed, given, surroundings, (endpoint, listener) =>
          this.#dial(endpoint, listener),
        )
        duplexBridges = built.duplexBridges
        return built.network
      },
    })
    return { parts, service: service!, duplexBridges: duplexBridges! }
  }

  #dial(endpoint: Endpoint, listener: ChannelListener): Channel {
    const watched: ChannelListener = {
      connected: () => listener.connected(),
      frame: (frame) => listener.frame?.(frame) === true,
      command: (command) => listener.command(command),
      failed: (error) => {
        this.ended(error)
        listener.failed(error)
      },
    }
    if (endpoint.host === 'friend') return new HonestPipe(this.friend, endpoint, watched, this.clock).channel
    const peer = new DialledPeer(endpoint, watched, this.clock)
    this.dialled.set(endpoint.host, peer)
    return peer.channel
  }

  #logger(): Logger {
    const logger: Logger = {
      debug() {},
      info() {},
      warn: (message, fields) => {
        this.warnings.set(message, (this.warnings.get(message) ?? 0) + 1)
        const said = [fields?.['reason'], fields?.['cause']].find(
          (text) => typeof text === 'string' && mishap.test(text),
        )
        if (said !== undefined) this.errors.push({ message, fields: fields! })
      },
      error: (message, fields = {}) => {
        const { error } = fields
        this.errors.push({ message, fields: isError(error) ? { ...fields, stack: error.stack } : fields })
      },
      child: () => logger,
    }
    return logger
  }
}

const everythingTold = {
  updateClusterClients: true,
  rebalanceClusterClients: true,
  updateClusterClientsOnRemove: true,
}

// Brokers that are joined without sockets: real regions, real sessions, real bridges, and between them pipes whose bytes arrive
// when the simulation says so, or never. Time stands still unless it is moved on.
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import type { Random } from '../../../broker/base/random.ts'
import type { Channel, ChannelListener, Dial } from '../../../broker/client/transport/channel.ts'
import { OpenWireChannel } from '../../../broker/client/transport/openwire-channel.ts'
import { parseEndpoint, type Endpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { brokerConfigSchema } from '../../../broker/config/schema.ts'
import { buildActiveParts, type ActiveParts } from '../../../broker/member/active-parts.ts'
import { buildNetworkBridges } from '../../../broker/network-bridges.ts'
import type { Message } from '../../../broker/message/message.ts'
import { NetworkDemands } from '../../../broker/network/demand/network-demands.ts'
import { DemandForwardingBridge } from '../../../broker/network/demand-forwarding-bridge.ts'
import { knownSubscribers } from '../../../broker/network/known-subscribers.ts'
import type { Network } from '../../../broker/network/network.ts'
import { parseNetworkProperties } from '../../../broker/network/network-properties.ts'
import type {
  DuplexBridges,
  DuplexFarEnd,
  DuplexListener,
  InitiatingBroker,
} from '../../../broker/session/openwire/duplex-bridges.ts'
import { OpenWireSessionFactory } from '../../../broker/session/openwire/openwire-session-factory.ts'
import type { SessionService } from '../../../broker/session/session-service.ts'
import type { Session, SessionFactory, SessionOutput } from '../../../broker/session/session.ts'
import { defaultWireFormatOptions, ownProvider } from '../../../broker/wire/openwire/wire-format.ts'
import type { ConsumerInfo } from '../../../broker/wire/openwire/commands.ts'
import { soleOwner } from '../../support/sole-owner.ts'
import { CrashingStore } from './crashing-store.ts'

const clusterClients = {
  updateClusterClients: false,
  rebalanceClusterClients: false,
  updateClusterClientsOnRemove: false,
  updateClusterFilter: undefined,
}
const wireFormat = {
  ...defaultWireFormatOptions,
  tightEncodingEnabled: true,
  cacheEnabled: false,
  providerName: ownProvider,
}

const brokerIdOf = (name: string): string => `ID:${name}`

/** The names of the brokers that a message has passed. */
export const passedBy = ({ brokerPath }: Message): string[] => brokerPath.map((id) => id.slice('ID:'.length))

/** … and the one where it is, as one text. */
export const placesOf = (message: Message, at: string): string => [...passedBy(message), at].join(' ')

export interface SimulatedBroker {
  readonly name: string
  /** It has a store that keeps everything; else it answers other brokers when a message is consumed. */
  readonly isLasting: boolean
  readonly store: CrashingStore
  readonly parts: ActiveParts
  readonly service: SessionService
  readonly sessions: SessionFactory
  /** Of all its bridges. */
  readonly demands: NetworkDemands
  /** Who listens there. */
  subscribers(): readonly ConsumerInfo[]
}

export class SimulatedNetwork {
  readonly clock = new ManualClock()
  readonly brokers = new Map<string, SimulatedBroker>()
  readonly #random: Random
  readonly #pipes = new Set<Pipe>()
  /** Pairs of brokers that do not reach each other, as `from>to`. */
  readonly #cut = new Set<string>()

  readonly #replays: boolean
  #lives = 0
  #acceptedBridges = 0

  /** `replays`: messages go back where they have been when there are consumers only there. */
  constructor(random: Random, replays: boolean) {
    this.#random = random
    this.#replays = replays
  }

  async addBroker(name: string, isLasting: boolean, store = new CrashingStore(isLasting)): Promise<SimulatedBroker> {
    const recovered = await store.open(soleOwner(++this.#lives))
    const demands = new NetworkDemands()
    let service: SessionService | undefined
    let network: Network | undefined
    let properties: DuplexBridges | undefined
    const config = brokerConfigSchema.parse({
      store: { type: 'Memory' },
      brokerName: name,
      destinationPolicies: [{ queue: '>', conditionalNetworkBridgeFilter: { replayWhenNoConsumers: this.#replays } }],
    })
    const parts = buildActiveParts({
      config,
      brokerId: brokerIdOf(name),
      hostName: name,
      clock: this.clock,
      logger: silentLogger,
      store,
      temp: null,
      recovered,
      memoryLimit: 2 ** 30,
      buildConnectors: () => [],
      buildNetwork: (given) => {
        service = given
        const built = buildNetworkBridges(config, given, { urlOf: () => '', changed: () => {} }, this.dialFrom(name))
        ;({ network, duplexBridges: properties } = built)
        return built.network
      },
    })
    const { region, advisories } = service!
    const broker = {
      name,
      isLasting,
      store,
      parts,
      service: service!,
      demands,
      subscribers: () => knownSubscribers(region, advisories.consumers()),
    }
    const duplexBridges: DuplexBridges = {
      accept: (initiator, far) => this.#accept(broker, network!, initiator, far),
      subscriptionsFor: (initiator, version) => properties!.subscriptionsFor(initiator, version),
    }
    const sessions = new OpenWireSessionFactory(service!, { wireFormat, clusterClients, duplexBridges })
    const complete = { ...broker, sessions }
    this.brokers.set(name, complete)
    return complete
  }

  endpointOf(name: string): Endpoint {
    return parseEndpoint(`tcp://${name}:61616?wireFormat.maxInactivityDuration=0`)
  }

  /** Dials from one broker to whichever the endpoint names. */
  dialFrom(from: string): Dial {
    return (endpoint, listener) => this.#dial(from, endpoint, listener)
  }

  /** Cuts what is open between both, and keeps them apart until `mend`. */
  cut(one: string, other: string): void {
    this.#cut.add(linkOf(one, other))
    for (const pipe of this.#pipes) if (pipe.link === linkOf(one, other)) pipe.break()
  }

  /** Ends a broker as a crash does: whoever is connected with it loses the connection, and what comes after has what its store kept. */
  async replace(name: string): Promise<SimulatedBroker> {
    for (const pipe of this.#pipes) if (pipe.link.split('-').includes(name)) pipe.break()
    const { isLasting, store } = this.brokers.get(name)!
    // Ids of connections have the time in them.
    this.clock.advance(1)
    return this.addBroker(name, isLasting, store.afterCrash(this.#random))
  }

  mend(one: string, other: string): void {
    this.#cut.delete(linkOf(one, other))
  }

  /** Lets one piece of what is under way arrive. False when there is nothing. */
  deliver(): boolean {
    const busy: Pipe[] = []
    for (const pipe of this.#pipes) if (pipe.hasWork) busy.push(pipe)
    const pipe = busy[Math.floor(this.#random.next() * busy.length)]
    pipe?.step(this.#random)
    if (pipe?.over) this.#pipes.delete(pipe)
    return pipe !== undefined
  }

  /** As a broker accepts a duplex bridge (network-bridges.ts), over the ways that those have which it dialled. */
  #accept(
    { service, demands, subscribers, name }: Omit<SimulatedBroker, 'sessions'>,
    network: Network,
    initiator: InitiatingBroker,
    far: DuplexFarEnd,
  ): DuplexListener {
    const { brokerName, brokerId, brokerUrl, address, connectorName, networkProperties } = initiator
    const parsed = parseNetworkProperties(networkProperties)
    if (!parsed.ok) throw new Error(parsed.reason)
    const { settings } = parsed
    const remote = { brokerName, brokerId, brokerUrl, address }
    const idSeed = `${name}<-${brokerName}-${++this.#acceptedBridges}`
    let accepted: DemandForwardingBridge | undefined
    network.accepted({ connector: connectorName, remote }, (listener) => {
      const { region, identity: local, logger } = service
      const parts = { settings, local, remote, region, far, demands, subscribers, idSeed, logger, listener }
      accepted = new DemandForwardingBridge({ ...parts, networkProperties: null })
      accepted.start()
      return accepted
    })
    return accepted!
  }

  #dial(from: string, endpoint: Endpoint, listener: ChannelListener): Channel {
    const link = linkOf(from, endpoint.host)
    const pipe = new Pipe(link, endpoint, listener, this.clock)
    this.#pipes.add(pipe)
    const broker = this.brokers.get(endpoint.host)
    if (!broker || this.#cut.has(link)) pipe.break()
    else pipe.open(broker.sessions)
    return pipe.channel
  }
}

const linkOf = (one: string, other: string): string => [one, other].sort().join('-')

/** One connection: the client's channel at one end, the broker's session at the other. */
class Pipe {
  readonly link: string
  readonly channel: OpenWireChannel
  #session: Session | null = null
  #toBroker: Buffer[] = []
  #toClient: Buffer[] = []
  #paused = false
  #clientPaused = false
  #broken = false
  #clientEnded = false
  #brokerEnded = false
  #bytesToClient = 0
  over = false

  constructor(link: string, endpoint: Endpoint, listener: ChannelListener, clock: ManualClock) {
    this.link = link
    this.channel = new OpenWireChannel(endpoint, listener, clock)
  }

  open(sessions: SessionFactory): void {
    this.#session = sessions.createSession({
      output: this.#output(),
      remoteAddress: `tcp://${this.link}:1`,
      connectorName: 'openwire',
      dropped: () => {},
    })
    this.#session.start()
    this.channel.opened({
      write: (bytes) => void this.#toBroker.push(bytes),
      drained: () => null,
      pause: () => (this.#clientPaused = true),
      resume: () => (this.#clientPaused = false),
      end: () => (this.#clientEnded = true),
    })
  }

  break(): void {
    this.#broken = true
  }

  get hasWork(): boolean {
    if (this.over) return false
    if (this.#broken || this.#canReachClient) return true
    return (!this.#paused && this.#toBroker.length > 0) || this.#brokerEnded || this.#clientEnded
  }

  /** One of the pieces under way arrives at its end. */
  step(random: Random): void {
    if (this.#broken) return this.#end()
    const canReachBroker = !this.#paused && this.#toBroker.length > 0
    const canReachClient = this.#canReachClient
    if (canReachBroker && (!canReachClient || random.next() < 0.5)) this.#session!.receive(this.#toBroker.shift()!)
    else if (canReachClient) this.#reachClient()
    else this.#end()
  }

  get #canReachClient(): boolean {
    return !this.#clientPaused && this.#toClient.length > 0
  }

  #reachClient(): void {
    const bytes = this.#toClient.shift()!
    this.#bytesToClient -= bytes.length
    this.channel.received(bytes)
    this.#session!.drained()
  }

  #end(): void {
    this.over = true
    this.#session?.close()
    this.channel.fail(new Error('the connection is lost'))
  }

  #output(): SessionOutput {
    let sent = 0
    const bytesToClient = (): number => this.#bytesToClient
    return {
      write: (bytes) => {
        this.#toClient.push(bytes)
        this.#bytesToClient += bytes.length
        sent += bytes.length
      },
      get bufferedBytes() {
        return bytesToClient()
      },
      get sentBytes() {
        return sent - bytesToClient()
      },
      pauseReading: () => (this.#paused = true),
      resumeReading: () => (this.#paused = false),
      end: () => (this.#brokerEnded = true),
      destroy: () => this.break(),
    }
  }
}

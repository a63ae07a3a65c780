// Brokers that are joined without sockets: real regions, real sessions, real bridges, and between them pipes whose bytes arrive
// when the simulation says so, or never. Time stands still unless it is moved on.
import { ManualClock } from '../../../broker/base/manual-clock.ts'
import { silentLogger } from '../../../broker/base/logger.ts'
import type { Random } from '../../../broker/base/random.ts'
import type { Channel, ChannelListener, Dial } from '../../../broker/client/transport/channel.ts'
import { OpenWireChannel } from '../../../broker/client/transport/openwire-channel.ts'
import { parseEndpoint, type Endpoint } from '../../../broker/client/transport/parse-broker-url.ts'
import { brokerConfigSchema, type BrokerConfigInput } from '../../../broker/config/schema.ts'
import { buildActiveParts, type ActiveParts } from '../../../broker/member/active-parts.ts'
import { buildNetworkBridges } from '../../../broker/network-bridges.ts'
import { NetworkDemands } from '../../../broker/network/demand/network-demands.ts'
import type { DuplexBridges } from '../../../broker/session/openwire/duplex-bridges.ts'
import { OpenWireSessionFactory } from '../../../broker/session/openwire/openwire-session-factory.ts'
import type { SessionService } from '../../../broker/session/session-service.ts'
import type { Session, SessionFactory, SessionOutput } from '../../../broker/session/session.ts'
import { MemoryStore } from '../../../broker/store/memory/memory-store.ts'
import { defaultWireFormatOptions } from '../../../broker/wire/openwire/wire-format.ts'
import { lastingStore } from '../../support/lasting-store.ts'
import { soleOwner } from '../../support/sole-owner.ts'

const clusterClients = {
  updateClusterClients: false,
  rebalanceClusterClients: false,
  updateClusterClientsOnRemove: false,
  updateClusterFilter: undefined,
}
const wireFormat = { ...defaultWireFormatOptions, tightEncodingEnabled: true, cacheEnabled: false }

export interface SimulatedBroker {
  readonly name: string
  readonly isLasting: boolean
  readonly parts: ActiveParts
  readonly service: SessionService
  readonly sessions: SessionFactory
  readonly demands: NetworkDemands
}

export class SimulatedNetwork {
  readonly clock = new ManualClock()
  readonly brokers = new Map<string, SimulatedBroker>()
  readonly #random: Random
  readonly #pipes = new Set<Pipe>()
  /** Pairs of brokers that do not reach each other, as `from>to`. */
  readonly #cut = new Set<string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** With a store that keeps everything, or with one that forgets: the latter answers other brokers when a message is consumed. */
  async addBroker(name: string, isLasting: boolean, config: BrokerConfigInput = {}): Promise<SimulatedBroker> {
    const store = isLasting ? lastingStore() : new MemoryStore()
    const recovered = await store.open(soleOwner(1))
    let service: SessionService | undefined
    let duplexBridges: DuplexBridges | undefined
    const parsed = brokerConfigSchema.parse({ store: { type: 'Memory' }, brokerName: name, ...config })
    const parts = buildActiveParts({
      config: parsed,
      brokerId: `ID:${name}`,
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
        const built = buildNetworkBridges(parsed, given, { urlOf: () => '', changed: () => {} }, this.dialFrom(name))
        duplexBridges = built.duplexBridges
        return built.network
      },
    })
    const sessions = new OpenWireSessionFactory(service!, { wireFormat, clusterClients, duplexBridges: duplexBridges! })
    const broker = { name, isLasting, parts, service: service!, sessions, demands: new NetworkDemands() }
    this.brokers.set(name, broker)
    return broker
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

  /** Ends a broker as a crash does: whoever is connected with it loses the connection, and what comes after has a new store. */
  async replace(name: string): Promise<SimulatedBroker> {
    for (const pipe of this.#pipes) if (pipe.link.split('-').includes(name)) pipe.break()
    // Ids of connections have the time in them.
    this.clock.advance(1)
    return this.addBroker(name, false)
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

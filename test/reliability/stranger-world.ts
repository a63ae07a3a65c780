// A broker without sockets for strangers to be let loose on: real sessions over a real region with a store in memory, time
// that stands still, and a log in which an unexpected error is a failure. And the peers: what is on the other side of a
// session, honest or not.
import { isError } from '../../broker/base/errors.ts'
import type { LogFields, Logger } from '../../broker/base/logger.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import { buildConnectionInfo } from '../../broker/openwire/build-commands.ts'
import { createRegion } from '../../broker/region/region-broker.ts'
import type { Region } from '../../broker/region/region.ts'
import { Advisories } from '../../broker/advisory/advisories.ts'
import { ClusterBrokers } from '../../broker/session/cluster-brokers.ts'
import { ConnectionRegistry } from '../../broker/session/connection-registry.ts'
import { LimitCounts } from '../../broker/session/limit-counts.ts'
import type { SessionService } from '../../broker/session/session-service.ts'
import { ClusterClients } from '../../broker/session/openwire/cluster-clients.ts'
import type { DuplexBridges } from '../../broker/session/openwire/duplex-bridges.ts'
import { OpenWireSession } from '../../broker/session/openwire/openwire-session.ts'
import type { SessionOutput } from '../../broker/session/session.ts'
import { MemoryStore } from '../../broker/store/memory/memory-store.ts'
import type { Command, DataStructure, WireFormatInfo } from '../../broker/wire/openwire/commands.ts'
import { FrameSplitter } from '../../broker/wire/openwire/frame-splitter.ts'
import { OpenWireCodec } from '../../broker/wire/openwire/openwire-codec.ts'
import type { WireFormatOptions } from '../../broker/wire/openwire/wire-format.ts'
import {
  defaultWireFormatOptions,
  initialWireFormat,
  negotiate,
  preferredWireFormatInfo,
} from '../../broker/wire/openwire/wire-format.ts'
import { receiveBytes } from '../broker/session/openwire/session-harness.ts'
import { soleOwner } from '../support/sole-owner.ts'
import { Janitor } from './janitor.ts'

export interface LogEntry {
  readonly message: string
  readonly fields: LogFields
}

/** What the peers of a broker need of it. */
export interface PeerWorld {
  readonly service: SessionService
  readonly clusterClients: ClusterClients
  readonly duplexBridges: DuplexBridges
  readonly errors: LogEntry[]
}

export class StrangerWorld implements PeerWorld {
  readonly clock = new ManualClock()
  readonly service: SessionService
  readonly region: Region
  readonly registry: ConnectionRegistry
  readonly limits: LimitCounts
  readonly clusterClients: ClusterClients
  /** Bridges that ask for demand and hear of nothing. */
  readonly duplexBridges: DuplexBridges = {
    subscriptionsFor: () => null,
    accept(_, far) {
      far.request(buildConnectionInfo(backAgain), () => {})
      return { command() {}, relieved() {}, failed() {} }
    },
  }
  /** Whatever was logged as an error: nothing that a peer sends may lead to one. */
  readonly errors: LogEntry[] = []
  readonly warnings = new Map<string, number>()
  readonly #janitor: Janitor

  static async start(memoryLimit = 64 * 2 ** 20): Promise<StrangerWorld> {
    const store = new MemoryStore()
    await store.open(soleOwner(1))
    return new StrangerWorld(store, memoryLimit)
  }

  private constructor(store: MemoryStore, memoryLimit: number) {
    const { clock } = this
    const logger = this.#logger()
    const identity = { brokerName: 'localhost', brokerId: 'ID:broker-0:1', brokerUrl: 'tcp://broker:61616' }
    const advisories = new Advisories(identity, clock)
    this.registry = new ConnectionRegistry(identity.brokerName)
    this.limits = new LimitCounts(clock, logger)
    this.region = createRegion({
      store,
      clock,
      logger,
      memoryLimit,
      concurrentStoreAndDispatchQueues: true,
      deadLetter: { queue: 'ActiveMQ.DLQ', processExpired: true, processNonPersistent: false },
      listeners: [advisories],
    })
    advisories.attach(this.region)
    const { region, registry, limits } = this
    const cluster = new ClusterBrokers(identity)
    this.clusterClients = new ClusterClients(everythingTold, cluster)
    this.service = { identity, region, registry, cluster, advisories, clock, logger, limits }
    this.#janitor = new Janitor(region)
  }

  /** Takes all messages out of all queues, so that a long run does not end in a full memory. */
  drain(): Promise<void> {
    return this.#janitor.drain()
  }

  #logger(): Logger {
    const logger: Logger = {
      debug() {},
      info() {},
      warn: (message) => void this.warnings.set(message, (this.warnings.get(message) ?? 0) + 1),
      error: (message, fields = {}) => {
        const { error } = fields
        this.errors.push({ message, fields: isError(error) ? { ...fields, stack: error.stack } : fields })
      },
      child: () => logger,
    }
    return logger
  }
}

const backAgain = {
  connectionId: 'ID:back-1:1',
  clientId: 'back',
  userName: null,
  password: null,
  faultTolerant: false,
}

const everythingTold = {
  updateClusterClients: true,
  rebalanceClusterClients: true,
  updateClusterClientsOnRemove: true,
}

/** The other side of one session. */
export class Peer implements SessionOutput {
  readonly session: OpenWireSession
  /** What the broker sent; empty unless `listens`. */
  readonly received: Command[] = []
  readonly drops: string[] = []
  /** A frame that is not whole has its time. */
  readonly mayBeSilent = false
  codec = new OpenWireCodec(initialWireFormat)
  reading = true
  closed = false
  /** Bytes sent by the broker, and those of them that this peer has not taken. */
  writtenBytes = 0
  untakenBytes = 0
  takesBytes = true
  readonly #world: PeerWorld
  readonly #listens: boolean
  readonly #splitter = new FrameSplitter(2 ** 30)
  #negotiated = false
  #theirs: WireFormatInfo | undefined
  #last: Buffer = Buffer.alloc(0)

  constructor(world: PeerWorld, wireFormat: Partial<WireFormatOptions>, listens: boolean) {
    this.#world = world
    this.#listens = listens
    this.session = new OpenWireSession({
      service: world.service,
      wireFormat: { ...defaultWireFormatOptions, stackTraceEnabled: false, maxFrameSize: 2 ** 20, ...wireFormat },
      clusterClients: world.clusterClients,
      duplexBridges: world.duplexBridges,
      connection: {
        output: this,
        remoteAddress: 'tcp://10.6.6.6:666',
        connectorName: 'openwire',
        dropped: (reason) => void this.drops.push(reason),
      },
    })
    this.session.start()
  }

  get bufferedBytes(): number {
    return this.untakenBytes
  }

  get sentBytes(): number {
    return this.writtenBytes - this.untakenBytes
  }

  pauseReading(): void {
    this.reading = false
  }

  resumeReading(): void {
    this.reading = true
  }

  end(): void {
    this.closed = true
  }

  destroy(): void {
    this.closed = true
  }

  get lastWritten(): Buffer {
    return this.#last
  }

  negotiate(options: Partial<WireFormatOptions>): void {
    this.#negotiated = true
    const mine = preferredWireFormatInfo({ ...defaultWireFormatOptions, ...options })
    const info = new OpenWireCodec(initialWireFormat).encode(mine)
    this.codec = new OpenWireCodec(negotiate(this.#theirs!, mine))
    receiveBytes(this.session, info)
  }

  send(...commands: DataStructure[]): void {
    this.give(Buffer.concat(commands.map((command) => this.codec.encode(command))))
  }

  give(bytes: Buffer): void {
    receiveBytes(this.session, bytes)
  }

  leave(): void {
    this.session.close()
  }

  #decode(frame: Buffer): Command | null {
    try {
      return this.codec.decode(frame) as Command | null
    } catch (error) {
      // A stranger that made its wire format at random does not know it.
      if (this.#negotiated)
        this.#world.errors.push({
          message: 'The broker sent what cannot be decoded',
          fields: { error, frame: frame.toString('hex') },
        })
      return null
    }
  }

  write(bytes: Buffer): void {
    this.#last = bytes
    this.writtenBytes += bytes.length
    if (!this.takesBytes) this.untakenBytes += bytes.length
    if (!this.#listens && this.#theirs) return
    for (const frame of this.#splitter.push(bytes)) {
      const command = this.#decode(frame)
      if (command?.kind === 'WireFormatInfo') this.#theirs = command
      else if (command) this.received.push(command)
    }
  }
}

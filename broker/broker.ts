// One member of a group, put together: configuration in; admin port, lock, store, region and transport connectors out.
//
//   start      admin port → store follows → Standby → lock → store opens its term → region recovers → connectors → Active
//   stop       connectors → region → store (synced) → lock released → admin port
//   step down  connectors are cut first, without answering anybody, then the same; `ended` tells why. Whoever made the
//              broker makes a new one (which is a standby again) or ends the process: a Broker is used once.
import { hostname } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { BurstLogger } from './base/burst-logger.ts'
import type { Clock } from './base/clock.ts'
import { errorMessage } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { memoryLimitBytes } from './config/memory-limit.ts'
import type { BrokerConfig } from './config/schema.ts'
import type { Lock, LockHandle, LockHolder } from './lock/lock.ts'
import { AdminServer, type AdminSource } from './management/admin-server.ts'
import type { BrokerRole, BrokerSnapshot, RoleAnswer } from './management/contract.ts'
import { maxSnapshotConnections, maxSnapshotDestinations } from './management/limits.ts'
import type { Measurements } from './management/metrics.ts'
import type { TransportConnector } from './net/transport-connector.ts'
import type { WhenNoSpace } from './region/flow-control.ts'
import type { Region } from './region/region.ts'
import { createRegion } from './region/region-broker.ts'
import { Advisories } from './advisory/advisories.ts'
import { ConnectionRegistry } from './session/connection-registry.ts'
import { logBurstEntries, logBurstPeriodMs } from './session/limits.ts'
import { LimitCounts } from './session/limit-counts.ts'
import type { BrokerIdentity } from './region/broker-identity.ts'
import type { OpenWireService } from './session/openwire/openwire-service.ts'
import type { MessageStore } from './store/message-store.ts'
import { parseDuration } from './config/duration-and-size.ts'
import { buildTransportConnector } from './transport-connectors.ts'

export interface BrokerParts {
  readonly config: BrokerConfig
  /** Name of this process among the members of its group. */
  readonly member: string
  readonly version: string
  readonly clock: Clock
  readonly logger: Logger
  readonly store: MessageStore
  readonly lock: Lock
  /** Bytes that the process may use; a relative memory limit is a share of it. */
  readonly availableMemoryBytes: number
}

/** How a broker ended: by `stop`, or because it lost its lock or its store, or could not start. */
export type BrokerEnd =
  | { readonly steppedDown: false }
  | {
      readonly steppedDown: true
      readonly reason: Error
      /** False when store or lock could not be closed in time: only the end of the process lets go of them. */
      readonly closed: boolean
    }

/** What exists only while the broker is active. */
interface ActiveParts {
  readonly handle: LockHandle
  readonly identity: BrokerIdentity
  readonly region: Region
  readonly registry: ConnectionRegistry
  readonly limits: LimitCounts
  readonly servers: readonly TransportConnector[]
  readonly recoveryMs: number
  readonly since: string
}

/** A lock that is free is had within this; a member that waits longer says that it is a standby. */
const standbyAfterMs = 300

/** Closing store and lock takes milliseconds; a disk that hangs may hold them for ever. */
const closeTimeoutMs = 10_000

export class Broker implements AdminSource {
  readonly #parts: BrokerParts
  readonly #admin: AdminServer
  readonly #startedAt: string
  readonly #stopping = new AbortController()
  readonly #eventLoopDelay: ReturnType<typeof monitorEventLoopDelay>
  readonly #ended = Promise.withResolvers<BrokerEnd>()
  readonly #brokerId: string
  #role: BrokerRole = 'Starting'
  #takingOver = false
  #handle: LockHandle | undefined
  #servers: TransportConnector[] = []
  #active: ActiveParts | undefined
  #ending: Promise<void> | undefined
  #adminPort = 0

  constructor(parts: BrokerParts) {
    const { clock, config } = parts
    this.#parts = parts
    this.#admin = new AdminServer(this, parts.logger)
    this.#startedAt = new Date(clock.nowMs()).toISOString()
    this.#eventLoopDelay = monitorEventLoopDelay({ resolution: 100 })
    const port = config.transportConnectors[0]?.port ?? 0
    this.#brokerId = `ID:${hostname()}-${port}-${clock.nowMs()}-0:1`
  }

  /** Resolves once, however the broker ends; by then everything it had open is closed. */
  get ended(): Promise<BrokerEnd> {
    return this.#ended.promise
  }

  get adminPort(): number {
    return this.#adminPort
  }

  /** Real ports by connector name; empty unless active. */
  get ports(): ReadonlyMap<string, number> {
    return new Map(this.#servers.filter(({ isOpen }) => isOpen).map(({ name, port }) => [name, port]))
  }

  /**
   * Becomes a standby and goes on to be active as soon as the lock is had. Resolves when active; rejects (after `ended`
   * has resolved) when it cannot be, or was stopped before.
   */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      const reason = await this.#reasonFor(error as Error)
      await (this.#ending ??= this.#giveUp(reason))
      throw reason
    }
  }

  /** Closes connections, syncs the store and gives the lock to the next member. */
  stop(): Promise<void> {
    return (this.#ending ??= this.#finish())
  }

  role(): RoleAnswer {
    const { config, member } = this.#parts
    const role = this.#provenRole()
    const term = role === 'Active' ? (this.#active?.handle.term ?? null) : null
    return { role, term, brokerName: config.brokerName, member }
  }

  notReadyReason(): string | undefined {
    if (this.#role === 'Starting') return 'starting'
    if (this.#role === 'Stopping') return 'stopping'
    if (this.#takingOver) return 'taking over: the store is being opened'
    const closed = this.#servers.find(({ isOpen }) => !isOpen)
    return closed ? `transport connector ${closed.name} is not open` : undefined
  }

  async snapshot(): Promise<BrokerSnapshot> {
    const { config, store, version } = this.#parts
    const holder = await this.#lockHolder()
    const active = this.#active
    const { messages, bytesUsed } = active ? store.statistics() : { messages: 0, bytesUsed: 0 }
    const isLocked = config.store.type === 'Journal'
    return {
      ...this.role(),
      version,
      brokerId: this.#brokerId,
      startedAt: this.#startedAt,
      activeSince: active?.since ?? null,
      store: { type: config.store.type, messages, bytesUsed, recoveryMs: active?.recoveryMs ?? null },
      lock: {
        type: isLocked ? 'File' : 'None',
        holder: holder?.member ?? null,
        term: holder?.term ?? null,
      },
      memory: { used: active?.region.memory().used ?? 0, limit: this.#memoryLimit() },
      transportConnectors: config.transportConnectors.map((connector, index) => {
        const server = this.#servers[index]
        return {
          name: connector.name,
          protocol: connector.protocol,
          port: server?.port ?? connector.port,
          open: server?.isOpen ?? false,
          connections: server?.connections ?? 0,
        }
      }),
      connections: active ? connectionRows(active.registry) : [],
      destinations: active
        ? active.region
            .statistics()
            .slice(0, maxSnapshotDestinations)
            .map(({ name, kind, size, inFlight, enqueued, dequeued, consumers, producers }) => ({
              name,
              kind,
              size,
              inFlight,
              enqueued,
              dequeued,
              consumers,
              producers,
            }))
        : [],
    }
  }

  measurements(): Measurements {
    const active = this.#active
    const store = active
      ? this.#parts.store.statistics()
      : { messages: 0, bytesUsed: 0, roomBytes: 0, syncs: 0, recordsWritten: 0, recoveryMs: 0 }
    const eventLoopDelayMs = this.#eventLoopDelay.max / 1e6
    this.#eventLoopDelay.reset()
    return {
      role: this.#role,
      term: this.role().term,
      connections: this.#servers.map(({ name, connections }) => ({ connector: name, open: connections })),
      acceptedConnections: sumOf(this.#servers, ({ counts }) => counts.accepted),
      refusedConnections: sumOf(this.#servers, ({ counts }) => counts.refused),
      droppedConnections: sumOf(this.#servers, ({ counts }) => counts.dropped),
      limitsReached: active?.limits.totals ?? new Map<string, number>(),
      destinations: active?.region.statistics() ?? [],
      memory: active?.region.memory() ?? { used: 0, limit: this.#memoryLimit(), blockedConnections: 0 },
      store: { ...store, recoveryMs: active?.recoveryMs ?? 0 },
      eventLoopDelayMs,
    }
  }

  async #start(): Promise<void> {
    const { config, store } = this.#parts
    this.#eventLoopDelay.enable()
    this.#adminPort = await this.#admin.open(config.admin)
    store.follow()
    this.#role = 'Standby'
    const handle = await this.#acquire()
    if (this.#ending) await handle.release()
    this.#throwIfEnding()
    this.#handle = handle
    this.#takingOver = true
    void handle.lost.then((reason) => this.#stepDown(reason))
    void store.failed.then((reason) => this.#stepDown(reason))
    await this.#activate(handle)
  }

  /** What fails in a member that another one has replaced meanwhile fails because of that. */
  async #reasonFor(error: Error): Promise<Error> {
    if (this.#ending) return error
    try {
      await this.#handle?.verify()
      return error
    } catch (lost) {
      return lost as Error
    }
  }

  async #acquire(): Promise<LockHandle> {
    const { lock, clock } = this.#parts
    const acquired = lock.acquire(this.#stopping.signal)
    const announcement = clock.after(standbyAfterMs, () => void this.#announceStandby())
    try {
      return await acquired
    } finally {
      announcement.cancel()
    }
  }

  async #announceStandby(): Promise<void> {
    const { logger } = this.#parts
    const holder = await this.#lockHolder()
    if (this.#handle || this.#ending) return
    const active = holder ? `${holder.member} is active in term ${holder.term}` : 'another member is active'
    logger.info(`Standby: ${active}`, { adminPort: this.#adminPort })
  }

  /** As far as it can be known: of no use to decide anything. */
  async #lockHolder(): Promise<LockHolder | undefined> {
    if (this.#handle) return { member: this.#parts.member, term: this.#handle.term }
    return this.#parts.lock.holder().catch(() => undefined)
  }

  async #activate(handle: LockHandle): Promise<void> {
    const { config, store, clock, logger } = this.#parts
    const startMs = clock.monotonicMs()
    const recovered = await store.open(handle)
    this.#throwIfEnding()
    const identity = this.#identity()
    const registry = new ConnectionRegistry(config.brokerName)
    const advisories = new Advisories(identity, clock)
    const region = createRegion({
      store,
      clock,
      logger,
      listeners: [advisories],
      memoryLimit: this.#memoryLimit(),
      deadLetter: config.deadLetter,
      concurrentStoreAndDispatchQueues:
        config.store.type === 'Journal' && config.store.concurrentStoreAndDispatchQueues,
      whenNoSpace: whenNoSpaceOf(config),
    })
    region.recover(recovered.queues, recovered.lastSequence)
    advisories.attach(region)
    const recoveryMs = Math.round(clock.monotonicMs() - startMs)
    const limits = new LimitCounts(clock, logger)
    const sessionLogger = BurstLogger.over(logger, clock, { entries: logBurstEntries, periodMs: logBurstPeriodMs })
    await this.#openServers({ identity, region, registry, advisories, limits, clock, logger: sessionLogger })
    this.#throwIfEnding()
    await handle.verify()
    this.#throwIfEnding()
    this.#active = {
      handle,
      identity,
      region,
      registry,
      limits,
      servers: this.#servers,
      recoveryMs,
      since: new Date(clock.nowMs()).toISOString(),
    }
    this.#takingOver = false
    this.#role = 'Active'
    advisories.becameActive()
    const listening = this.#servers.map(({ name, port }, index) => {
      const { host } = config.transportConnectors[index]!
      return `${name} on ${host}:${port}`
    })
    logger.info(`Active (term ${handle.term}): ${listening.join(', ')}`, {
      brokerName: config.brokerName,
      member: this.#parts.member,
      messages: store.statistics().messages,
      recoveryMs,
      adminPort: this.#adminPort,
    })
  }

  async #openServers(service: OpenWireService): Promise<void> {
    for (const connector of this.#parts.config.transportConnectors) {
      const server = buildTransportConnector(connector, service, this.#parts.version)
      this.#servers.push(server)
      await server.open()
    }
  }

  #identity(): BrokerIdentity {
    const { config } = this.#parts
    const connector = config.transportConnectors[0]!
    const host = connector.host === '0.0.0.0' || connector.host === '::' ? hostname() : connector.host
    const servers = this.#servers
    return {
      brokerName: config.brokerName,
      brokerId: this.#brokerId,
      // The port may be known only when the connector is open.
      get brokerUrl() {
        return `tcp://${host}:${servers[0]?.port ?? connector.port}`
      },
    }
  }

  #stepDown(reason: Error): void {
    if (this.#ending) return
    this.#parts.logger.error('Cannot stay active', { reason: errorMessage(reason) })
    this.#ending = this.#giveUp(reason)
  }

  async #finish(): Promise<void> {
    this.#role = 'Stopping'
    this.#stopping.abort(new Error('The broker is being stopped'))
    await Promise.all(this.#servers.map((server) => server.close()))
    await this.#closeParts()
    this.#ended.resolve({ steppedDown: false })
  }

  async #giveUp(reason: Error): Promise<void> {
    this.#role = 'Stopping'
    // First of all, so that nobody gets an answer from a member that may not be active any more.
    for (const server of this.#servers) server.abort()
    this.#stopping.abort(reason)
    const timeout = this.#parts.clock.after(closeTimeoutMs, () =>
      this.#ended.resolve({ steppedDown: true, reason, closed: false }),
    )
    await this.#closeParts()
    timeout.cancel()
    this.#ended.resolve({ steppedDown: true, reason, closed: true })
  }

  async #closeParts(): Promise<void> {
    this.#active?.region.stop()
    await this.#closing('store', () => this.#parts.store.close())
    await this.#closing('lock', async () => this.#handle?.release())
    await this.#closing('admin port', () => this.#admin.close())
    this.#eventLoopDelay.disable()
  }

  /** The rest has to be closed whatever happens to one part. */
  async #closing(part: string, close: () => Promise<void>): Promise<void> {
    try {
      await close()
    } catch (error) {
      this.#parts.logger.error(`Cannot close the ${part} cleanly`, { error })
    }
  }

  /** A process that was stopped for long may be asked before it has noticed that another member took over. */
  #provenRole(): BrokerRole {
    if (this.#role !== 'Active') return this.#role
    try {
      this.#active?.handle.verify()?.catch(() => {})
      return 'Active'
    } catch {
      return 'Stopping'
    }
  }

  #throwIfEnding(): void {
    if (this.#ending) throw new Error('The broker is being stopped')
  }

  #memoryLimit(): number {
    return memoryLimitBytes(this.#parts.config.memoryLimit, this.#parts.availableMemoryBytes)
  }
}

const whenNoSpaceOf = ({ sendFailIfNoSpace, sendFailIfNoSpaceAfterTimeout }: BrokerConfig): WhenNoSpace => {
  const timeoutMs = parseDuration(sendFailIfNoSpaceAfterTimeout)!
  if (sendFailIfNoSpace) return { refuseAfterMs: 0 }
  return { refuseAfterMs: timeoutMs > 0 ? timeoutMs : Number.POSITIVE_INFINITY }
}

function connectionRows(registry: ConnectionRegistry): BrokerSnapshot['connections'] {
  const rows = []
  for (const connection of registry.connections) {
    if (rows.length >= maxSnapshotConnections) break
    const { id, clientId, remoteAddress, connectorName, consumerCount, producerCount } = connection
    rows.push({
      connectionId: id,
      clientId,
      remoteAddress,
      connector: connectorName,
      consumers: consumerCount,
      producers: producerCount,
    })
  }
  return rows
}

const sumOf = (servers: readonly TransportConnector[], pick: (server: TransportConnector) => number): number =>
  servers.reduce((sum, server) => sum + pick(server), 0)

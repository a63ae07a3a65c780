// One member of a group, put together: configuration in; admin port, storage, region and transport connectors out.
//
//   start      admin port → storage not refused → store follows → Standby → lock → store opens its term, temp store begins
//              empty → region recovers → connectors → Active → network
//   stop       network → connectors → region → store (synced), temp store (removed) → lock released → admin port; in a pod the process
//              then waits for its successor
//   step down  connectors are cut first, without answering anybody, then the same; `ended` tells why. Whoever made the
//              broker makes a new one (which is a standby again) or ends the process: a Broker is used once.
//
// What is built and told on the way stands in member/.
import type { Clock } from './base/clock.ts'
import { errorMessage } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { memoryLimitBytes } from './config/memory-limit.ts'
import type { BrokerConfig } from './config/schema.ts'
import type { LockHandle } from './lock/lock.ts'
import { AdminServer } from './management/admin-server.ts'
import type { RoleAnswer } from './management/contract.ts'
import { buildActiveParts, type ActiveParts } from './member/active-parts.ts'
import { Election } from './member/election.ts'
import { closeTimeoutMs } from './member/limits.ts'
import { MemberAdmin } from './member/member-admin.ts'
import { MemberState } from './member/member-state.ts'
import { type AskWhetherActive, awaitSuccessor } from './member/successor.ts'
import type { TransportConnector } from './net/transport-connector.ts'
import type { SessionService } from './session/session-service.ts'
import type { Storage } from './storage/storage.ts'
import type { RecoveredState } from './store/message-store.ts'
import { Drain, type BuildDrainConnector } from './network/drain/drain.ts'
import { buildNetworkBridges, type NetworkBridges } from './network-bridges.ts'
import type { DuplexBridges } from './session/openwire/duplex-bridges.ts'
import { buildTransportConnector } from './transport-connectors.ts'

export interface BrokerParts {
  readonly config: BrokerConfig
  /** Name of this process among the members of its group. */
  readonly member: string
  readonly version: string
  /** Name of this machine, for clients and other brokers. */
  readonly hostName: string
  readonly clock: Clock
  readonly logger: Logger
  readonly storage: Storage
  /** Bytes that the process may use; a relative memory limit is a share of it. */
  readonly availableMemoryBytes: number
  /** Whether a member whose storage belongs to another broker waits for that to change; else it cannot start. */
  readonly waitsWhenRefused: boolean
}

/**
 * How a broker ended: by `stop`, or because it lost its lock or its store, or could not start. `closed` is false when store or
 * lock could not be closed in time: then only the end of the process lets go of them.
 */
export type BrokerEnd =
  | { readonly steppedDown: false; readonly closed: boolean }
  | { readonly steppedDown: true; readonly closed: boolean; readonly reason: Error; readonly cannotStart: boolean }

export class Broker {
  readonly #parts: BrokerParts
  readonly #state = new MemberState()
  readonly #admin: MemberAdmin
  readonly #adminServer: AdminServer
  readonly #election: Election
  readonly #stopping = new AbortController()
  readonly #ended = Promise.withResolvers<BrokerEnd>()
  readonly #brokerId: string
  readonly #memoryLimit: number
  #waiting: Promise<LockHandle> | undefined
  /** The term that others still waited to see the end of when it had ended. */
  #awaitedTerm: number | undefined
  #ending: Promise<void> | undefined
  #adminPort = 0

  constructor(parts: BrokerParts) {
    const { clock, config, hostName, availableMemoryBytes } = parts
    const startedMs = clock.nowMs()
    const port = config.transportConnectors[0]?.port ?? 0
    this.#parts = parts
    this.#brokerId = config.brokerId ?? `ID:${hostName}-${port}-${startedMs}-0:1`
    this.#memoryLimit = memoryLimitBytes(config.memoryLimit, availableMemoryBytes)
    this.#admin = new MemberAdmin(
      {
        ...parts,
        brokerId: this.#brokerId,
        startedAt: new Date(startedMs).toISOString(),
        memoryLimit: this.#memoryLimit,
      },
      this.#state,
    )
    this.#adminServer = new AdminServer(this.#admin, parts.logger)
    const { lock } = parts.storage
    this.#election = new Election({ ...parts, lock, adminPort: () => this.#adminPort }, this.#state)
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
    return new Map(this.#state.connectors.filter(({ isOpen }) => isOpen).map(({ name, port }) => [name, port]))
  }

  role(): RoleAnswer {
    return this.#admin.role()
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
      await (this.#ending ??= this.#giveUp(reason, true))
      throw reason
    }
  }

  /** Closes connections, syncs the store and gives the lock to the next member. */
  stop(): Promise<void> {
    return (this.#ending ??= this.#finish())
  }

  /** After a stop: resolves when one of those that waited for it is active and clients have found it, or soon in any case. */
  async succeeded(isActive: AskWhetherActive): Promise<void> {
    const { storage, clock, logger } = this.#parts
    if (this.#awaitedTerm === undefined) return
    logger.info('Waiting for the next active member', { term: this.#awaitedTerm })
    await awaitSuccessor(storage.lock, this.#awaitedTerm, isActive, clock)
  }

  async #start(): Promise<void> {
    const { config, storage } = this.#parts
    this.#admin.start()
    this.#adminPort = await this.#adminServer.open(config.admin)
    const waiting = this.#becomeHolder(this.#stopping.signal)
    this.#waiting = waiting
    const handle = await waiting
    this.#throwIfEnding()
    void handle.lost.then((reason) => this.#stepDown(reason))
    void storage.store.failed.then((reason) => this.#stepDown(reason))
    void storage.temp?.failed.then((reason) => this.#stepDown(reason))
    await this.#activate(handle)
  }

  async #becomeHolder(signal: AbortSignal): Promise<LockHandle> {
    await this.#election.admit(signal)
    this.#throwIfEnding()
    this.#parts.storage.store.follow()
    this.#state.role = 'Standby'
    const handle = await this.#election.wait(signal)
    this.#state.handle = handle
    return handle
  }

  /** What fails in a member that another one has replaced meanwhile fails because of that. */
  async #reasonFor(error: Error): Promise<Error> {
    if (this.#ending) return error
    try {
      await this.#state.handle?.verify()
      return error
    } catch (lost) {
      return lost as Error
    }
  }

  async #activate(handle: LockHandle): Promise<void> {
    const { clock } = this.#parts
    const startMs = clock.monotonicMs()
    const recovered = await this.#openStores(handle)
    this.#throwIfEnding()
    const { parts, drain } = this.#build(recovered)
    const recoveryMs = Math.round(clock.monotonicMs() - startMs)
    this.#state.connectors = parts.connectors
    for (const connector of parts.connectors) {
      await connector.open()
      this.#throwIfEnding()
    }
    await handle.verify()
    this.#throwIfEnding()
    this.#state.activity = { parts, drain, recoveryMs, since: new Date(clock.nowMs()).toISOString() }
    this.#state.role = 'Active'
    parts.advisories.becameActive()
    this.#announce(handle, parts, recoveryMs)
    parts.network.start()
  }

  /** Side by side: neither has to wait for the other. */
  async #openStores(handle: LockHandle): Promise<RecoveredState> {
    const { store, temp } = this.#parts.storage
    const opened = temp?.open()
    // Told below; until then the store may take its time.
    opened?.catch(() => {})
    const recovered = await store.open(handle)
    await opened
    return recovered
  }

  #build(recovered: RecoveredState): { parts: ActiveParts; drain: Drain } {
    const { config, hostName, clock, logger, storage } = this.#parts
    const changed = (): void => this.#state.bridgeChanged()
    let bridges: NetworkBridges | null = null
    const parts = buildActiveParts({
      config,
      brokerId: this.#brokerId,
      hostName,
      clock,
      logger,
      store: storage.store,
      temp: storage.temp,
      recovered,
      memoryLimit: this.#memoryLimit,
      buildConnectors: (service) => this.#buildConnectors(service, bridges?.duplexBridges ?? null),
      buildNetwork: (service) => {
        bridges = buildNetworkBridges(config, service, { urlOf: (name) => this.#urlOf(name), changed })
        return bridges.network
      },
    })
    const connectorTo: BuildDrainConnector = (target, flow) => bridges!.drainTo(target, flow)
    return { parts, drain: new Drain({ ...parts, connectorTo, changed, clock, logger }) }
  }

  #buildConnectors(service: SessionService, bridges: DuplexBridges | null): readonly TransportConnector[] {
    const { config, version } = this.#parts
    return config.transportConnectors.map((connector) => buildTransportConnector(connector, service, version, bridges))
  }

  /** What others dial to reach a transport connector that is open. */
  #urlOf(name: string): string {
    const { config, hostName } = this.#parts
    const host = config.transportConnectors.find((connector) => connector.name === name)?.host ?? hostName
    const port = this.ports.get(name) ?? 0
    return `tcp://${host === '0.0.0.0' || host === '::' ? hostName : host}:${port}`
  }

  #announce(handle: LockHandle, { connectors }: ActiveParts, recoveryMs: number): void {
    const { config, member, logger, storage } = this.#parts
    const listening = connectors.map(({ name, port }, index) => {
      const { host } = config.transportConnectors[index]!
      return `${name} on ${host}:${port}`
    })
    logger.info(`Active (term ${handle.term}): ${listening.join(', ')}`, {
      brokerName: config.brokerName,
      member,
      messages: storage.store.statistics().messages,
      recoveryMs,
      adminPort: this.#adminPort,
    })
  }

  #stepDown(reason: Error): void {
    if (this.#ending) return
    this.#parts.logger.error('Cannot stay active', { reason: errorMessage(reason) })
    this.#ending = this.#giveUp(reason, false)
  }

  async #finish(): Promise<void> {
    this.#state.role = 'Stopping'
    this.#stopping.abort(new Error('The broker is being stopped'))
    this.#state.activity?.parts.network.stop()
    this.#state.activity?.parts.cluster.stop()
    await this.#state.activity?.drain.stop()
    await Promise.all(this.#state.connectors.map((connector) => connector.close()))
    await this.#closeParts()
    const closed = !this.#election.asking
    if (!closed) this.#parts.logger.error('Cannot stop waiting for the lock: its volume does not answer')
    this.#ended.resolve({ steppedDown: false, closed })
  }

  async #giveUp(reason: Error, cannotStart: boolean): Promise<void> {
    this.#state.role = 'Stopping'
    // First of all, so that nobody gets an answer from a member that may not be active any more.
    for (const connector of this.#state.connectors) connector.abort()
    this.#state.activity?.parts.network.stop()
    void this.#state.activity?.drain.stop()
    this.#stopping.abort(reason)
    const timeout = this.#parts.clock.after(closeTimeoutMs, () =>
      this.#ended.resolve({ steppedDown: true, reason, cannotStart, closed: false }),
    )
    await this.#closeParts()
    timeout.cancel()
    this.#ended.resolve({ steppedDown: true, reason, cannotStart, closed: !this.#election.asking })
  }

  async #closeParts(): Promise<void> {
    this.#state.activity?.parts.region.stop()
    await this.#waiting?.catch(() => {})
    const { store, temp } = this.#parts.storage
    await Promise.all([
      this.#closing('store', () => store.close()),
      this.#closing('temp store', async () => temp?.close()),
    ])
    await this.#closing('lock', async () => this.#state.handle?.release())
    // Not sooner: those that are stopped at the same time, and will not take over, have stopped waiting by now.
    if (this.#adminServer.awaiting > 0) this.#awaitedTerm = this.#state.handle?.term
    await this.#closing('admin port', () => this.#adminServer.close())
    this.#admin.stop()
  }

  /** The rest has to be closed whatever happens to one part. */
  async #closing(part: string, close: () => Promise<void>): Promise<void> {
    try {
      await close()
    } catch (error) {
      this.#parts.logger.error(`Cannot close the ${part} cleanly`, { error })
    }
  }

  #throwIfEnding(): void {
    if (this.#ending) throw new Error('The broker is being stopped')
  }
}

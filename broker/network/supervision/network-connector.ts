// One network connector: a supervisor for each broker, or group of brokers, that its URI names or that discovery finds. Can be stopped
// and started again at any time.
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { Random } from '../../base/random.ts'
import type { NetworkBridgeSnapshot } from '../../management/contract.ts'
import type { DiscoveryAgent, DiscoveryListener } from '../discovery/discovery-agent.ts'
import type { BridgeTarget, ReconnectDelays } from '../discovery-uri.ts'
import type { StartBridge } from './bridge-attempt.ts'
import { BridgeSupervisor } from './bridge-supervisor.ts'
import { BridgedBrokers } from './bridged-brokers.ts'

export interface NetworkConnectorParts {
  readonly name: string
  readonly duplex: boolean
  /** Started with the broker. */
  readonly autoStart: boolean
  /** Those that are named. */
  readonly targets: readonly BridgeTarget[]
  /** Finds others; null where all are named. */
  readonly agent: DiscoveryAgent | null
  readonly reconnect: ReconnectDelays
  readonly startBridge: StartBridge
  /** One of its bridges is there, or is no longer. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export class NetworkConnector implements DiscoveryListener {
  readonly #parts: NetworkConnectorParts
  readonly #bridged = new BridgedBrokers()
  readonly #named: readonly BridgeSupervisor[]
  readonly #found = new Map<string, BridgeSupervisor>()
  #started = false

  constructor(parts: NetworkConnectorParts) {
    this.#parts = parts
    const unique = new Map(parts.targets.map((target) => [target.uri, target]))
    this.#named = Array.from(unique.values(), (target) => this.#supervisorOf(target))
  }

  get name(): string {
    return this.#parts.name
  }

  get duplex(): boolean {
    return this.#parts.duplex
  }

  get autoStart(): boolean {
    return this.#parts.autoStart
  }

  get started(): boolean {
    return this.#started
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    for (const supervisor of this.#named) supervisor.start()
    this.#parts.agent?.start(this)
  }

  stop(): void {
    if (!this.#started) return
    this.#started = false
    this.#parts.agent?.stop()
    for (const supervisor of [...this.#named, ...this.#found.values()]) supervisor.stop()
    this.#found.clear()
  }

  found(target: BridgeTarget): void {
    const known = this.#found.get(target.uri)
    if (known) return known.goOn()
    const supervisor = this.#supervisorOf(target)
    this.#found.set(target.uri, supervisor)
    supervisor.start()
  }

  lost(uri: string): void {
    const supervisor = this.#found.get(uri)
    supervisor?.withdraw(() => void this.#found.delete(uri))
  }

  bridges(): NetworkBridgeSnapshot[] {
    return [...this.#named, ...this.#found.values()].map((supervisor) => supervisor.snapshot())
  }

  #supervisorOf(target: BridgeTarget): BridgeSupervisor {
    const { name, duplex, reconnect, startBridge, onChange, clock, random, logger } = this.#parts
    const bridged = this.#bridged
    return new BridgeSupervisor({
      connector: name,
      duplex,
      target,
      reconnect,
      startBridge,
      onChange,
      bridged,
      clock,
      random,
      logger,
    })
  }
}

// What sessions need, without a broker: a region that only notes what it is asked, and what sessions share over it.
import type { RefusalError } from '../../broker/base/errors.ts'
import { silentLogger } from '../../broker/base/logger.ts'
import { ManualClock } from '../../broker/base/manual-clock.ts'
import type { Message } from '../../broker/message/message.ts'
import type {
  ConnectionOptions,
  ConnectionPort,
  Done,
  HeldMessages,
  Region,
  RegionConnection,
} from '../../broker/region/region.ts'
import { ClusterBrokers } from '../../broker/session/cluster-brokers.ts'
import { ConnectionRegistry } from '../../broker/session/connection-registry.ts'
import { LimitCounts } from '../../broker/session/limit-counts.ts'
import type { SessionService } from '../../broker/session/session-service.ts'

export interface RegionCall {
  readonly method: string
  readonly arguments: readonly unknown[]
}

/** Notes every call; refuses those that a test says it is to refuse; keeps `done` of sends if told to. */
export class FakeRegion implements Region {
  readonly calls: RegionCall[] = []
  readonly refusals = new Map<string, RefusalError>()
  readonly ports = new Map<string, ConnectionPort>()
  readonly published: { readonly to: string | null; readonly message: Message }[] = []
  readonly waiting: Done[] = []
  holdsSends = false
  holding: HeldMessages = { ofQueues: 0, ofSubscriptions: 0 }

  connect(options: ConnectionOptions, port: ConnectionPort): RegionConnection {
    this.#note('connect', options)
    this.ports.set(options.connectionId, port)
    const note = (method: string, ...values: unknown[]): void => this.#note(method, ...values)
    return {
      addProducer: (...values) => note('addProducer', ...values),
      removeProducer: (...values) => note('removeProducer', ...values),
      addConsumer: (...values) => note('addConsumer', ...values),
      removeConsumer: (...values) => note('removeConsumer', ...values),
      setPrefetch: (...values) => note('setPrefetch', ...values),
      pull: (...values) => note('pull', ...values),
      addDestination: (...values) => note('addDestination', ...values),
      removeDestination: (...values) => note('removeDestination', ...values),
      begin: (...values) => note('begin', ...values),
      failTransaction: (...values) => note('failTransaction', ...values),
      removeSubscription: (clientId, name) => note('removeSubscription', clientId, name),
      whenDurable: (done) => this.#later('whenDurable', done),
      dispatch: () => note('dispatch'),
      close: () => note('close', options.connectionId),
      send: (message, transactionId, done) => this.#later('send', done, message, transactionId),
      acknowledge: (acknowledgement, done) => this.#later('acknowledge', done, acknowledgement),
      commit: (id, done) => this.#later('commit', done, id),
      rollback: (id, done) => this.#later('rollback', done, id),
    }
  }

  publish(message: Message): void {
    this.published.push({ to: null, message })
  }

  publishTo(consumerId: string, message: Message): void {
    this.published.push({ to: consumerId, message })
  }

  destinations(): [] {
    return []
  }

  statistics(): [] {
    return []
  }

  statisticsPage(): { items: []; next: null } {
    return { items: [], next: null }
  }

  subscriptionsPage(): { items: []; next: null } {
    return { items: [], next: null }
  }

  async deleteSubscription(): Promise<void> {}

  unsupportedUses(): ReadonlyMap<string, number> {
    return new Map()
  }

  memory(): { used: number; limit: number; blockedConnections: number } {
    return { used: 0, limit: 1, blockedConnections: 0 }
  }

  held(): HeldMessages {
    return this.holding
  }

  holdBridges(): void {
    this.#note('holdBridges')
  }

  forwarding(): number {
    return 0
  }

  keptElsewhere(): ReadonlySet<number> {
    return new Set()
  }

  setDraining(draining: boolean): void {
    this.#note('setDraining', draining)
  }

  whenDurable(done: Done): void {
    this.#later('whenDurable', done)
  }

  recover(): void {}
  prepare(): void {}
  stop(): void {}

  /** Arguments of all calls of a method. */
  of(method: string): readonly (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map((call) => call.arguments)
  }

  #later(method: string, done: Done, ...values: unknown[]): void {
    this.#note(method, ...values)
    if (this.holdsSends) this.waiting.push(done)
    else done()
  }

  #note(method: string, ...values: unknown[]): void {
    this.calls.push({ method, arguments: values })
    const refusal = this.refusals.get(method)
    if (refusal) throw refusal
  }
}

export interface ServiceParts {
  readonly service: SessionService
  readonly region: FakeRegion
  readonly clock: ManualClock
}

export function buildService(): ServiceParts {
  const clock = new ManualClock()
  const region = new FakeRegion()
  const identity = { brokerName: 'localhost', brokerId: 'ID:test-0:1', brokerUrl: 'tcp://test:61616' }
  const registry = new ConnectionRegistry(identity.brokerName)
  const limits = new LimitCounts(clock, silentLogger)
  const cluster = new ClusterBrokers(identity)
  const advisories = { flush() {}, bridgeStarted() {}, bridgeStopped() {}, consumers: () => [] }
  const service = { identity, region, registry, cluster, advisories, limits, clock, logger: silentLogger }
  return { service, region, clock }
}

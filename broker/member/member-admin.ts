// What the admin port of a member is told, from what the member is at that moment (member-state.ts). Only reads.
import { EventLoopDelay } from '../base/event-loop-delay.ts'
import type { InventoryPage } from '../base/inventory.ts'
import type { BrokerConfig } from '../config/schema.ts'
import type { LockHolder } from '../lock/lock.ts'
import { errorMessage, RefusalError } from '../base/errors.ts'
import type { AdminSource, ConnectorSwitch, Deletion, DrainAnswer } from '../management/admin-server.ts'
import type { ConnectorRequest } from '../management/connector-request.ts'
import type {
  BrokerRole,
  BrokerSnapshot,
  ConnectionRow,
  DestinationRow,
  DrainRequest,
  InventoryAnswer,
  NetworkAnswer,
  NetworkBridgeSnapshot,
  RoleAnswer,
  SubscriptionRow,
} from '../management/contract.ts'
import type { Measurements } from '../management/metrics.ts'
import type { PageRequest } from '../management/page-request.ts'
import type { SubscriptionRequest } from '../management/subscription-request.ts'
import type { TransportConnector } from '../net/transport-connector.ts'
import type { DestinationStatistics } from '../region/region.ts'
import type { RegisteredConnection } from '../session/connection-registry.ts'
import type { Storage } from '../storage/storage.ts'
import type { TempStoreStatistics } from '../store/temp-store.ts'
import type { Activity, MemberState } from './member-state.ts'
import { drainTargetsOf } from './network-settings.ts'

export interface MemberAdminOptions {
  readonly config: BrokerConfig
  readonly member: string
  readonly version: string
  readonly brokerId: string
  /** RFC 3339. */
  readonly startedAt: string
  readonly storage: Storage
  readonly memoryLimit: number
}

export class MemberAdmin implements AdminSource {
  readonly #options: MemberAdminOptions
  readonly #state: MemberState
  readonly #eventLoopDelay = new EventLoopDelay()

  constructor(options: MemberAdminOptions, state: MemberState) {
    this.#options = options
    this.#state = state
  }

  /** Measures until `stop`. */
  start(): void {
    this.#eventLoopDelay.start()
  }

  stop(): void {
    this.#eventLoopDelay.stop()
  }

  role(): RoleAnswer {
    const { config, member } = this.#options
    const role = this.#provenRole()
    const term = role === 'Active' ? (this.#state.handle?.term ?? null) : null
    return { role, term, brokerName: config.brokerName, member }
  }

  onRoleChange(listener: () => void): () => void {
    return this.#state.onRoleChange(listener)
  }

  onBridgeChange(listener: () => void): () => void {
    return this.#state.onBridgeChange(listener)
  }

  notReadyReason(): string | undefined {
    const { role, refusal, handle, connectors } = this.#state
    if (role === 'Starting') return refusal ?? 'starting'
    if (role === 'Stopping') return 'stopping'
    if (role === 'Standby' && handle) return 'taking over: the store is being opened'
    // They are closed because it does what it is told to.
    if (this.#state.activity?.drain.isDraining) return undefined
    const closed = connectors.find(({ isOpen }) => !isOpen)
    return closed ? `transport connector ${closed.name} is not open` : undefined
  }

  async snapshot(): Promise<BrokerSnapshot> {
    const { config, version, brokerId, startedAt, storage, memoryLimit } = this.#options
    const holder = await this.#lockHolder()
    const { role, activity, connectors, refusal } = this.#state
    const temp = storage.temp?.statistics() ?? noTemp
    const { messages, bytesUsed } = activity ? storage.store.statistics() : { messages: 0, bytesUsed: 0 }
    return {
      ...this.role(),
      version,
      brokerId,
      startedAt,
      activeSince: activity?.since ?? null,
      store: {
        type: storage.kind,
        messages,
        bytesUsed,
        recoveryMs: activity?.recoveryMs ?? null,
        lagBytes: role === 'Standby' ? (storage.store.lag()?.bytes ?? null) : null,
        refusal,
      },
      lock: {
        type: storage.lock.kind,
        holder: holder?.member ?? null,
        term: holder?.term ?? null,
        trouble: this.#lockTrouble(),
      },
      memory: { used: activity?.parts.region.memory().used ?? 0, limit: memoryLimit },
      temp: { messages: temp.messages, used: temp.bytesUsed, limit: temp.limitBytes },
      transportConnectors: config.transportConnectors.map(({ name, protocol, port }, index) => {
        const connector = connectors[index]
        return {
          name,
          protocol,
          port: connector?.port ?? port,
          open: connector?.isOpen ?? false,
          connections: connector?.connections ?? 0,
        }
      }),
      ...(activity ? { networkBridges: bridgesOf(activity) } : {}),
      ...drainOf(activity),
      ...(storage.replication ? { replication: storage.replication() } : {}),
    }
  }

  connections({ after, limit }: PageRequest): InventoryAnswer<ConnectionRow> {
    return answerOf(this.#state.activity?.parts.registry.page(after, limit), connectionRow)
  }

  destinations({ after, limit }: PageRequest): InventoryAnswer<DestinationRow> {
    return answerOf(this.#state.activity?.parts.region.statisticsPage(after, limit), destinationRow)
  }

  subscriptions({ after, limit }: PageRequest): InventoryAnswer<SubscriptionRow> {
    return answerOf(this.#state.activity?.parts.region.subscriptionsPage(after, limit), (row) => row)
  }

  async deleteSubscription({ clientId, subscriptionName }: SubscriptionRequest): Promise<Deletion> {
    const { activity } = this.#state
    if (!activity || this.#provenRole() !== 'Active')
      return { deleted: false, status: 409, why: 'only an active member has subscriptions' }
    try {
      await activity.parts.region.deleteSubscription(clientId, subscriptionName)
      return { deleted: true }
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error
      return { deleted: false, status: error.code === 'INVALID_DESTINATION' ? 404 : 409, why: error.message }
    }
  }

  network(): NetworkAnswer {
    const { activity } = this.#state
    if (!activity) return { connectors: [], bridges: [] }
    return { connectors: activity.parts.network.connectors(), bridges: bridgesOf(activity) }
  }

  switchConnector({ name, started }: ConnectorRequest): ConnectorSwitch {
    const { activity } = this.#state
    if (!activity || this.#provenRole() !== 'Active')
      return { done: false, status: 409, why: 'only an active member has network connectors' }
    if (activity.drain.isDraining)
      return { done: false, status: 409, why: 'this member drains: its network connectors are stopped until that ends' }
    const { network } = activity.parts
    if (network.switchConnector(name, started)) return { done: true }
    const names = network.connectors().map((connector) => connector.name)
    const known = names.length === 0 ? 'there are none' : `there are only ${names.join(', ')}`
    return { done: false, status: 404, why: `no network connector has this name; ${known}` }
  }

  drain({ to }: DrainRequest): DrainAnswer {
    const { activity } = this.#state
    if (!activity || this.#provenRole() !== 'Active') return onlyActive
    const parsed = drainTargetsOf(to)
    if (!parsed.ok) return { done: false, status: 400, why: parsed.problems.join('\n') }
    activity.drain.begin(parsed.targets)
    return { done: true }
  }

  async endDrain(): Promise<DrainAnswer> {
    const { activity } = this.#state
    if (!activity || this.#provenRole() !== 'Active') return onlyActive
    try {
      await activity.drain.end()
      return { done: true }
    } catch (error) {
      return { done: false, status: 409, why: errorMessage(error) }
    }
  }

  measurements(): Measurements {
    const { storage, memoryLimit } = this.#options
    const { role, activity, connectors } = this.#state
    const store = activity
      ? storage.store.statistics()
      : { messages: 0, bytesUsed: 0, roomBytes: 0, syncs: 0, recordsWritten: 0, recoveryMs: 0 }
    return {
      role,
      term: this.role().term,
      lockTrouble: this.#lockTrouble() !== null,
      connections: connectors.map(({ name, connections }) => ({ connector: name, open: connections })),
      acceptedConnections: sumOf(connectors, ({ counts }) => counts.accepted),
      refusedConnections: sumOf(connectors, ({ counts }) => counts.refused),
      droppedConnections: sumOf(connectors, ({ counts }) => counts.dropped),
      limitsReached: activity?.parts.limits.totals ?? new Map<string, number>(),
      unsupportedUses: activity?.parts.region.unsupportedUses() ?? new Map<string, number>(),
      destinations: activity?.parts.region.statistics() ?? [],
      memory: activity?.parts.region.memory() ?? { used: 0, limit: memoryLimit, blockedConnections: 0 },
      networkBridges: activity ? bridgesOf(activity) : [],
      drainRemaining: activity?.drain.snapshot()?.messagesRemaining ?? null,
      temp: storage.temp?.statistics() ?? noTemp,
      store: { ...store, recoveryMs: activity?.recoveryMs ?? 0 },
      replication: storage.replication?.() ?? null,
      eventLoopDelayMs: this.#eventLoopDelay.takeLargestMs(),
    }
  }

  /** A process that was stopped for long may be asked before it has noticed that another member took over. */
  #provenRole(): BrokerRole {
    const { role, handle } = this.#state
    if (role !== 'Active') return role
    try {
      handle?.verify()?.catch(() => {})
      return 'Active'
    } catch {
      return 'Stopping'
    }
  }

  /** Of a member that has the lock the obstacle is what was before. */
  #lockTrouble(): string | null {
    const { obstacle } = this.#options.storage.lock
    return !this.#state.handle && obstacle.kind === 'Trouble' ? obstacle.reason : null
  }

  /** As far as it can be known: of no use to decide anything. */
  async #lockHolder(): Promise<LockHolder | undefined> {
    const { handle } = this.#state
    if (handle) return { member: this.#options.member, term: handle.term }
    return this.#options.storage.lock.holder().catch(() => undefined)
  }
}

const onlyActive: DrainAnswer = { done: false, status: 409, why: 'only an active member drains' }

/** Those of the network, and those of a drain. */
const bridgesOf = ({ parts, drain }: Activity): readonly NetworkBridgeSnapshot[] => [
  ...parts.network.bridges(),
  ...drain.bridges(),
]

function drainOf(activity: Activity | undefined): Pick<BrokerSnapshot, 'drain'> {
  const drain = activity?.drain.snapshot()
  return drain ? { drain } : {}
}

const noTemp: TempStoreStatistics = { messages: 0, bytesUsed: 0, limitBytes: 0, roomBytes: 0 }

/** undefined: of a member that is not active. */
function answerOf<Item, Row>(page: InventoryPage<Item> | undefined, rowOf: (item: Item) => Row): InventoryAnswer<Row> {
  if (!page) return { items: [], next: null }
  return { items: page.items.map(rowOf), next: page.next === null ? null : String(page.next) }
}

const connectionRow = (connection: RegisteredConnection): ConnectionRow => ({
  connectionId: connection.id,
  clientId: connection.clientId,
  remoteAddress: connection.remoteAddress,
  connector: connection.connectorName,
  consumers: connection.consumerCount,
  producers: connection.producerCount,
  ...(connection.network ? { networkConnection: true } : {}),
})

const destinationRow = (destination: DestinationStatistics): DestinationRow => ({
  name: destination.name,
  kind: destination.kind,
  size: destination.size,
  inFlight: destination.inFlight,
  awaitingRedelivery: destination.awaitingRedelivery,
  messageGroups: destination.messageGroups,
  withoutConsumer: destination.withoutConsumer,
  enqueued: destination.enqueued,
  dequeued: destination.dequeued,
  consumers: destination.consumers,
  producers: destination.producers,
})

const sumOf = (connectors: readonly TransportConnector[], pick: (connector: TransportConnector) => number): number =>
  connectors.reduce((sum, connector) => sum + pick(connector), 0)

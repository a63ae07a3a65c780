// Prometheus metrics, read off the broker when somebody scrapes. Names start with `flotilla_`.
// Totals are kept by those who count; here they only get their text. The library is loaded by the first scrape, because
// a standby should be ready before it.
import type { Counter, Gauge, Registry } from 'prom-client'
import { processMetrics } from '../base/process-metrics.ts'
import type { BrokerRole, DestinationRow, NetworkBridgeSnapshot, ReplicationSnapshot } from './contract.ts'
import { maxDestinationLabels } from './limits.ts'
import { bridgeTotals, type BridgeTotals } from './bridge-totals.ts'

export interface DestinationTotals extends DestinationRow {
  readonly dispatched: number
  readonly expired: number
}

/** What is measured; everything that only an active broker has is zero on a standby. */
export interface Measurements {
  readonly role: BrokerRole
  readonly term: number | null
  /** Whether the lock cannot even be tried at this moment. */
  readonly lockTrouble: boolean
  readonly connections: readonly { readonly connector: string; readonly open: number }[]
  readonly acceptedConnections: number
  readonly refusedConnections: number
  readonly droppedConnections: number
  /** How often each limit has stopped a client, by its name. */
  readonly limitsReached: ReadonlyMap<string, number>
  /** How often clients asked for what this version takes without doing it, by feature. */
  readonly unsupportedUses: ReadonlyMap<string, number>
  readonly destinations: readonly DestinationTotals[]
  readonly networkBridges: readonly NetworkBridgeSnapshot[]
  /** null: this member does not drain. */
  readonly drainRemaining: number | null
  readonly memory: { readonly used: number; readonly limit: number; readonly blockedConnections: number }
  readonly temp: {
    readonly messages: number
    readonly bytesUsed: number
    readonly limitBytes: number
    readonly roomBytes: number
  }
  readonly store: {
    readonly messages: number
    readonly bytesUsed: number
    readonly roomBytes: number
    readonly syncs: number
    readonly recordsWritten: number
    readonly recoveryMs: number
  }
  /** null: the store is not replicated. */
  readonly replication: ReplicationSnapshot | null
  /** Largest delay of the event loop since the last scrape. */
  readonly eventLoopDelayMs: number
}

const roles: readonly BrokerRole[] = ['Starting', 'Standby', 'Active', 'Stopping']

/** The registry's text and its content type. */
export async function renderMetrics(measurements: Measurements): Promise<{ contentType: string; text: string }> {
  const { Counter, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  const set = new MetricSet(registry, Gauge, Counter)
  addBrokerMetrics(set, measurements)
  addDestinationMetrics(set, measurements.destinations)
  addBridgeMetrics(set, measurements.networkBridges)
  if (measurements.drainRemaining !== null)
    set.gauge(
      'flotilla_drain_messages_remaining',
      'Messages of queues that a broker which leaves has still to give to others',
      measurements.drainRemaining,
    )
  if (measurements.replication) addReplicationMetrics(set, measurements.replication)
  const ofProcess = await (await processMetrics()).metrics()
  return { contentType: registry.contentType, text: (await registry.metrics()) + ofProcess }
}

class MetricSet {
  readonly #registry: Registry
  readonly #gauge: typeof Gauge
  readonly #counter: typeof Counter

  constructor(registry: Registry, gauge: typeof Gauge, counter: typeof Counter) {
    this.#registry = registry
    this.#gauge = gauge
    this.#counter = counter
  }

  gauge(name: string, help: string, value: number): void {
    this.gauges(name, help, [], [[[], value]])
  }

  counter(name: string, help: string, value: number): void {
    this.counters(name, help, [], [[[], value]])
  }

  gauges(name: string, help: string, labelNames: readonly string[], values: readonly Labelled[]): void {
    const gauge = new this.#gauge({ name, help, labelNames, registers: [this.#registry] })
    for (const [labels, value] of values) gauge.labels(...labels).set(value)
  }

  counters(name: string, help: string, labelNames: readonly string[], values: readonly Labelled[]): void {
    const counter = new this.#counter({ name, help, labelNames, registers: [this.#registry] })
    for (const [labels, value] of values) counter.labels(...labels).inc(value)
  }
}

type Labelled = readonly [labels: readonly string[], value: number]

function addBrokerMetrics(
  set: MetricSet,
  { role, term, connections, memory, temp, store, ...counts }: Measurements,
): void {
  set.gauges(
    'flotilla_role',
    'Role of this member: 1 for the one it has',
    ['role'],
    roles.map((name) => [[name], name === role ? 1 : 0]),
  )
  set.gauge('flotilla_term', 'Term this member is active in, 0 when it is not', term ?? 0)
  set.gauge(
    'flotilla_lock_trouble',
    'Whether the lock cannot even be tried, whoever has it: 1 or 0',
    counts.lockTrouble ? 1 : 0,
  )
  set.gauges(
    'flotilla_connections',
    'Open client connections',
    ['connector'],
    connections.map(({ connector, open }) => [[connector], open]),
  )
  set.counter('flotilla_connections_accepted_total', 'Client connections accepted', counts.acceptedConnections)
  set.counter(
    'flotilla_connections_refused_total',
    'Client connections refused because of maximumConnections',
    counts.refusedConnections,
  )
  set.counter(
    'flotilla_connections_dropped_total',
    'Connections dropped by the broker: silent, too slow to read, or not speaking OpenWire',
    counts.droppedConnections,
  )
  set.counters(
    'flotilla_limit_reached_total',
    'How often a limit has stopped a client',
    ['limit'],
    Array.from(counts.limitsReached, ([limit, times]) => [[limit], times]),
  )
  set.counters(
    'flotilla_unsupported_total',
    'Messages, or destinations, that asked for what this version takes without doing it',
    ['feature'],
    Array.from(counts.unsupportedUses, ([feature, uses]) => [[feature], uses]),
  )
  set.gauge('flotilla_memory_used_bytes', 'Message bytes held in memory', memory.used)
  set.gauge('flotilla_memory_limit_bytes', 'Limit of message bytes in memory', memory.limit)
  set.gauge(
    'flotilla_blocked_connections',
    'Connections whose sends wait for memory or for the store',
    memory.blockedConnections,
  )
  set.gauge('flotilla_temp_messages', 'Messages in the temp store', temp.messages)
  set.gauge('flotilla_temp_used_bytes', 'Bytes that the temp store takes on disk', temp.bytesUsed)
  set.gauge('flotilla_temp_limit_bytes', 'Limit of bytes in the temp store, 0 when there is none', temp.limitBytes)
  set.gauge('flotilla_temp_room_bytes', 'Bytes of new messages that the temp store has room for', temp.roomBytes)
  set.gauge('flotilla_store_messages', 'Messages in the store', store.messages)
  set.gauge('flotilla_store_used_bytes', 'Bytes that the store takes on disk', store.bytesUsed)
  set.gauge('flotilla_store_room_bytes', 'Bytes of new messages that the store has room for', store.roomBytes)
  set.counter('flotilla_store_syncs_total', 'Syncs of the store to disk', store.syncs)
  set.counter('flotilla_store_records_total', 'Records written to the store', store.recordsWritten)
  set.gauge('flotilla_store_recovery_seconds', 'Duration of the last recovery', store.recoveryMs / 1000)
  set.gauge(
    'flotilla_event_loop_delay_seconds',
    'Largest event loop delay since the last scrape',
    counts.eventLoopDelayMs / 1000,
  )
}

const destinationLabels = ['kind', 'destination']

function addDestinationMetrics(set: MetricSet, destinations: readonly DestinationTotals[]): void {
  const rows = boundedRows(destinations)
  const labelled = (pick: (row: DestinationTotals) => number): Labelled[] =>
    rows.map((row) => [[row.kind, row.name], pick(row)])
  const gauge = (name: string, help: string, pick: (row: DestinationTotals) => number): void =>
    set.gauges(`flotilla_destination_${name}`, help, destinationLabels, labelled(pick))
  const counter = (name: string, help: string, pick: (row: DestinationTotals) => number): void =>
    set.counters(`flotilla_destination_${name}_total`, help, destinationLabels, labelled(pick))
  gauge('messages', 'Messages waiting or not acknowledged', (row) => row.size)
  gauge('in_flight_messages', 'Messages dispatched but not acknowledged', (row) => row.inFlight)
  gauge(
    'awaiting_redelivery_messages',
    'Messages that the broker delivers again when their delay is over',
    (row) => row.awaitingRedelivery,
  )
  gauge(
    'without_consumer_messages',
    'Messages that wait and that no consumer or bridge which is there takes',
    (row) => row.withoutConsumer,
  )
  gauge('consumers', 'Consumers', (row) => row.consumers)
  gauge('producers', 'Producers', (row) => row.producers)
  counter('enqueued', 'Messages that arrived', (row) => row.enqueued)
  counter('dequeued', 'Messages acknowledged', (row) => row.dequeued)
  counter('dispatched', 'Messages sent to consumers', (row) => row.dispatched)
  counter('expired', 'Messages that expired', (row) => row.expired)
}

function addBridgeMetrics(set: MetricSet, bridges: readonly NetworkBridgeSnapshot[]): void {
  const totals = bridgeTotals(bridges)
  const labelNames = ['connector', 'uri', 'remote_broker']
  const labelled = (pick: (total: BridgeTotals) => number): Labelled[] =>
    totals.map((total) => [[total.connector, total.uri, total.remoteBroker], pick(total)])
  set.gauges(
    'flotilla_network_bridge_up',
    'Whether the bridge is connected: 1 or 0',
    labelNames,
    labelled(({ up }) => up),
  )
  set.gauges(
    'flotilla_network_bridge_demand_subscriptions',
    'Consumers here that stand for consumers of the other broker',
    labelNames,
    labelled(({ demandSubscriptions }) => demandSubscriptions),
  )
  const counter = (name: string, help: string, pick: (total: BridgeTotals) => number): void =>
    set.counters(`flotilla_network_bridge_${name}_total`, help, labelNames, labelled(pick))
  counter('restarts', 'Bridges that were made anew', ({ restarts }) => restarts)
  counter('forwarded', 'Messages sent to the other broker', ({ forwarded }) => forwarded)
  counter('received', 'Messages that came from the other broker over a duplex bridge', ({ received }) => received)
}

function addReplicationMetrics(
  set: MetricSet,
  { inSync, isVoter, quorum, members = [], ...rest }: ReplicationSnapshot,
): void {
  set.gauge(
    'flotilla_replication_in_sync',
    'Whether this member serves, or could take over now: 1 or 0',
    inSync ? 1 : 0,
  )
  set.gauge(
    'flotilla_replication_voter',
    'Whether the copy of this member counts for a quorum: 1 or 0',
    isVoter ? 1 : 0,
  )
  set.gauge('flotilla_replication_quorum', 'Members that make an active', quorum)
  set.gauge(
    'flotilla_replication_trouble',
    'Whether something keeps the group from electing or confirming: 1 or 0',
    rest.trouble ? 1 : 0,
  )
  set.gauges(
    'flotilla_replication_member_in_sync',
    'Whether the active counts the other member as in sync: 1 or 0',
    ['member'],
    members.map(({ name, inSync }) => [[name], inSync ? 1 : 0]),
  )
  set.gauges(
    'flotilla_replication_member_lag_bytes',
    'Bytes of the journal that the other member has not got yet',
    ['member'],
    members.map(({ name, lagBytes }) => [[name], lagBytes]),
  )
}

/** Temporary destinations and advisories are summed up; of the others the largest keep their names. */
function boundedRows(destinations: readonly DestinationTotals[]): DestinationTotals[] {
  const named = destinations.filter(
    (row) => !row.kind.startsWith('temp-') && !row.name.startsWith('ActiveMQ.Advisory.'),
  )
  named.sort((left, right) => right.size - left.size || right.enqueued - left.enqueued)
  const kept = named.slice(0, maxDestinationLabels)
  const keptRows = new Set(kept)
  const sums = new Map<string, DestinationTotals>()
  for (const row of destinations) {
    if (keptRows.has(row)) continue
    sums.set(row.kind, addTotals(sums.get(row.kind), row))
  }
  return [...kept, ...sums.values()]
}

function addTotals(sum: DestinationTotals | undefined, row: DestinationTotals): DestinationTotals {
  const add = (pick: (totals: DestinationTotals) => number): number => (sum ? pick(sum) : 0) + pick(row)
  return {
    name: '(others)',
    kind: row.kind,
    size: add((totals) => totals.size),
    inFlight: add((totals) => totals.inFlight),
    awaitingRedelivery: add((totals) => totals.awaitingRedelivery),
    messageGroups: add((totals) => totals.messageGroups),
    withoutConsumer: add((totals) => totals.withoutConsumer),
    enqueued: add((totals) => totals.enqueued),
    dequeued: add((totals) => totals.dequeued),
    dispatched: add((totals) => totals.dispatched),
    expired: add((totals) => totals.expired),
    consumers: add((totals) => totals.consumers),
    producers: add((totals) => totals.producers),
  }
}

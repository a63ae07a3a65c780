// What the operator counts about itself, as Prometheus text. Totals are kept in plain numbers; the library is loaded by the
// first scrape, because a start should not wait for it. It has the methods of the controller's ControllerMetrics.
//
//   flotilla_operator_reconciles_total{controller,result}     success, requeue, error
//   flotilla_operator_reconcile_seconds_total{controller}     sum of their durations
//   flotilla_operator_reconcile_longest_seconds{controller}   longest since the last scrape
//   flotilla_operator_queue_depth{controller}                 keys waiting
//   flotilla_operator_watches_ended_total{kind,reason}        closed, expired, error
//   flotilla_operator_lists_total{kind}
//   flotilla_operator_leader                                  1 while this process is the leader
//   flotilla_operator_api_requests_total{verb,code}           requests to the API server; code none: no answer
//   flotilla_operator_cluster_condition{namespace,brokercluster,condition}   1 while it is True; of the leader only
//   process_* nodejs_*                                        the library's own
import { processMetrics } from '../../broker/base/process-metrics.ts'

interface ControllerTotals {
  readonly results: Map<string, number>
  durationMs: number
  longestMs: number
  depth: number
}

/** What is told of a BrokerCluster. */
interface ClusterRow {
  readonly namespace: string
  readonly name: string
  readonly conditions: readonly { readonly type: string; readonly status: string }[]
}

export class OperatorMetrics {
  readonly #controllers = new Map<string, ControllerTotals>()
  readonly #watchesEnded = new Map<string, { kind: string; reason: string; count: number }>()
  readonly #lists = new Map<string, number>()
  readonly #requests = new Map<string, { verb: string; code: string; count: number }>()
  #leader = false

  reconciled(controller: string, result: 'success' | 'requeue' | 'error', durationMs: number): void {
    const totals = this.#of(controller)
    increment(totals.results, result)
    totals.durationMs += durationMs
    totals.longestMs = Math.max(totals.longestMs, durationMs)
  }

  queueDepth(controller: string, depth: number): void {
    this.#of(controller).depth = depth
  }

  watchEnded(kind: string, reason: 'closed' | 'expired' | 'error'): void {
    const id = `${kind} ${reason}`
    const row = this.#watchesEnded.get(id) ?? { kind, reason, count: 0 }
    row.count++
    this.#watchesEnded.set(id, row)
  }

  listed(kind: string): void {
    increment(this.#lists, kind)
  }

  leader(isLeader: boolean): void {
    this.#leader = isLeader
  }

  /** The API server has answered with this status, or not at all. */
  requested(verb: string, code: number | undefined): void {
    const id = `${verb} ${code}`
    const row = this.#requests.get(id) ?? { verb, code: code === undefined ? 'none' : String(code), count: 0 }
    row.count++
    this.#requests.set(id, row)
  }

  /** Prometheus text and its content type. Begins the longest durations anew. */
  async render(clusters: readonly ClusterRow[] = []): Promise<{ contentType: string; text: string }> {
    const { Counter, Gauge, Registry } = await import('prom-client')
    const registry = new Registry()
    const define = (kind: typeof Counter | typeof Gauge, name: string, help: string, labelNames: string[] = []) =>
      new kind({ name: `flotilla_operator_${name}`, help, labelNames, registers: [registry] })
    const reconciles = define(Counter, 'reconciles_total', 'Reconciles ended', ['controller', 'result'])
    const seconds = define(Counter, 'reconcile_seconds_total', 'Time spent in reconciles', ['controller'])
    const longest = define(Gauge, 'reconcile_longest_seconds', 'Longest reconcile since the last scrape', [
      'controller',
    ])
    const depth = define(Gauge, 'queue_depth', 'Keys waiting to be reconciled', ['controller'])
    const watches = define(Counter, 'watches_ended_total', 'Watches ended', ['kind', 'reason'])
    const lists = define(Counter, 'lists_total', 'Complete lists read', ['kind'])
    const requests = define(Counter, 'api_requests_total', 'Requests to the API server', ['verb', 'code'])
    const conditions = define(Gauge, 'cluster_condition', 'Whether a condition of a BrokerCluster is True', [
      'namespace',
      'brokercluster',
      'condition',
    ])
    define(Gauge, 'leader', 'Whether this process is the leader').inc(this.#leader ? 1 : 0)
    for (const [controller, totals] of this.#controllers) {
      for (const [result, count] of totals.results) reconciles.labels(controller, result).inc(count)
      seconds.labels(controller).inc(totals.durationMs / 1000)
      longest.labels(controller).inc(totals.longestMs / 1000)
      depth.labels(controller).inc(totals.depth)
      totals.longestMs = 0
    }
    for (const { kind, reason, count } of this.#watchesEnded.values()) watches.labels(kind, reason).inc(count)
    for (const [kind, count] of this.#lists) lists.labels(kind).inc(count)
    for (const { verb, code, count } of this.#requests.values()) requests.labels(verb, code).inc(count)
    for (const { namespace, name, conditions: known } of clusters)
      for (const { type, status } of known) conditions.labels(namespace, name, type).inc(status === 'True' ? 1 : 0)
    const text = (await registry.metrics()) + (await (await processMetrics()).metrics())
    return { contentType: registry.contentType, text }
  }

  #of(controller: string): ControllerTotals {
    let totals = this.#controllers.get(controller)
    if (!totals) {
      totals = { results: new Map(), durationMs: 0, longestMs: 0, depth: 0 }
      this.#controllers.set(controller, totals)
    }
    return totals
  }
}

const increment = (counts: Map<string, number>, name: string): void =>
  void counts.set(name, (counts.get(name) ?? 0) + 1)

// What the controller runtime counts, as a port. serve/operator-metrics.ts is the implementation for Prometheus.

export interface ControllerMetrics {
  /** One reconcile has ended. */
  reconciled(controller: string, result: 'success' | 'requeue' | 'error', durationMs: number): void
  /** Keys waiting to be reconciled, not counting those that wait for a time. */
  queueDepth(controller: string, depth: number): void
  /** A watch has ended: `closed` by the server in the ordinary way, `expired` (410), or `error`. */
  watchEnded(kind: string, reason: 'closed' | 'expired' | 'error'): void
  /** A complete list was read. */
  listed(kind: string): void
  leader(isLeader: boolean): void
}

export const noMetrics: ControllerMetrics = {
  reconciled() {},
  queueDepth() {},
  watchEnded() {},
  listed() {},
  leader() {},
}

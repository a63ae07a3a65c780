// What Prometheus is told of a process itself: CPU, memory, garbage collection, event loop. The same for broker and operator.
// These keep their own history between scrapes, so there is one registry for a process.
import type { Registry } from 'prom-client'

/** Counts that are gauges and end in `_total`, which by the rules of Prometheus only counters may. `sum` says the same of others. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

let registry: Registry | undefined

/** Loads the library when it is first asked. */
export async function processMetrics(): Promise<Registry> {
  if (registry) return registry
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  if (registry) return registry
  registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  return registry
}

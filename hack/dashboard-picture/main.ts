// Draws the chart's Grafana dashboard with what a Prometheus has of the last minutes, for docs/monitoring.md. It asks the
// queries of the panels as Grafana would, so that it shows, too, which of them find nothing.
//
//   node hack/dashboard-picture/main.ts PROMETHEUS_URL MINUTES FILE.svg
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawDashboard, type DrawnPanel, type Panel, type Series } from './draw.ts'

interface DashboardPanel extends Omit<Panel, 'unit'> {
  readonly fieldConfig?: { readonly defaults?: { readonly unit?: string } }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly values: [number, string][] }[]
  }
}

const points = 120

const [prometheus, minutes, file] = process.argv.slice(2)
if (prometheus === undefined || !(Number(minutes) > 0) || file === undefined) {
  process.stderr.write('Usage: node hack/dashboard-picture/main.ts PROMETHEUS_URL MINUTES FILE.svg\n')
  process.exit(2)
}
const dashboardFile = join(import.meta.dirname, '..', '..', 'charts', 'flotilla', 'files', 'dashboard.json')
const dashboard = JSON.parse(readFileSync(dashboardFile, 'utf8')) as { title: string; panels: DashboardPanel[] }
const to = Math.floor(Date.now() / 1000)
const from = to - Number(minutes) * 60

const drawn: DrawnPanel[] = []
for (const { targets = [], fieldConfig, ...panel } of dashboard.panels) {
  const series: Series[] = []
  for (const { expr, legendFormat } of targets) series.push(...(await ask(expr, legendFormat)))
  drawn.push({ panel: { ...panel, unit: fieldConfig?.defaults?.unit ?? 'short' }, series })
  if (targets.length > 0 && series.length === 0) process.stderr.write(`Nothing found for ${panel.title}\n`)
}
writeFileSync(file, drawDashboard(dashboard.title, drawn, from, to))

/** With "All" chosen for each variable of the dashboard. */
async function ask(expr: string, legend: string): Promise<Series[]> {
  const query = expr
    .replaceAll('$__rate_interval', '30s')
    .replaceAll('$__range', `${to - from}s`)
    .replace(/\$(namespace|brokercluster)/g, '.*')
  const range = new URLSearchParams({ query, start: String(from), end: String(to), step: String((to - from) / points) })
  const answer = (await (await fetch(`${prometheus}/api/v1/query_range?${range}`)).json()) as Answer
  if (answer.status !== 'success') throw new Error(`Cannot evaluate ${query}: ${answer.error}`)
  return answer.data.result.map(({ metric, values }) => ({
    name: legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '') || 'value',
    points: values
      .map(([time, value]): [number, number] => [time, Number(value)])
      .filter(([, value]) => Number.isFinite(value)),
  }))
}

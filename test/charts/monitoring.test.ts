// Dashboard and alerts ask only for what is measured, and each alert has a chapter that says what to do.
import { beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { renderMetrics } from '../../broker/management/metrics.ts'
import { adminPortName } from '../../operator/api/limits.ts'
import { labels } from '../../operator/api/names.ts'
import { OperatorMetrics } from '../../operator/serve/operator-metrics.ts'
import { askPromtool, metricNames } from '../support/metric-rules.ts'
import { chart, describeRendered, ofKind, render, type Rendered } from './helm.ts'

interface Rules {
  readonly groups: {
    readonly name: string
    readonly rules: {
      readonly alert: string
      readonly expr: string
      readonly labels: { readonly severity: string }
      readonly annotations: { readonly summary: string; readonly runbook_url: string }
    }[]
  }[]
}
interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: { readonly expr: string }[]
}

const guide = readFileSync(join(chart, '..', '..', 'docs', 'monitoring.md'), 'utf8')
const alertsText = readFileSync(join(chart, 'files', 'alerts.yaml'), 'utf8')
const alerts = (load(alertsText) as Rules).groups.flatMap(({ rules }) => rules)
const dashboardText = readFileSync(join(chart, 'files', 'dashboard.json'), 'utf8')
const dashboard = JSON.parse(dashboardText) as { panels: Panel[] }
const expressions = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

const anchors = new Set(
  [...guide.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  ),
)
const metrics = new Set<string>()
const used = (expression: string): string[] => expression.match(/\b(flotilla|process|nodejs)_\w+/g) ?? []

beforeAll(async () => {
  const broker = await renderMetrics({
    role: 'Active',
    term: 1,
    lockTrouble: false,
    connections: [],
    acceptedConnections: 0,
    refusedConnections: 0,
    droppedConnections: 0,
    limitsReached: new Map(),
    unsupportedUses: new Map(),
    destinations: [],
    networkBridges: [],
    drainRemaining: 0,
    memory: { used: 0, limit: 0, blockedConnections: 0 },
    temp: { messages: 0, bytesUsed: 0, limitBytes: 0, roomBytes: 0 },
    store: { messages: 0, roomBytes: 0, bytesUsed: 0, syncs: 0, recordsWritten: 0, recoveryMs: 0 },
    replication: { inSync: true, isVoter: true, quorum: 2, replicas: 3, members: [] },
    eventLoopDelayMs: 0,
  })
  const operator = await new OperatorMetrics().render()
  for (const name of [...metricNames(broker.text), ...metricNames(operator.text)]) metrics.add(name)
})

describe('alerts', () => {
  test.each(alerts)('$alert asks for what is measured', ({ expr }) => {
    expect(used(expr).length).toBeGreaterThan(0)
    expect(used(expr).filter((name) => !metrics.has(name))).toEqual([])
  })

  test.each(alerts)('$alert says how bad it is, what it is, and where to read on', (alert) => {
    expect(['critical', 'warning', 'info']).toContain(alert.labels.severity)
    expect(alert.annotations.summary).not.toBe('')
    const [page, anchor] = alert.annotations.runbook_url.split('#')
    expect(page).toBe('docs/monitoring.md')
    expect(anchor).toBe(alert.alert.toLowerCase())
    expect(anchors).toContain(anchor)
  })

  test('each have a chapter, and no chapter is without its alert', () => {
    const chapters = [...guide.matchAll(/^### (Flotilla\w+)$/gm)].map(([, name]) => name!)
    expect(chapters.sort()).toEqual(alerts.map(({ alert }) => alert).sort())
  })
})

describe('the dashboard', () => {
  test.each(expressions)('$title asks for what is measured: $expr', ({ expr }) => {
    expect(used(expr).length).toBeGreaterThan(0)
    expect(used(expr).filter((name) => !metrics.has(name))).toEqual([])
  })

  test('shows everything that brokers and operator measure of themselves', () => {
    const shown = new Set(expressions.flatMap(({ expr }) => used(expr)))
    expect([...metrics].filter((name) => name.startsWith('flotilla_') && !shown.has(name))).toEqual([])
  })

  test('has panels that explain themselves and do not lie upon each other', () => {
    const cells = new Set<string>()
    for (const { type, description, gridPos } of dashboard.panels) {
      if (type !== 'row') expect(description).toMatch(/\.$/)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(cells).not.toContain(`${x} ${y}`)
          cells.add(`${x} ${y}`)
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })
})

test('docs/monitoring.md names every metric of ours, and none that there is not', () => {
  const told = new Set(guide.match(/\bflotilla_\w+/g))
  const ours = [...metrics].filter((name) => name.startsWith('flotilla_'))
  expect([...told].filter((name) => !metrics.has(name))).toEqual([])
  expect(ours.filter((name) => !told.has(name))).toEqual([])
})

test('promtool, where it is, takes the alerts and the expressions of the dashboard', () => {
  const variables = (expr: string) => expr.replaceAll('$__range', '1h').replaceAll('$__rate_interval', '5m')
  const rules = expressions.map(({ expr }, index) => ({ alert: `Panel${index}`, expr: variables(expr) }))
  expect(askPromtool('rules', alertsText)).toEqual([])
  expect(askPromtool('rules', JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))).toEqual([])
})

describeRendered('monitoring in the chart', () => {
  const all = () =>
    render({
      values: {
        metrics: { serviceMonitor: { enabled: true, labels: { release: 'a' } }, brokerPodMonitor: { enabled: true } },
        alerts: { enabled: true, runbook: 'https://here.example/runbook' },
        dashboard: { enabled: true },
      },
    })
  const specOf = (objects: readonly Rendered[], kind: string) => ofKind(objects, kind)[0]!['spec'] as object

  test('is not made where nobody asked for it', () => {
    const kinds = new Set(render().map(({ kind }) => kind))
    for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'ConfigMap'])
      expect(kinds).not.toContain(kind)
  })

  test('scrapes the operator by its Service, and brokers by their pods', () => {
    const objects = all()
    const service = ofKind(objects, 'Service')[0]!
    const { selector } = specOf(objects, 'ServiceMonitor') as { selector: { matchLabels: object } }
    expect(service.metadata.labels).toMatchObject(selector.matchLabels)
    expect(specOf(objects, 'ServiceMonitor')).toMatchObject({ endpoints: [{ port: 'metrics', honorLabels: true }] })
    expect(ofKind(objects, 'ServiceMonitor')[0]!.metadata.labels).toMatchObject({ release: 'a' })
    expect(specOf(objects, 'PodMonitor')).toMatchObject({
      namespaceSelector: { any: true },
      selector: { matchExpressions: [{ key: labels.cluster, operator: 'Exists' }] },
      podMetricsEndpoints: [{ port: adminPortName, path: '/metrics' }],
    })
  })

  test('has the alerts, with links to where the guide is read, and the dashboard', () => {
    const objects = all()
    const { groups } = specOf(objects, 'PrometheusRule') as Rules
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.map(({ expr }) => expr)).toEqual(alerts.map(({ expr }) => expr))
    for (const { annotations } of rules)
      expect(annotations.runbook_url).toMatch(/^https:\/\/here\.example\/runbook#flotilla/)
    const [config] = ofKind(objects, 'ConfigMap')
    expect(JSON.parse((config!['data'] as Record<string, string>)['flotilla.json']!)).toEqual(dashboard)
    expect(config!.metadata.labels).toMatchObject({ grafana_dashboard: '1' })
  })

  test('refuses to scrape a Service that is not there', () => {
    const set = ['metrics.service.enabled=false', 'metrics.serviceMonitor.enabled=true']
    expect(() => render({ set })).toThrow('metrics.serviceMonitor.enabled: it scrapes the Service')
  })
})

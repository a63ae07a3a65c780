import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { type HealthServer, openHealthServer } from '../../../operator/serve/health-server.ts'
import { metricProblems } from '../../support/metric-rules.ts'
import { OperatorMetrics } from '../../../operator/serve/operator-metrics.ts'

let server: HealthServer
let reason: string | undefined
const metrics = new OperatorMetrics()
const clusters = [
  {
    namespace: 'shop',
    name: 'orders',
    conditions: [
      { type: 'Ready', status: 'False' },
      { type: 'Available', status: 'True' },
    ],
  },
]

beforeEach(async () => {
  const source = { notReadyReason: () => reason, renderMetrics: () => metrics.render(clusters) }
  server = await openHealthServer(source, { host: '127.0.0.1', port: 0 }, silentLogger)
})
afterEach(() => server.close())

const ask = async (path: string, method = 'GET') => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  return [answer.status, await answer.text()] as const
}

test('probes', async () => {
  reason = 'the list of BrokerClusters has not been read yet'
  expect(await ask('/healthz')).toEqual([200, 'alive\n'])
  expect(await ask('/readyz?verbose')).toEqual([503, `${reason}\n`])
  reason = undefined
  expect(await ask('/readyz')).toEqual([200, 'ready\n'])
  expect(await ask('/elsewhere')).toEqual([404, 'there are only /healthz /readyz /metrics\n'])
  expect(await ask('/healthz', 'POST')).toEqual([405, 'only GET and HEAD are answered here\n'])
})

test('metrics', async () => {
  metrics.reconciled('brokercluster', 'success', 250)
  metrics.reconciled('brokercluster', 'error', 50)
  metrics.reconciled('brokercluster', 'success', 100)
  metrics.queueDepth('brokercluster', 3)
  metrics.watchEnded('Pod', 'expired')
  metrics.listed('Pod')
  metrics.leader(true)
  metrics.requested('apply', 200)
  metrics.requested('apply', 200)
  metrics.requested('watch', undefined)
  const [, text] = await ask('/metrics')
  for (const line of [
    'flotilla_operator_reconciles_total{controller="brokercluster",result="success"} 2',
    'flotilla_operator_reconciles_total{controller="brokercluster",result="error"} 1',
    'flotilla_operator_reconcile_seconds_total{controller="brokercluster"} 0.4',
    'flotilla_operator_reconcile_longest_seconds{controller="brokercluster"} 0.25',
    'flotilla_operator_queue_depth{controller="brokercluster"} 3',
    'flotilla_operator_watches_ended_total{kind="Pod",reason="expired"} 1',
    'flotilla_operator_lists_total{kind="Pod"} 1',
    'flotilla_operator_leader 1',
    'flotilla_operator_api_requests_total{verb="apply",code="200"} 2',
    'flotilla_operator_api_requests_total{verb="watch",code="none"} 1',
    'flotilla_operator_cluster_condition{namespace="shop",brokercluster="orders",condition="Ready"} 0',
    'flotilla_operator_cluster_condition{namespace="shop",brokercluster="orders",condition="Available"} 1',
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).toContain('process_cpu_seconds_total')
  expect(metricProblems(text)).toEqual([])
  const [, later] = await ask('/metrics')
  expect(later.split('\n')).toContain('flotilla_operator_reconcile_longest_seconds{controller="brokercluster"} 0')
  expect(later.split('\n')).toContain('flotilla_operator_reconcile_seconds_total{controller="brokercluster"} 0.4')
})

test('a port in use is named', async () => {
  const again = openHealthServer(
    { notReadyReason: () => undefined, renderMetrics: () => metrics.render() },
    { host: '127.0.0.1', port: server.port },
    silentLogger,
  )
  await expect(again).rejects.toMatchObject({
    code: 'CANNOT_LISTEN',
    message: `Cannot open health port ${server.port} on 127.0.0.1: the port is in use`,
  })
})

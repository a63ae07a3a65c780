import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import { AdminServer, type AdminSource } from '../../../broker/management/admin-server.ts'
import type { BrokerRole, BrokerSnapshot } from '../../../broker/management/contract.ts'
import { maxDestinationLabels, maxWatches } from '../../../broker/management/limits.ts'
import { renderMetrics, type DestinationTotals, type Measurements } from '../../../broker/management/metrics.ts'

const role = { role: 'Standby' as BrokerRole, term: null, brokerName: 'orders', member: 'orders-1' }
const measurements: Measurements = {
  role: 'Active',
  term: 7,
  connections: [{ connector: 'openwire', open: 3 }],
  acceptedConnections: 10,
  refusedConnections: 2,
  droppedConnections: 1,
  limitsReached: new Map([['maximumDestinations', 3]]),
  destinations: [],
  memory: { used: 5, limit: 100, blockedConnections: 1 },
  store: { messages: 4, roomBytes: 5, bytesUsed: 4096, syncs: 12, recordsWritten: 34, recoveryMs: 1500 },
  eventLoopDelayMs: 20,
}
let reason: string | undefined
const source: AdminSource = {
  role: () => role,
  notReadyReason: () => reason,
  snapshot: async () => ({ ...role, version: '1' }) as BrokerSnapshot,
  measurements: () => measurements,
}

const server = new AdminServer(source, silentLogger)
let url: string
beforeAll(async () => {
  url = `http://127.0.0.1:${await server.open({ host: '127.0.0.1', port: 0 })}`
})
afterAll(() => server.close())

async function get(path: string, init?: RequestInit): Promise<{ status: number; type: string | null; text: string }> {
  const answer = await fetch(url + path, init)
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

test('/livez and /role answer whatever the role', async () => {
  expect(await get('/livez')).toMatchObject({ status: 200, text: 'alive\n' })
  expect(JSON.parse((await get('/role')).text)).toEqual(role)
})

test('/readyz says why not', async () => {
  expect(await get('/readyz?verbose')).toMatchObject({ status: 200, text: 'ready\n' })
  reason = 'taking over: the store is being opened'
  expect(await get('/readyz')).toMatchObject({ status: 503, text: `${reason}\n` })
  reason = undefined
})

test('/watch is answered at once and ends with the port; only so many may watch', async () => {
  const watched = new AdminServer(source, silentLogger)
  const watchUrl = `http://127.0.0.1:${await watched.open({ host: '127.0.0.1', port: 0 })}/watch`
  const watches = await Promise.all(Array.from({ length: maxWatches }, () => fetch(watchUrl)))
  expect(new Set(watches.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await fetch(watchUrl)).status).toBe(503)
  const ends = watches.map((watch) => watch.text().catch(() => 'ended'))
  await watched.close()
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['ended']))
})

test('/snapshot is JSON', async () => {
  expect(await get('/snapshot')).toMatchObject({ status: 200, type: 'application/json' })
})

test('/metrics is Prometheus text', async () => {
  const { type, text } = await get('/metrics')
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
  for (const line of [
    'flotilla_role{role="Active"} 1',
    'flotilla_role{role="Standby"} 0',
    'flotilla_term 7',
    'flotilla_connections{connector="openwire"} 3',
    'flotilla_connections_refused_total 2',
    'flotilla_connections_dropped_total 1',
    'flotilla_memory_used_bytes 5',
    'flotilla_store_syncs_total 12',
    'flotilla_store_recovery_seconds 1.5',
    'flotilla_event_loop_delay_seconds 0.02',
  ])
    expect(text.split('\n')).toContain(line)
})

test('other paths and methods are refused and say what there is', async () => {
  expect(await get('/')).toMatchObject({
    status: 404,
    text: 'there are only /livez /readyz /role /snapshot /metrics /watch\n',
  })
  expect(await get('/role', { method: 'POST', body: 'x' })).toMatchObject({ status: 405 })
})

test('a port in use is named', async () => {
  const port = Number(new URL(url).port)
  await expect(new AdminServer(source, silentLogger).open({ host: '127.0.0.1', port })).rejects.toMatchObject({
    message: `Cannot open admin port ${port} on 127.0.0.1: the port is in use`,
  })
})

test('destinations beyond the limit, temporary ones and advisories share one series per kind', async () => {
  const row = (name: string, fields: Partial<DestinationTotals> = {}): DestinationTotals => ({
    name,
    kind: 'queue',
    size: 1,
    inFlight: 0,
    enqueued: 2,
    dequeued: 1,
    dispatched: 1,
    expired: 0,
    consumers: 0,
    producers: 0,
    ...fields,
  })
  const many = Array.from({ length: maxDestinationLabels }, (_, index) => row(`Q${index}`, { size: index + 10 }))
  const { text } = await renderMetrics({
    ...measurements,
    destinations: [
      row('small'),
      row('smaller', { size: 0 }),
      ...many,
      row('ID:1', { kind: 'temp-queue' }),
      row('ActiveMQ.Advisory.Queue', { kind: 'topic' }),
    ],
  })
  const series = text.split('\n').filter((line) => line.startsWith('flotilla_destination_enqueued_total{'))
  expect(series).toHaveLength(maxDestinationLabels + 3)
  expect(series).toContain('flotilla_destination_enqueued_total{kind="queue",destination="(others)"} 4')
  expect(series).toContain('flotilla_destination_enqueued_total{kind="temp-queue",destination="(others)"} 2')
  expect(series).toContain('flotilla_destination_enqueued_total{kind="topic",destination="(others)"} 2')
})

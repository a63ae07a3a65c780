import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { silentLogger } from '../../../broker/base/logger.ts'
import {
  AdminServer,
  type AdminSource,
  type ConnectorSwitch,
  type Deletion,
  type DrainAnswer,
} from '../../../broker/management/admin-server.ts'
import type {
  BrokerRole,
  BrokerSnapshot,
  InventoryAnswer,
  NetworkBridgeSnapshot,
  RoleAnswer,
} from '../../../broker/management/contract.ts'
import {
  defaultPageItems,
  maxBridgeLabels,
  maxDestinationLabels,
  maxBodyBytes,
  maxPageItems,
  maxWatches,
} from '../../../broker/management/limits.ts'
import type { PageRequest } from '../../../broker/management/page-request.ts'
import { metricProblems } from '../../support/metric-rules.ts'
import { renderMetrics, type DestinationTotals, type Measurements } from '../../../broker/management/metrics.ts'

const role = { role: 'Standby' as BrokerRole, term: null, brokerName: 'orders', member: 'orders-1' }
const measurements: Measurements = {
  role: 'Active',
  term: 7,
  lockTrouble: true,
  connections: [{ connector: 'openwire', open: 3 }],
  acceptedConnections: 10,
  refusedConnections: 2,
  droppedConnections: 1,
  limitsReached: new Map([['maximumDestinations', 3]]),
  unsupportedUses: new Map([['scheduledDelivery', 5]]),
  destinations: [],
  networkBridges: [],
  drainRemaining: null,
  memory: { used: 5, limit: 100, blockedConnections: 1 },
  temp: { messages: 6, bytesUsed: 8192, limitBytes: 65536, roomBytes: 50000 },
  store: { messages: 4, roomBytes: 5, bytesUsed: 4096, syncs: 12, recordsWritten: 34, recoveryMs: 1500 },
  replication: null,
  eventLoopDelayMs: 20,
}
let reason: string | undefined
const roleListeners = new Set<() => void>()
const bridgeListeners = new Set<() => void>()
const source: AdminSource = {
  role: () => role,
  onRoleChange(listener) {
    roleListeners.add(listener)
    return () => void roleListeners.delete(listener)
  },
  onBridgeChange(listener) {
    bridgeListeners.add(listener)
    return () => void bridgeListeners.delete(listener)
  },
  notReadyReason: () => reason,
  snapshot: async () => ({ ...role, version: '1' }) as BrokerSnapshot,
  connections: (page) => answerTo('connections', page),
  destinations: (page) => answerTo('destinations', page),
  subscriptions: (page) => answerTo('subscriptions', page),
  deleteSubscription: async (request) => {
    asked.push(['delete', request])
    return deletion
  },
  network: () => ({ connectors: [{ name: 'nc', duplex: true, started: false }], bridges: [] }),
  switchConnector(request) {
    asked.push(['switch', request])
    return switched
  },
  drain(request) {
    asked.push(['drain', request])
    return drained
  },
  endDrain: async () => {
    asked.push(['endDrain'])
    return drained
  },
  measurements: () => measurements,
}
let drained: DrainAnswer = { done: true }
let switched: ConnectorSwitch = { done: true }
let deletion: Deletion = { deleted: true }
const asked: unknown[] = []
function answerTo(what: string, page: PageRequest): InventoryAnswer<never> {
  asked.push([what, page])
  return { items: [], next: '17' }
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
  expect(watched.awaiting).toBe(maxWatches)
  const ends = watches.map((watch) => watch.text().catch(() => 'ended'))
  await watched.close()
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['ended']))
})

test('/watch?roles tells the role, now and whenever it changes', async () => {
  let current: RoleAnswer = role
  const watched = new AdminServer({ ...source, role: () => current }, silentLogger)
  const watchUrl = `http://127.0.0.1:${await watched.open({ host: '127.0.0.1', port: 0 })}/watch?roles`
  const answer = await fetch(watchUrl)
  expect(answer.status).toBe(200)
  // An operator will not take over.
  expect(watched.awaiting).toBe(0)
  const lines = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect(await lines.read()).toMatchObject({ value: `${JSON.stringify(role)}\n` })
  current = { ...role, role: 'Active', term: 8 }
  for (const listener of roleListeners) listener()
  expect(await lines.read()).toMatchObject({ value: `${JSON.stringify(current)}\n` })
  await watched.close()
  await expect(lines.read()).rejects.toThrow()
  expect(roleListeners.size).toBe(0)
})

test('/watch?roles&bridges tells the role also when a bridge has come or gone', async () => {
  const watched = new AdminServer(source, silentLogger)
  const watchUrl = `http://127.0.0.1:${await watched.open({ host: '127.0.0.1', port: 0 })}/watch?roles&bridges`
  const lines = (await fetch(watchUrl)).body!.pipeThrough(new TextDecoderStream()).getReader()
  const line = { value: `${JSON.stringify(role)}\n` }
  expect(await lines.read()).toMatchObject(line)
  for (const listeners of [bridgeListeners, roleListeners]) {
    expect(listeners.size).toBe(1)
    for (const listener of listeners) listener()
    expect(await lines.read()).toMatchObject(line)
  }
  await watched.close()
  await expect(lines.read()).rejects.toThrow()
  expect([bridgeListeners.size, roleListeners.size]).toEqual([0, 0])
})

test('/snapshot is JSON', async () => {
  expect(await get('/snapshot')).toMatchObject({ status: 200, type: 'application/json' })
})

test.each(['connections', 'destinations', 'subscriptions'])('/%s is asked for in pages', async (what) => {
  asked.length = 0
  for (const query of ['', '?', '?limit=7', '?after=17', `?limit=${maxPageItems}&after=0`])
    expect(await get(`/${what}${query}`)).toEqual({
      status: 200,
      type: 'application/json',
      text: '{"items":[],"next":"17"}',
    })
  expect(asked).toEqual([
    [what, { after: 0, limit: defaultPageItems }],
    [what, { after: 0, limit: defaultPageItems }],
    [what, { after: 0, limit: 7 }],
    [what, { after: 17, limit: defaultPageItems }],
    [what, { after: 0, limit: maxPageItems }],
  ])
})

test('a durable subscription is deleted by DELETE alone, and what is against it is said', async () => {
  const path = '/subscriptions?clientId=a%20b&subscriptionName=%C3%BC%2F%3F'
  const remove = (path: string) => get(path, { method: 'DELETE' })
  asked.length = 0
  expect(await remove(path)).toMatchObject({ status: 200, text: 'deleted\n' })
  deletion = { deleted: false, status: 409, why: 'Durable consumer is in use' }
  expect(await remove(path)).toMatchObject({ status: 409, text: 'Durable consumer is in use\n' })
  const request = { clientId: 'a b', subscriptionName: 'ü/?' }
  expect(asked).toEqual([
    ['delete', request],
    ['delete', request],
  ])
  asked.length = 0
  for (const query of ['', '?clientId=a', '?clientId=&subscriptionName=b', '?clientId=a&clientId=b&subscriptionName=c'])
    expect(await remove(`/subscriptions${query}`)).toMatchObject({ status: 400 })
  expect(await remove('/subscriptions?clientId=a&subscriptionName=b&force=1')).toMatchObject({
    status: 400,
    text: 'force: there is no such parameter; accepted are clientId, subscriptionName\n',
  })
  expect(await remove('/destinations?clientId=a&subscriptionName=b')).toMatchObject({ status: 405 })
  expect(await get(path, { method: 'POST' })).toMatchObject({ status: 405 })
  expect(asked).toEqual([])
})

test('network connectors are listed, started and stopped', async () => {
  expect(JSON.parse((await get('/network-connectors')).text)).toEqual({
    connectors: [{ name: 'nc', duplex: true, started: false }],
    bridges: [],
  })
  const post = (path: string, headers = {}) => get(`/network-connectors${path}`, { method: 'POST', headers })
  asked.length = 0
  expect(await post('/nc/start')).toMatchObject({ status: 200, text: 'started\n' })
  expect(await post('/n%20c/stop')).toMatchObject({ status: 200, text: 'stopped\n' })
  switched = { done: false, status: 404, why: 'no network connector has this name; there are none' }
  expect(await post('/x/stop')).toMatchObject({ status: 404, text: `${switched.why}\n` })
  expect(asked).toEqual([
    ['switch', { name: 'nc', started: true }],
    ['switch', { name: 'n c', started: false }],
    ['switch', { name: 'x', started: false }],
  ])
  asked.length = 0
  for (const path of ['/nc', '/nc/restart', '/nc/stop/now', '//stop', '/%/stop', '/nc/stop?force=1'])
    expect(await post(path)).toMatchObject({ status: 404 })
  expect(await post('')).toMatchObject({ status: 405 })
  expect(await get('/network-connectors/nc/stop')).toMatchObject({ status: 405, text: 'only POST is answered here\n' })
  expect(await post('/nc/stop', { origin: 'http://elsewhere.example' })).toMatchObject({ status: 403 })
  expect(asked).toEqual([])
})

test('a drain is begun with whom it is to give its messages to, and ended; web pages do neither', async () => {
  const put = (body: string, headers = {}) => get('/drain', { method: 'PUT', body, headers })
  asked.length = 0
  expect(await put('{"to": ["static:(tcp://b:1)", "masterslave:(tcp://c:1,tcp://d:1)"]}')).toMatchObject({
    status: 200,
    text: 'drains\n',
  })
  expect(await get('/drain', { method: 'DELETE' })).toMatchObject({ status: 200, text: 'takes part\n' })
  expect(asked).toEqual([['drain', { to: ['static:(tcp://b:1)', 'masterslave:(tcp://c:1,tcp://d:1)'] }], ['endDrain']])
  drained = { done: false, status: 409, why: 'only an active member drains' }
  expect(await put('{"to": ["static:(tcp://b:1)"]}')).toMatchObject({ status: 409, text: `${drained.why}\n` })
  expect(await get('/drain', { method: 'DELETE' })).toMatchObject({ status: 409, text: `${drained.why}\n` })
  drained = { done: true }
  asked.length = 0
  const origin = { origin: 'http://elsewhere.example' }
  expect(await put('{"to": ["static:(tcp://b:1)"]}', origin)).toMatchObject({
    status: 403,
    text: 'not for web pages\n',
  })
  expect(await get('/drain', { method: 'DELETE', headers: origin })).toMatchObject({ status: 403 })
  expect(await get('/drain')).toMatchObject({ status: 405, text: 'only PUT and DELETE are answered here\n' })
  expect(await put(`{"to": ["${'x'.repeat(maxBodyBytes)}"]}`)).toMatchObject({
    status: 400,
    text: `the body: expected at most ${maxBodyBytes} bytes\n`,
  })
  expect(await put('{"to": []}')).toMatchObject({ status: 400, text: 'to: got 0 URIs, expected 1 to 64\n' })
  expect(asked).toEqual([])
})

test('the copies of a replicated store are measured, those of others where they are known', async () => {
  const lines = async (replication: Measurements['replication']) =>
    (await renderMetrics({ ...measurements, replication })).text.match(/^flotilla_replication.*$/gm)
  const standby = { inSync: false, isVoter: true, quorum: 2, replicas: 3 }
  const trouble = { kind: 'QuorumLost', reason: '2 of 3 members are needed, present: a' } as const
  const members = [{ name: 'b', connected: true, inSync: true, lagBytes: 12 }]
  expect(await lines(null)).toBe(null)
  expect(await lines({ ...standby, trouble })).toEqual([
    'flotilla_replication_in_sync 0',
    'flotilla_replication_voter 1',
    'flotilla_replication_quorum 2',
    'flotilla_replication_trouble 1',
  ])
  expect(await lines({ ...standby, inSync: true, members })).toEqual([
    'flotilla_replication_in_sync 1',
    'flotilla_replication_voter 1',
    'flotilla_replication_quorum 2',
    'flotilla_replication_trouble 0',
    'flotilla_replication_member_in_sync{member="b"} 1',
    'flotilla_replication_member_lag_bytes{member="b"} 12',
  ])
})

test('what is left of a drain is measured while there is one', async () => {
  const lines = async (drainRemaining: number | null) =>
    (await renderMetrics({ ...measurements, drainRemaining })).text.match(/^flotilla_drain.*$/gm)
  expect(await lines(null)).toBe(null)
  expect(await lines(12)).toEqual(['flotilla_drain_messages_remaining 12'])
})

test.each([
  ['limit=0', [`limit: got 0, expected a whole number from 1 to ${maxPageItems}`]],
  [`limit=${maxPageItems + 1}`, [`limit: got ${maxPageItems + 1}, expected a whole number from 1 to ${maxPageItems}`]],
  ['limit=', [`limit: got nothing, expected a whole number from 1 to ${maxPageItems}`]],
  ['limit=1e2', [`limit: got 1e2, expected a whole number from 1 to ${maxPageItems}`]],
  ['limit=1&limit=2', ['limit: got 1, 2, expected it once']],
  ['after=-1', ['after: got -1, expected the "next" of another page']],
  ['after=99999999999999999', ['after: got 99999999999999999, expected the "next" of another page']],
  ['toString=1', ['toString: got 1, there is no such parameter; accepted are limit, after']],
  [
    `limit=x&after=${'y'.repeat(100)}`,
    [
      `limit: got x, expected a whole number from 1 to ${maxPageItems}`,
      `after: got ${'y'.repeat(77)}..., expected the "next" of another page`,
    ],
  ],
])('pages are refused with all that is wrong: %s', async (query, problems) => {
  asked.length = 0
  const { status, text } = await get(`/destinations?${query}`)
  expect([status, text]).toEqual([400, `${problems.join('\n')}\n`])
  expect(asked).toEqual([])
})

test('/metrics is Prometheus text', async () => {
  const { type, text } = await get('/metrics')
  expect(metricProblems(text)).toEqual([])
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
  for (const line of [
    'flotilla_role{role="Active"} 1',
    'flotilla_role{role="Standby"} 0',
    'flotilla_term 7',
    'flotilla_lock_trouble 1',
    'flotilla_connections{connector="openwire"} 3',
    'flotilla_connections_refused_total 2',
    'flotilla_connections_dropped_total 1',
    'flotilla_limit_reached_total{limit="maximumDestinations"} 3',
    'flotilla_unsupported_total{feature="scheduledDelivery"} 5',
    'flotilla_memory_used_bytes 5',
    'flotilla_temp_messages 6',
    'flotilla_temp_used_bytes 8192',
    'flotilla_temp_limit_bytes 65536',
    'flotilla_temp_room_bytes 50000',
    'flotilla_store_syncs_total 12',
    'flotilla_store_recovery_seconds 1.5',
    'flotilla_event_loop_delay_seconds 0.02',
  ])
    expect(text.split('\n')).toContain(line)
})

test('other paths and methods are refused and say what there is', async () => {
  expect(await get('/')).toMatchObject({
    status: 404,
    text: 'there are only /livez /readyz /role /snapshot /connections /destinations /subscriptions /network-connectors /drain /metrics /watch\n',
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
    awaitingRedelivery: 0,
    messageGroups: 0,
    withoutConsumer: 0,
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

test('bridges have a series each, save those that have nothing to do; accepted ones share theirs', async () => {
  const bridge = (fields: Partial<NetworkBridgeSnapshot> = {}): NetworkBridgeSnapshot => ({
    connector: 'nc',
    uri: 'masterslave:(tcp://b:1,tcp://c:1)',
    duplex: true,
    accepted: false,
    state: 'Connected',
    reason: null,
    remoteBrokerName: 'B',
    remoteBrokerId: 'ID:B',
    remoteAddress: 'tcp://b:1',
    since: '2026-01-01T00:00:00.000Z',
    restarts: 2,
    demandSubscriptions: 3,
    forwarded: 4,
    received: 5,
    ...fields,
  })
  const accepted = bridge({ accepted: true, connector: 'theirs', uri: 'tcp://10.0.0.7:40001', forwarded: 1 })
  const many = Array.from({ length: maxBridgeLabels }, (_, index) =>
    bridge({ accepted: true, connector: `stranger-${index}` }),
  )
  const { text } = await renderMetrics({
    ...measurements,
    networkBridges: [
      bridge(),
      bridge({ uri: 'tcp://d:1', state: 'Down', remoteBrokerName: null }),
      bridge({ uri: 'tcp://me:1', state: 'Idle' }),
      accepted,
      { ...accepted, uri: 'tcp://10.0.0.7:40002', state: 'Connecting' },
      ...many,
    ],
  })
  expect(metricProblems(text)).toEqual([])
  const lines = text.split('\n')
  const labels = 'connector="nc",uri="masterslave:(tcp://b:1,tcp://c:1)",remote_broker="B"'
  for (const line of [
    `flotilla_network_bridge_up{${labels}} 1`,
    `flotilla_network_bridge_restarts_total{${labels}} 2`,
    `flotilla_network_bridge_demand_subscriptions{${labels}} 3`,
    `flotilla_network_bridge_forwarded_total{${labels}} 4`,
    `flotilla_network_bridge_received_total{${labels}} 5`,
    'flotilla_network_bridge_up{connector="nc",uri="tcp://d:1",remote_broker=""} 0',
    'flotilla_network_bridge_up{connector="theirs",uri="(accepted)",remote_broker="B"} 1',
    'flotilla_network_bridge_forwarded_total{connector="theirs",uri="(accepted)",remote_broker="B"} 2',
  ])
    expect(lines).toContain(line)
  expect(text).not.toContain('tcp://me:1')
  expect(lines.filter((line) => line.startsWith('flotilla_network_bridge_up{'))).toHaveLength(maxBridgeLabels)
})

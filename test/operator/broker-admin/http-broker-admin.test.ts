import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { BrokerAdminError, type Told } from '../../../operator/broker-admin/broker-admin.ts'
import { type HttpBrokerAdmin, openBrokerAdmin } from '../../../operator/broker-admin/http-broker-admin.ts'
import { parseBrokerSnapshot } from '../../../operator/broker-admin/parse-snapshot.ts'

/** As a broker answers; `earlier` ones also list connections and destinations, and know of no refusal. */
const snapshot = {
  role: 'Active',
  term: 4,
  brokerName: 'orders-bc',
  member: 'orders-bc-1',
  version: '0.1.0',
  brokerId: 'b',
  startedAt: '2026-11-20T17:40:11Z',
  activeSince: '2026-11-20T17:40:12Z',
  store: { type: 'Journal', messages: 3, bytesUsed: 1024, recoveryMs: null, lagBytes: null, refusal: null },
  lock: { type: 'File', holder: 'orders-bc-1', term: 4 },
  memory: { used: 0, limit: 1 },
  transportConnectors: [],
}
const bridge = {
  connector: 'a-to-bc',
  accepted: false,
  state: 'Connected',
  reason: null,
  remoteBrokerName: 'orders-bc',
  remoteAddress: 'tcp://10.0.0.7:61616',
}
const drain = {
  to: ['static:(tcp://b:61616)'],
  since: '2026-11-20T17:40:13Z',
  messagesRemaining: 3,
  messagesOfSubscriptions: 0,
  reason: null,
}
const earlier = {
  ...snapshot,
  store: { type: 'Journal', messages: 3, bytesUsed: 1024, recoveryMs: null },
  connections: [],
  destinations: [],
}

let server: Server
let admin: HttpBrokerAdmin
let answer: RequestListener

beforeEach(async () => {
  admin = openBrokerAdmin()
  server = createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await admin.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const target = (adminPort = (server.address() as AddressInfo).port) => ({
  namespace: 'shop',
  name: 'orders-bc-1',
  podIP: '127.0.0.1',
  adminPort,
})
const failure = (using = admin, at = target()): Promise<BrokerAdminError> =>
  using.snapshot(at).then(
    () => Promise.reject(new Error('it did not fail')),
    (error: BrokerAdminError) => error,
  )

describe('what a broker is asked', () => {
  test('its snapshot, at its admin port', async () => {
    const paths: unknown[] = []
    answer = (request, response) => {
      paths.push(request.url)
      response.end(JSON.stringify({ ...snapshot, newField: 1 }))
    }
    expect(await admin.snapshot(target())).toEqual({ ...snapshot, newField: 1 })
    expect(paths).toEqual(['/snapshot'])
  })

  test('nobody listens', async () => {
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const error = await failure(admin, target(port))
    expect(error).toBeInstanceOf(BrokerAdminError)
    expect(error.code).toBe('BROKER_UNREACHABLE')
    expect(error.message).toMatch(
      /^Cannot read the state of broker shop\/orders-bc-1: no answer from 127.0.0.1:\d+: .*ECONNREFUSED/,
    )
  })

  test('it does not answer, or stops in the middle', async () => {
    const impatient = openBrokerAdmin({ totalTimeoutMs: 50 })
    answer = () => {}
    expect(await failure(impatient)).toMatchObject({ code: 'BROKER_UNREACHABLE' })
    answer = (_, response) => response.write('{')
    const error = await failure(impatient)
    expect(error.message).toMatch(/: no answer from 127.0.0.1:\d+: within 50 ms$/)
    await impatient.close()
  })

  test('it refuses', async () => {
    answer = (_, response) => response.writeHead(500).end('internal error, see the log\n')
    const error = await failure()
    expect(error.code).toBe('BROKER_REFUSED')
    expect(error.message).toMatch(/answered 500: internal error, see the log$/)
  })

  test('it answers without end', async () => {
    answer = (_, response) => {
      const block = Buffer.alloc(1024 * 1024, 0x20)
      const send = () => void response.write(block, (error) => (error ? undefined : send()))
      send()
    }
    const error = await failure()
    expect(error.code).toBe('BROKER_ANSWER_INVALID')
    expect(error.message).toMatch(/is larger than 4194304 bytes$/)
  })
})

describe('what a broker is told', () => {
  test('to drain, and to take part again', async () => {
    const requests: unknown[] = []
    answer = (request, response) => {
      void text(request).then((body) => {
        requests.push([request.method, request.url, request.headers['content-type'], request.headers.origin, body])
        response.end('\n')
      })
    }
    const to = ['masterslave:(tcp://b:61616,tcp://c:61616)']
    await admin.drain(target(), { to })
    await admin.endDrain(target())
    expect(requests).toEqual([
      ['PUT', '/drain', 'application/json', undefined, JSON.stringify({ to })],
      ['DELETE', '/drain', undefined, undefined, ''],
    ])
  })

  test('and does not do', async () => {
    answer = (_, response) => response.writeHead(405).end('only GET and HEAD are answered here\n')
    const error: unknown = await admin.drain(target(), { to: [] }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'BROKER_REFUSED', status: 405 })
    expect((error as Error).message).toMatch(
      /^Cannot have broker shop\/orders-bc-1 drain: 127.0.0.1:\d+ answered 405: only GET and HEAD are answered here$/,
    )
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
    await expect(admin.endDrain(target(1))).rejects.toThrow(
      'Cannot have broker shop/orders-bc-1 take part again: no answer from 127.0.0.1:1',
    )
  })
})

describe('what a broker tells by itself', () => {
  const heard = (asked?: Told): Promise<string> =>
    new Promise((resolve) => {
      const listener = {
        told: () => {
          end()
          resolve('told')
        },
        ended: () => resolve('ended'),
      }
      const end = admin.watchRole(target(), listener, asked)
    })

  test('is asked for by what it is about', async () => {
    const paths: unknown[] = []
    answer = (request, response) => {
      paths.push(request.url)
      response.write('{}\n')
    }
    await heard('roles')
    await heard('roles and bridges')
    expect(paths).toEqual(['/watch?roles', '/watch?roles&bridges'])
  })

  test.each<[string, RequestListener]>([
    ['a line with the head', (_, response) => response.write('{"role":"Standby"}\n')],
    ['a head, and then a line', (_, response) => void (response.flushHeaders(), response.write('{}\n'))],
    ['many headers', (_, response) => response.setHeader('x', 'y'.repeat(4000)).write('{}\n')],
  ])('%s is its role', async (_title, listener) => {
    answer = (request, response) => {
      expect(request.url).toBe('/watch?roles')
      listener(request, response)
    }
    expect(await heard()).toBe('told')
  })

  test.each<[string, RequestListener]>([
    ['a broker that has watchers enough', (_, response) => response.writeHead(503).end('no more than 16 watch\n')],
    ['somebody else', (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2 and so on\r\n')],
    ['a head without end', (request) => void request.socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(9000)}`)],
    ['an earlier version that ends', (_, response) => void (response.flushHeaders(), response.end())],
  ])('nothing, but its end: %s', async (_title, listener) => {
    answer = listener
    expect(await heard()).toBe('ended')
  })
})

describe('what is taken for a snapshot', () => {
  test.each([
    ['<html>', 'the answer is not JSON: "<html>"'],
    ['null', 'role is missing, expected one of Starting, Standby, Active, Stopping'],
    [
      JSON.stringify({ ...snapshot, role: 'Master' }),
      'role is "Master", expected one of Starting, Standby, Active, Stopping',
    ],
    [JSON.stringify({ ...snapshot, term: '4' }), 'term is "4", expected a whole number or null'],
    [JSON.stringify({ ...snapshot, term: null }), 'role is Active, but term is null'],
    [JSON.stringify({ ...snapshot, store: undefined }), 'store.type is missing, expected text'],
    [JSON.stringify({ ...snapshot, transportConnectors: {} }), 'transportConnectors is {}, expected a list'],
    [
      JSON.stringify({ ...snapshot, store: { ...snapshot.store, refusal: true } }),
      'store.refusal is true, expected text, null or nothing',
    ],
    [
      JSON.stringify({ ...snapshot, lock: { ...snapshot.lock, trouble: 1 } }),
      'lock.trouble is 1, expected text, null or nothing',
    ],
    [JSON.stringify({ ...snapshot, networkBridges: {} }), 'networkBridges is {}, expected a list or nothing'],
    [
      JSON.stringify({ ...snapshot, networkBridges: [bridge, { ...bridge, state: 1 }] }),
      'networkBridges[1].state is 1, expected text',
    ],
    [JSON.stringify({ ...snapshot, networkBridges: [null] }), 'networkBridges[0].connector is missing, expected text'],
    [JSON.stringify({ ...snapshot, replication: [] }), 'replication.inSync is missing, expected true or false'],
    [
      JSON.stringify({ ...snapshot, replication: { inSync: true, trouble: { kind: 'QuorumLost' } } }),
      'replication.trouble.reason is missing, expected text',
    ],
    [
      JSON.stringify({ ...snapshot, replication: { inSync: true, members: [{ name: 'b', inSync: 'no' }] } }),
      'replication.members[0].inSync is "no", expected true or false',
    ],
    [JSON.stringify({ ...snapshot, drain: null }), 'drain is null, expected an object or nothing'],
    [JSON.stringify({ ...snapshot, drain: {} }), 'drain.to is missing, expected a list of texts'],
    [
      JSON.stringify({ ...snapshot, drain: { ...drain, messagesRemaining: -1 } }),
      'drain.messagesRemaining is -1, expected a whole number',
    ],
    [
      JSON.stringify({ ...snapshot, drain: { ...drain, messagesOfSubscriptions: undefined } }),
      'drain.messagesOfSubscriptions is missing, expected a whole number',
    ],
  ])('not %s', (text, problem) => {
    expect(parseBrokerSnapshot(text)).toEqual({ ok: false, problem })
  })

  test('an upgrade of the operator restarts no broker: earlier ones are understood', () => {
    expect(parseBrokerSnapshot(JSON.stringify(earlier))).toEqual({ ok: true, snapshot: earlier })
  })

  test('the type of a lock or store that this operator does not know', () => {
    const later = { ...snapshot, lock: { ...snapshot.lock, type: 'Sql' }, store: { ...snapshot.store, type: 'Jdbc' } }
    expect(parseBrokerSnapshot(JSON.stringify(later))).toEqual({ ok: true, snapshot: later })
  })

  test('the bridges of a network', () => {
    const networked = { ...snapshot, networkBridges: [bridge, { ...bridge, state: 'Later', reason: 'no route' }] }
    expect(parseBrokerSnapshot(JSON.stringify(networked))).toEqual({ ok: true, snapshot: networked })
  })

  test('how far a drain is', () => {
    const draining = { ...snapshot, drain: { ...drain, later: 1 } }
    expect(parseBrokerSnapshot(JSON.stringify(draining))).toEqual({ ok: true, snapshot: draining })
  })

  test('a standby has no term', () => {
    const standby = { ...snapshot, role: 'Standby', term: null, activeSince: null }
    expect(parseBrokerSnapshot(JSON.stringify(standby))).toEqual({ ok: true, snapshot: standby })
  })
})

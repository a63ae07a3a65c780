// A broker that gives all it has to its neighbours, with real brokers in this process, and clients.
import { afterEach, expect, jest, test } from '@jest/globals'
import { createConnectionFactory } from '../../broker/client/index.ts'
import { drained, put, sendTo, sizesOf, snapshotOf, takeFrom, textsOf, uriOf } from '../support/draining-broker.ts'
import { lastingStore } from '../support/lasting-store.ts'
import { startBroker, type StartedBroker, type StartOptions } from '../support/started-broker.ts'

const started: StartedBroker[] = []
jest.setTimeout(30_000)

afterEach(() => Promise.all(started.splice(0).map(({ broker }) => broker.stop())))

async function member(brokerName: string, { config, ...options }: StartOptions = {}): Promise<StartedBroker> {
  const broker = await startBroker({
    store: lastingStore(),
    ...options,
    config: { brokerName, brokerId: `ID:${brokerName}`, ...config },
  })
  started.push(broker)
  return broker
}

const numbered = (count: number, prefix = ''): { body: string }[] =>
  Array.from({ length: count }, (_, index) => ({ body: `${prefix}${index}` }))

test('all its queues go to a neighbour, persistent or not, in order; clients are cut off and cannot come back', async () => {
  const [leaving, neighbour] = await Promise.all([member('leaving'), member('neighbour')])
  await sendTo(leaving.port, 'queue://ORDERS', numbered(600))
  await sendTo(leaving.port, 'queue://BILLS', numbered(300))
  await sendTo(leaving.port, 'queue://ActiveMQ.DLQ', numbered(50))
  await sendTo(leaving.port, 'queue://QUICK', numbered(100), { deliveryMode: 'non-persistent' })
  const client = await createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()
  const gone = new Promise((resolve) => client.on('exception', resolve))

  expect(await put(leaving.adminUrl, [uriOf(neighbour)])).toEqual({ status: 200, text: 'drains\n' })
  await gone
  const drain = await drained(leaving.adminUrl)
  expect(drain).toMatchObject({ to: [uriOf(neighbour)], messagesOfSubscriptions: 0, reason: null })
  const snapshot = await snapshotOf(leaving.adminUrl)
  expect(snapshot).toMatchObject({
    role: 'Active',
    store: { messages: 0 },
    transportConnectors: [{ name: 'openwire', port: leaving.port, open: false, connections: 0 }],
    networkBridges: [{ connector: 'drain', state: 'Connected', remoteBrokerName: 'neighbour', forwarded: 1050 }],
  })
  expect((await fetch(`${leaving.adminUrl}/readyz`)).status).toBe(200)
  await expect(createConnectionFactory(`tcp://127.0.0.1:${leaving.port}`).createConnection()).rejects.toThrow()

  expect(await sizesOf(neighbour.adminUrl)).toEqual({ ORDERS: 600, BILLS: 300, 'ActiveMQ.DLQ': 50, QUICK: 100 })
  expect(textsOf(await takeFrom(neighbour.port, 'ORDERS', 600))).toEqual(numbered(600).map(({ body }) => body))
  await client.close().catch(() => {})
})

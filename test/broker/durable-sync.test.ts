// Two brokers with sockets between them, and a durable subscriber that unsubscribes while the bridge for it is away: with
// syncDurableSubs the broker that forwards learns it when there is a bridge again; without it, or to a broker that speaks an older version,
// it keeps its subscription for nobody.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createConnectionFactory, type Connection, type MessageConsumer } from '../../broker/client/index.ts'
import type { BrokerConfigInput } from '../../broker/config/schema.ts'
import type { DataStructure } from '../../broker/wire/openwire/commands.ts'
import { startBroker, type StartedBroker } from '../support/started-broker.ts'

const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

let far: StartedBroker

beforeEach(async () => {
  far = await started({ brokerName: 'far', brokerId: 'far' })
})

async function started(config: BrokerConfigInput): Promise<StartedBroker> {
  const broker = await startBroker({ config })
  ends.push(() => broker.broker.stop())
  return broker
}

/** The broker that forwards to it. */
const near = (attributes: object, uriOptions = ''): Promise<StartedBroker> =>
  started({
    brokerName: 'near',
    brokerId: 'near',
    networkConnectors: [
      {
        name: 'NC',
        uri: `static:(tcp://127.0.0.1:${far.port}${uriOptions})?initialReconnectDelay=100&useExponentialBackOff=false`,
        ...attributes,
      },
    ],
  })

async function connect({ port }: StartedBroker, clientId?: string): Promise<Connection> {
  const url = `tcp://127.0.0.1:${port}?jms.closeTimeout=1000`
  const connection = await createConnectionFactory(url, clientId === undefined ? {} : { clientId }).createConnection()
  ends.push(() => connection.close())
  connection.start()
  return connection
}

/** Consumer advisories of all topics of a broker, from who is there now. */
async function watch(broker: StartedBroker): Promise<MessageConsumer> {
  const session = await (await connect(broker)).createSession('auto')
  return session.createConsumer('topic://ActiveMQ.Advisory.Consumer.Topic.>')
}

async function until(advisories: MessageConsumer, isIt: (structure: DataStructure | null) => boolean): Promise<void> {
  for (;;) {
    const message = await advisories.receive(20_000)
    if (!message) throw new Error('It was not told')
    if (isIt(message.command.dataStructure)) return
  }
}

const consumesFor = (topic: string) => (structure: DataStructure | null) =>
  structure?.kind === 'ConsumerInfo' && structure.networkSubscription && structure.destination?.physicalName === topic

async function subscriptionsOf({ adminUrl }: StartedBroker): Promise<string[]> {
  const answer = await fetch(`${adminUrl}/subscriptions`)
  const { items } = (await answer.json()) as { items: { clientId: string; subscriptionName: string }[] }
  return items.map(({ clientId, subscriptionName }) => `${clientId} ${subscriptionName}`)
}

const kept = 'NC_far_inbound_near NC-DS_near_T'

/**
 * Somebody subscribes at `far` to T, and unsubscribes while the connector of `near` is stopped. Then it is started, and has
 * heard of a consumer that came last.
 */
async function unsubscribesMeanwhile(broker: StartedBroker): Promise<void> {
  const advisories = await watch(broker)
  const session = await (await connect(far, 'subscriber')).createSession('auto')
  const consumer = await session.createDurableConsumer('topic://T', 's')
  await until(advisories, consumesFor('T'))
  expect(await subscriptionsOf(broker)).toEqual([kept])
  await switchConnector(broker, 'stop')
  await consumer.close()
  await session.unsubscribe('s')
  expect(await subscriptionsOf(broker)).toEqual([kept])
  await session.createConsumer('topic://LAST')
  await switchConnector(broker, 'start')
  await until(advisories, consumesFor('LAST'))
}

async function switchConnector({ adminUrl }: StartedBroker, to: 'start' | 'stop'): Promise<void> {
  const { status } = await fetch(`${adminUrl}/network-connectors/NC/${to}`, { method: 'POST' })
  expect(status).toBe(200)
}

test.each([
  ['over a connection of its own', {}],
  ['over a duplex bridge', { duplex: true }],
])('who unsubscribed while there was no bridge is forgotten when there is one: %s', async (_, attributes) => {
  const broker = await near({ syncDurableSubs: true, ...attributes })
  await unsubscribesMeanwhile(broker)
  expect(await subscriptionsOf(broker)).toEqual([])
})

test('and who accepts a duplex bridge forgets those of the broker that made it', async () => {
  const broker = await near({ syncDurableSubs: true, duplex: true })
  const advisories = await watch(far)
  const session = await (await connect(broker, 'subscriber')).createSession('auto')
  const consumer = await session.createDurableConsumer('topic://T', 's')
  await until(advisories, consumesFor('T'))
  await switchConnector(broker, 'stop')
  await consumer.close()
  await session.unsubscribe('s')
  await session.createConsumer('topic://LAST')
  expect(await subscriptionsOf(far)).toEqual(['NC_near_inbound_far NC-DS_far_T'])
  await switchConnector(broker, 'start')
  await until(advisories, consumesFor('LAST'))
  expect(await subscriptionsOf(far)).toEqual([])
})

test.each([
  ['syncDurableSubs is not set', { syncDurableSubs: false }, ''],
  ['both speak a version before 12', { syncDurableSubs: true }, '?wireFormat.version=11'],
  ['one demand does not stand for all', { syncDurableSubs: true, conduitSubscriptions: false }, ''],
  ['the subscription waits for a consumer anyway', { syncDurableSubs: true, dynamicOnly: true }, ''],
])('it is kept while %s', async (_, attributes, uriOptions) => {
  const broker = await near(attributes, uriOptions)
  await unsubscribesMeanwhile(broker)
  expect(await subscriptionsOf(broker)).toEqual([kept])
})

// Names: what comes into being, what is refused, composites, wildcards, temporary destinations.
import { describe, expect, test } from '@jest/globals'
import { connectionLimits } from '../../../broker/region/limits.ts'
import { RegionHarness } from './region-harness.ts'

const invalid = 'javax.jms.InvalidDestinationException'
const gone = 'org.apache.activemq.DestinationDoesNotExistException'

test('destinations come into being with their first producer, consumer or message', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  client.connection.addProducer({ producerId: 'ID:client-1:1:9', destination: { kind: 'queue', name: 'P' } })
  client.consume('topic://C')
  client.send('queue://S')
  expect(harness.events).toEqual([
    'destinationAdded queue://P -',
    'producerAdded queue://P 1',
    'destinationAdded topic://C -',
    'consumerAdded topic://C 1',
    'destinationAdded queue://S -',
  ])
})

test.each([
  ['queue://', 'name is empty'],
  [`queue://${'n'.repeat(1025)}`, 'has 1025 characters'],
  ['queue://A\u0007', 'control characters'],
  [`queue://${Array.from({ length: 65 }, (_, i) => `Q${i}`).join(',')}`, 'it has 65 members'],
])('a send to %s is refused: %s', async (destination, reason) => {
  const harness = await RegionHarness.start()
  const outcome = harness.connect().send(destination)
  expect(outcome).toMatchObject({ state: 'failed', className: invalid, message: expect.stringContaining(reason) })
  expect(harness.region.destinations()).toEqual([])
})

describe('a send to a wildcard, as ActiveMQ has it,', () => {
  test.each([
    ['A', 0],
    ['B.C', 0],
    ['*', 1],
    ['>', 1],
    ['*.C', 0],
  ])('goes to the destination of that name: a consumer of %s gets %i', async (consumed, count) => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    for (const kind of ['queue', 'topic']) {
      const consumer = client.consume(`${kind}://W.${consumed}`)
      expect(client.send(`${kind}://W.*`).state).toBe('done')
      const names = consumer.deliveries.map(({ destination }) => destination.name)
      expect(names).toEqual(Array(count).fill('W.*'))
    }
  })

  test('is stored there until a wildcard takes it', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    client.connection.addProducer({ producerId: 'ID:client-1:1:9', destination: { kind: 'queue', name: 'W.>' } })
    client.send('queue://W.>', { persistent: true })
    await harness.settle()
    expect(harness.of('queue://W.>')).toMatchObject({ size: 1, producers: 1 })
    expect(client.consume('queue://W.A').received).toEqual([])
    expect(client.consume('queue://>').received).toEqual([1])
  })
})

describe('composite', () => {
  test('a send goes to every member, which sees where it was sent', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const a = client.consume('queue://A')
    const b = client.consume('queue://B')
    const t = client.consume('topic://T')
    const sent = client.send('queue://A,B,topic://T,A', { persistent: true })
    await harness.settle()
    expect(sent.state).toBe('done')
    for (const consumer of [a, b, t]) {
      expect(consumer.received).toEqual([1])
      const message = consumer.deliveries[0]!.message
      expect(message.originalDestination).toEqual({ kind: 'queue', name: 'A,B,topic://T,A' })
      expect(message.destination).toEqual(consumer.deliveries[0]!.destination)
    }
    expect(harness.store.statistics().messages).toBe(2)
  })

  test('a consumer gets from all members through one window', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://A,B', { prefetchSize: 3 })
    for (const name of ['A', 'B', 'A', 'B', 'B']) client.send(`queue://${name}`)
    expect(consumer.deliveries.map(({ destination }) => destination.name)).toEqual(['A', 'B', 'A'])
    consumer.acknowledge('standard', null, 2)
    expect(consumer.received).toEqual([1, 2, 3, 4, 5])
    expect(harness.events.filter((event) => event.startsWith('consumerAdded'))).toEqual([
      'consumerAdded queue://A 1',
      'consumerAdded queue://B 1',
    ])
  })

  test('two copies of one message with one consumer are acknowledged apart', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    const consumer = client.consume('queue://A,B')
    client.send('queue://A,B')
    consumer.acknowledge('individual', null, 1, { messageCount: 1 })
    expect([harness.of('queue://A').size, harness.of('queue://B').size]).toEqual([1, 0])
  })
})

describe('wildcard consumers', () => {
  test('get from destinations that are there and from those that come later', async () => {
    const harness = await RegionHarness.start()
    const client = harness.connect()
    client.send('queue://PRICE.STOCK.IBM')
    const all = client.consume('queue://PRICE.>')
    const level = client.consume('queue://PRICE.*.IBM', { priority: 1 })
    expect(all.received).toEqual([1])
    client.send('queue://PRICE')
    client.send('queue://PRICE.BOND.IBM')
    client.send('queue://OTHER')
    expect([all.received, level.received]).toEqual([[1, 2], [3]])
    expect(all.deliveries[1]!.destination).toEqual({ kind: 'queue', name: 'PRICE' })
    all.close()
    level.close()
    client.send('queue://PRICE.NEW')
    expect(all.received).toEqual([1, 2])
  })

  test('cannot name temporary destinations', async () => {
    const harness = await RegionHarness.start()
    expect(() => harness.connect().consume('temp-queue://ID:client-1:*')).toThrow(/cannot be addressed by wildcards/)
  })
})

describe('temporary destinations', () => {
  const temporary = { kind: 'temp-queue', name: 'ID:client-1:1' } as const

  test('belong to their connection: others may send, only the owner may consume', async () => {
    const harness = await RegionHarness.start()
    const owner = harness.connect()
    const other = harness.connect()
    owner.connection.addDestination(temporary)
    const consumer = owner.consume('temp-queue://ID:client-1:1')
    other.send('temp-queue://ID:client-1:1', { persistent: true })
    expect(consumer.received).toEqual([1])
    expect(harness.store.statistics().messages).toBe(0)
    expect(() => other.consume('temp-queue://ID:client-1:1')).toThrow(/belongs to the connection that created it/)
    expect(() => other.connection.removeDestination(temporary)).toThrow(/belongs to the connection/)
  })

  test('end with their connection, and with them their messages', async () => {
    const harness = await RegionHarness.start()
    const owner = harness.connect()
    const other = harness.connect()
    owner.connection.addDestination(temporary)
    owner.consume('temp-queue://ID:client-1:1', { prefetchSize: 1 })
    for (let i = 0; i < 3; i++) other.send('temp-queue://ID:client-1:1')
    owner.connection.close()
    expect(harness.region.memory().used).toBe(0)
    expect(harness.region.destinations()).toEqual([])
    expect(harness.events).toContain('destinationRemoved temp-queue://ID:client-1:1')
    expect(other.send('temp-queue://ID:client-1:1')).toMatchObject({ className: gone })
    expect(other.send('queue://A,temp-queue://ID:client-1:1')).toMatchObject({ className: gone })
    const temporaryTopic = { kind: 'temp-topic', name: 'ID:nobody:1' } as const
    expect(() => other.connection.addProducer({ producerId: 'ID:client-2:1:9', destination: temporaryTopic })).toThrow(
      /does not exist/,
    )
  })

  test('of clients of other brokers belong to the bridge that has them for these, and end with it', async () => {
    const harness = await RegionHarness.start()
    const [bridge, second] = [1, 2].map(() => harness.connect({ network: true }))
    const other = harness.connect()
    bridge!.connection.addDestination(temporary)
    second!.connection.addDestination(temporary)
    const consumers = [bridge!, second!].map((one) => one.consume('temp-queue://ID:client-1:1'))
    for (let i = 0; i < 2; i++) other.send('temp-queue://ID:client-1:1')
    expect(consumers.map(({ received }) => received)).toEqual([[1], [2]])
    expect(() => other.consume('temp-queue://ID:client-1:1')).toThrow(/belongs to the connection that created it/)
    second!.connection.close()
    expect(other.send('temp-queue://ID:client-1:1').state).toBe('done')
    bridge!.connection.close()
    expect(other.send('temp-queue://ID:client-1:1')).toMatchObject({ className: gone })
  })

  test('are limited per connection', async () => {
    const harness = await RegionHarness.start()
    const { connection } = harness.connect()
    const { maximumTemporaryDestinationsPerConnection: limit } = connectionLimits
    for (let i = 0; i < limit; i++) connection.addDestination({ kind: 'temp-queue', name: `ID:client-1:${i}` })
    expect(() => connection.addDestination({ kind: 'temp-queue', name: 'ID:client-1:x' })).toThrow(
      /maximumTemporaryDestinationsPerConnection/,
    )
  })
})

test('a queue is removed with its messages, but not under its consumers', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { prefetchSize: 0 })
  client.send('queue://Q', { persistent: true })
  await harness.settle()
  const queue = { kind: 'queue', name: 'Q' } as const
  expect(() => client.connection.removeDestination(queue)).toThrow(/still has an active subscription/)
  consumer.close()
  client.connection.removeDestination(queue)
  client.connection.removeDestination(queue)
  expect(harness.store.statistics().messages).toBe(0)
  expect(harness.region.memory().used).toBe(0)
})

test('nothing is said about advisory topics but who listens to them', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('topic://ActiveMQ.Advisory.TempQueue,topic://ActiveMQ.Advisory.TempTopic')
  client.connection.addProducer({
    producerId: 'ID:client-1:1:9',
    destination: { kind: 'topic', name: 'ActiveMQ.Advisory.X' },
  })
  consumer.close()
  expect(harness.events).toEqual([
    'consumerAdded topic://ActiveMQ.Advisory.TempQueue 1',
    'consumerAdded topic://ActiveMQ.Advisory.TempTopic 1',
    'consumerRemoved topic://ActiveMQ.Advisory.TempQueue 0',
    'consumerRemoved topic://ActiveMQ.Advisory.TempTopic 0',
  ])
})

// Consumers with selectors: who gets what, what becomes of what nobody wants, and which selectors are refused.
import { expect, test } from '@jest/globals'
import { destinationLimits } from '../../../broker/destination/limits.ts'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { connectionLimits } from '../../../broker/region/limits.ts'
import { RegionHarness, type TestClient } from './region-harness.ts'

const colored = (color: string) => ({
  properties: encodePrimitiveMap(new Map([['color', { type: 'string', value: color }]])),
})

const sendAll = (client: TestClient, destination: string, colors: readonly string[], persistent = true): void => {
  for (const color of colors) client.send(destination, { ...colored(color), persistent })
}

const refusal = (client: TestClient, selector: string, destination = 'queue://Q') =>
  client.outcome(() => void client.consume(destination, { selector }))

test.each([true, false])('each gets what it wants, in order, and the rest waits: persistent %s', async (persistent) => {
  const harness = await RegionHarness.start({ concurrentStoreAndDispatchQueues: true })
  const client = harness.connect()
  const red = client.consume('queue://Q', { selector: "color = 'red'" })
  sendAll(client, 'queue://Q', ['red', 'green', 'blue', 'green', 'red'], persistent)
  await harness.settle()
  const green = client.consume('queue://Q', { selector: "color = 'green'" })
  await harness.settle()
  sendAll(client, 'queue://Q', ['green', 'red'], persistent)
  await harness.settle()
  expect([red.received, green.received]).toEqual([
    [1, 5, 7],
    [2, 4, 6],
  ])
  expect(harness.of('queue://Q')).toMatchObject({ size: 7, inFlight: 6 })
  const all = client.consume('queue://Q')
  await harness.settle()
  expect(all.received).toEqual([3])
})

test('nobody starves behind what others do not want, however much it is', async () => {
  const harness = await RegionHarness.start({ memoryLimit: 2 ** 22 })
  const client = harness.connect()
  const many = 3 * destinationLimits.windowMessages
  sendAll(
    client,
    'queue://Q',
    Array.from({ length: many }, () => 'grey'),
  )
  sendAll(client, 'queue://Q', ['red', 'grey', 'red'])
  await harness.settle()
  const consumers = ['pink', 'brown', 'red'].map((color) =>
    client.consume('queue://Q', { selector: `color = '${color}'`, prefetchSize: 1 }),
  )
  for (let turn = 0; turn < 20; turn++) {
    await harness.settle()
    harness.clock.advance(0)
  }
  const red = consumers[2]!
  expect(red.received).toEqual([many + 1])
  red.acknowledge('standard', null, 0)
  await harness.settle()
  expect(red.received).toEqual([many + 1, many + 3])
  sendAll(client, 'queue://Q', ['pink'])
  await harness.settle()
  expect(consumers[0]!.received).toEqual([many + 4])
})

test('of consumers with one selector each gets its share', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumers = [1, 2, 3].map(() => client.consume('queue://Q', { selector: "color LIKE 'r%'" }))
  const sender = harness.connect()
  sendAll(sender, 'queue://Q', ['red', 'rose', 'blue', 'ruby', 'red'])
  await harness.settle()
  expect(consumers.map(({ received }) => received)).toEqual([[1, 5], [2], [4]])
})

test('a topic asks before it gives', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const red = client.consume('topic://T', { selector: "color = 'red'", prefetchSize: 1 })
  const rest = client.consume('topic://T.>,topic://T', { selector: "color <> 'red' OR color IS NULL" })
  sendAll(client, 'topic://T', ['red', 'blue', 'red'])
  client.send('topic://T.A')
  sendAll(client, 'topic://T.A', ['red'])
  expect([red.received, rest.received]).toEqual([[1], [2, 4]])
  // What it has no room for waits; what it does not want does not.
  expect(harness.region.memory().used).toBeLessThan(2 * 1100)
  red.acknowledge('standard', null, 0)
  expect(red.received).toEqual([1, 3])
})

test('what comes back goes to whoever wants it then', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const again = client.consume('queue://Q', { selector: 'JMSRedelivered AND JMSXDeliveryCount = 2' })
  const fresh = client.consume('queue://Q', { selector: 'NOT JMSRedelivered' })
  sendAll(client, 'queue://Q', ['red', 'green'])
  await harness.settle()
  expect([fresh.received, again.received]).toEqual([[1, 2], []])
  fresh.close(fresh.deliveries[0]!.sequence)
  await harness.settle()
  expect(again.received).toEqual([1])
  const other = client.consume('queue://Q', { selector: "color = 'green'" })
  await harness.settle()
  expect(other.received).toEqual([2])
})

test('noLocal and a selector both have to agree', async () => {
  const harness = await RegionHarness.start()
  const [own, other] = [harness.connect(), harness.connect()]
  const consumer = own.consume('topic://T', { selector: "color = 'red'", noLocal: true })
  sendAll(own, 'topic://T', ['red'])
  sendAll(other, 'topic://T', ['blue', 'red'])
  expect(consumer.deliveries.map(({ message }) => message.messageId)).toEqual([`${other.id}:1:1:2`])
})

test('a pull gets what is wanted, wherever it stands, or the answer that there is nothing', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  sendAll(client, 'queue://Q', ['grey', 'red', 'grey'])
  await harness.settle()
  const consumer = client.consume('queue://Q', { selector: "color = 'red'", prefetchSize: 0 })
  client.connection.pull(consumer.consumerId, -1)
  await harness.settle()
  client.connection.pull(consumer.consumerId, -1)
  await harness.settle()
  expect([consumer.received, consumer.nothings]).toEqual([[2], 1])
})

test('a bad selector is refused with its place and what was expected, and leaves nothing', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  expect(refusal(client, 'color =')).toEqual({
    state: 'failed',
    className: 'javax.jms.InvalidSelectorException',
    message: 'Cannot read selector "color =": at character 8 a name, a value or ( was expected, found the end',
  })
  expect(refusal(client, "XPATH '//color'")).toMatchObject({
    className: 'javax.jms.InvalidSelectorException',
    message: expect.stringContaining('XPATH'),
  })
  expect(harness.region.destinations()).toEqual([])
})

test('a selector that is too long or too deep names the limit', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  for (const [selector, limit] of [
    [`color = '${'x'.repeat(40_000)}'`, 'maximumSelectorLength'],
    [`${'NOT '.repeat(1000)}color`, 'maximumSelectorDepth'],
  ] as const) {
    const options = { code: 'INVALID_SELECTOR', fields: expect.objectContaining({ limit }) }
    expect(() => client.consume('queue://Q', { selector })).toThrow(expect.objectContaining(options))
  }
})

test('an empty selector is none', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const consumer = client.consume('queue://Q', { selector: '  ' })
  sendAll(client, 'queue://Q', ['red'])
  await harness.settle()
  expect(consumer.received).toEqual([1])
})

test('the selectors of one connection are so long together and no longer; those of closed consumers do not count', async () => {
  const harness = await RegionHarness.start()
  const [client, other] = [harness.connect(), harness.connect()]
  const selector = `color = '${'x'.repeat(2 ** 14 - 10)}'`
  const count = connectionLimits.maximumSelectorCharactersPerConnection / selector.length
  const consumers = Array.from({ length: count }, () => client.consume('topic://T', { selector }))
  expect(refusal(client, 'color IS NULL')).toMatchObject({
    className: 'javax.jms.ResourceAllocationException',
    message: expect.stringContaining('maximumSelectorCharactersPerConnection'),
  })
  other.consume('topic://T', { selector })
  // Neither do those that were refused for another reason.
  expect(refusal(other, selector, 'temp-queue://gone')).toMatchObject({ state: 'failed' })
  consumers[0]!.close()
  client.consume('topic://T', { selector: 'color IS NULL' })
})

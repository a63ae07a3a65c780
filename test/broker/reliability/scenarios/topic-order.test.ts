// Found by the JMS model: a persistent message that no durable subscription wants is not stored, and must not come to ordinary
// subscribers before one of the same producer that is being stored (JMS 1.1, 4.4.10).
import { expect, test } from '@jest/globals'
import { encodePrimitiveMap } from '../../../../broker/marshal/primitive-map.ts'
import { RegionHarness, type TestClient } from '../../region/region-harness.ts'

const topic = 'topic://PRICES'
const selector = "color = 'red'"

const send = (client: TestClient, color: string, destination = topic) =>
  client.send(destination, {
    persistent: true,
    properties: encodePrimitiveMap(new Map([['color', { type: 'string', value: color }]])),
  })

test.each([topic, 'topic://PRICES,NEWS'])('sent to %s', async (destination) => {
  const harness = await RegionHarness.start()
  harness.connect({ clientId: 'shop' }).consume(topic, { subscriptionName: 'red', selector })
  const plain = harness.connect().consume(topic)
  const producer = harness.connect()
  const outcomes = ['red', 'green', 'red', 'green'].map((color) => send(producer, color, destination))
  await harness.settle()
  expect(plain.received).toEqual([1, 2, 3, 4])
  expect(outcomes.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done'])
})

test('also when the subscription that wanted the first one is deleted meanwhile', async () => {
  const harness = await RegionHarness.start()
  const shop = harness.connect({ clientId: 'shop' })
  shop.consume(topic, { subscriptionName: 'red', selector }).close()
  const plain = harness.connect().consume(topic)
  const producer = harness.connect()
  send(producer, 'red')
  shop.connection.removeSubscription('shop', 'red')
  send(producer, 'green')
  await harness.settle()
  expect(plain.received).toEqual([1, 2])
})

test('who subscribes when it was answered does not get it', async () => {
  const harness = await RegionHarness.start()
  harness.connect({ clientId: 'shop' }).consume(topic, { subscriptionName: 'red', selector })
  const producer = harness.connect()
  send(producer, 'red')
  const outcome = send(producer, 'green', 'topic://PRICES,NEWS')
  for (let turn = 0; turn < 20 && outcome.state === 'pending'; turn++) await Promise.resolve()
  const late = harness.connect().consume(topic)
  await harness.settle()
  expect([outcome.state, late.received]).toEqual(['done', []])
})

// Virtual destinations that go by selectors: virtual topics with `selectorAware`, and composites with filtered destinations.
import { describe, expect, test } from '@jest/globals'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { parseDestination } from '../../../broker/message/destination.ts'
import {
  defaultVirtualTopic,
  type CompositeDestination,
  type VirtualDestination,
} from '../../../broker/routing/virtual-destination.ts'
import { SelectorError } from '../../../broker/selector/selector-error.ts'
import { RegionHarness, type TestClient } from './region-harness.ts'

const topic = 'topic://VirtualTopic.T'
const queue = 'queue://Consumer.a.VirtualTopic.T'
const red = { selector: "color = 'red'" }
const green = { selector: "color = 'green'" }

const start = async (rules: readonly VirtualDestination[] = [{ ...defaultVirtualTopic, selectorAware: true }]) => {
  const harness = await RegionHarness.start({ virtualDestinations: rules })
  return { harness, client: harness.connect(), producer: harness.connect() }
}

const sendAll = (client: TestClient, destination: string, colors: readonly string[], transactionId?: string) =>
  colors.map((color) =>
    client.send(destination, {
      properties: encodePrimitiveMap(new Map([['color', { type: 'string', value: color }]])),
      persistent: true,
      ...(transactionId !== undefined && { transactionId }),
    }),
  )

describe('a virtual topic with selectorAware', () => {
  test('puts into a queue what one of its consumers wants, and no more', async () => {
    const { harness, client, producer } = await start()
    const consumers = [red, green].map((options) => client.consume(queue, options))
    const other = client.consume('queue://Consumer.b.VirtualTopic.T', red)
    const subscriber = client.consume(topic)
    const sent = sendAll(producer, topic, ['red', 'green', 'blue'])
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([[1], [2]])
    expect([other.received, subscriber.received]).toEqual([[1], [1, 2, 3]])
    expect([harness.of(queue).size, harness.of('queue://Consumer.b.VirtualTopic.T').size]).toEqual([2, 1])
    expect(sent.map(({ state }) => state)).toEqual(['done', 'done', 'done'])
  })

  test('puts all into a queue of which one consumer has no selector', async () => {
    const { harness, client, producer } = await start()
    const consumers = [red, {}].map((options) => client.consume(queue, { ...options, prefetchSize: 0 }))
    sendAll(producer, topic, ['red', 'blue'])
    await harness.settle()
    expect(harness.of(queue).size).toBe(2)
    consumers[1]!.close()
    sendAll(producer, topic, ['red', 'blue'])
    await harness.settle()
    expect(harness.of(queue).size).toBe(3)
  })

  test('puts nothing into a queue without consumers, though what is there stays', async () => {
    const { harness, client, producer } = await start()
    const away = client.consume(queue, { ...red, prefetchSize: 0 })
    sendAll(producer, topic, ['red'])
    await harness.settle()
    away.close()
    const sent = sendAll(producer, topic, ['red', 'blue'])
    await harness.settle()
    expect([harness.of(queue).size, ...sent.map(({ state }) => state)]).toEqual([1, 'done', 'done'])
  })

  test('asks consumers that have no room, and those with wildcards', async () => {
    const { harness, client, producer } = await start()
    client.consume(queue, { ...red, prefetchSize: 1 })
    const all = client.consume('queue://Consumer.a.>', green)
    sendAll(producer, topic, ['red', 'red', 'green', 'blue'])
    await harness.settle()
    expect(harness.of(queue).size).toBe(3)
    // Of the queue that they share, and of its own.
    expect(all.received).toEqual([3, 3])
    expect(harness.of('queue://Consumer.a.>').size).toBe(1)
  })

  test('asks when a message is sent, also in a transaction', async () => {
    const { harness, client, producer } = await start()
    const early = client.consume(queue, red)
    producer.connection.begin('t')
    sendAll(producer, topic, ['red', 'green'], 't')
    const late = client.consume(queue, green)
    sendAll(producer, topic, ['green'], 't')
    producer.connection.commit('t', () => {})
    await harness.settle()
    expect([early.received, late.received]).toEqual([[1], [3]])
  })

  test('with local: what did not come over a bridge and is wanted', async () => {
    const { harness, client, producer } = await start([{ ...defaultVirtualTopic, selectorAware: true, local: true }])
    const consumer = client.consume(queue, { selector: 'JMSPriority > 4' })
    const bridged = producer.message(topic, { priority: 9 })
    Object.defineProperty(bridged, 'hasBrokerPath', { value: true })
    producer.connection.send(bridged, null, () => {})
    for (const priority of [4, 5]) producer.send(topic, { priority })
    await harness.settle()
    expect(consumer.received).toEqual([3])
  })
})

describe('filtered destinations of a composite', () => {
  const composite = (selector: string | null, forwardOnly = true): CompositeDestination => ({
    kind: 'compositeQueue',
    name: 'C',
    forwardOnly,
    sendWhenNotMatched: false,
    forwardTo: [
      { destination: parseDestination('queue://A'), selector },
      { destination: parseDestination('topic://B'), selector: null },
    ],
  })

  test('get what their selectors want; the others get all', async () => {
    const { harness, client, producer } = await start([composite(red.selector, false)])
    const consumers = ['queue://A', 'topic://B', 'queue://C'].map((name) => client.consume(name))
    sendAll(producer, 'queue://C', ['red', 'green'])
    await harness.settle()
    expect(consumers.map(({ received }) => received)).toEqual([[1], [1, 2], [1, 2]])
  })

  test.each([true, false])(
    'sendWhenNotMatched: itself gets what none of them wants; forwardOnly %s',
    async (forwardOnly) => {
      const rule: CompositeDestination = {
        ...composite(null, forwardOnly),
        sendWhenNotMatched: true,
        forwardTo: [{ destination: parseDestination('queue://A'), selector: red.selector }],
      }
      const { harness, client, producer } = await start([rule])
      const consumers = ['queue://A', 'queue://C'].map((name) => client.consume(name))
      sendAll(producer, 'queue://C', ['red', 'green'])
      await harness.settle()
      expect(consumers.map(({ received }) => received)).toEqual([[1], [2]])
    },
  )

  test('with a selector that cannot be read there is no region', async () => {
    await expect(start([composite('color =')])).rejects.toThrow(SelectorError)
  })
})

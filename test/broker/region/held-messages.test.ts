// What a broker would take with it: in queues, under way, and for durable subscriptions.
import { expect, test } from '@jest/globals'
import { TestTempStore } from '../../support/test-temp-store.ts'
import { RegionHarness } from './region-harness.ts'

test('queues count whatever they have, in flight or on its way; topics and temporary destinations do not', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect()
  const held = (): unknown => harness.region.held()
  expect(held()).toEqual({ ofQueues: 0, ofSubscriptions: 0 })
  client.send('queue://Q')
  // It is being stored.
  expect(held()).toEqual({ ofQueues: 1, ofSubscriptions: 0 })
  client.send('queue://Q', { persistent: false })
  client.send('topic://T')
  client.connection.addDestination({ kind: 'temp-queue', name: `${client.id}:1` })
  client.send(`temp-queue://${client.id}:1`, { persistent: false })
  await harness.settle()
  expect(held()).toEqual({ ofQueues: 2, ofSubscriptions: 0 })
  const consumer = client.consume('queue://Q')
  await harness.settle()
  expect(consumer.received).toHaveLength(2)
  expect(held()).toEqual({ ofQueues: 2, ofSubscriptions: 0 })
})

test('durable subscriptions count what they keep, each for itself', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect({ clientId: 'c' })
  client.consume('topic://T', { subscriptionName: 's' })
  client.consume('topic://T', { subscriptionName: 't' })
  client.connection.close()
  const producer = harness.connect()
  for (let i = 0; i < 3; i++) producer.send('topic://T', { persistent: true })
  await harness.settle()
  expect(harness.region.held()).toEqual({ ofQueues: 0, ofSubscriptions: 6 })
})

test('what goes through the temp store is under way until it is there', async () => {
  const temp = new TestTempStore()
  temp.writesAtOnce = false
  const harness = await RegionHarness.start({ temp, memoryLimit: 10 })
  const client = harness.connect()
  client.send('queue://Q', { persistent: false, body: 'x'.repeat(20) })
  expect(harness.region.held().ofQueues).toBe(1)
  temp.finishWrites()
  await harness.settle()
  expect(harness.region.held().ofQueues).toBe(1)
})

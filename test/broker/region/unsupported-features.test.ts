// What is taken without being done is told once per destination.
import { expect, test } from '@jest/globals'
import { encodePrimitiveMap } from '../../../broker/marshal/primitive-map.ts'
import { unsupportedLimits } from '../../../broker/region/limits.ts'
import { RegionHarness } from './region-harness.ts'

const delayed = encodePrimitiveMap(
  new Map([
    ['number', { type: 'int', value: 1 }],
    ['AMQ_SCHEDULED_DELAY', { type: 'long', value: 60_000 }],
  ]),
)

async function start() {
  const harness = await RegionHarness.start()
  const told = () =>
    harness.logged
      .filter(({ message }) => message === 'A client asked for what this version does not do')
      .map(({ fields }) => `${String(fields?.feature)} ${String(fields?.kind)}://${String(fields?.destination)}`)
  return { harness, client: harness.connect(), told }
}

test.each([false, true])('scheduled messages, in a transaction: %p; they are delivered at once', async (transacted) => {
  const { harness, client, told } = await start()
  const consumer = client.consume('queue://A')
  const transactionId = transacted ? 'TX:1' : undefined
  if (transactionId) client.connection.begin(transactionId)
  client.send('queue://A', { properties: delayed, ...(transactionId && { transactionId }) })
  if (transactionId) client.connection.commit(transactionId, () => {})
  await harness.settle()
  expect(consumer.received).toEqual([1])
  expect(told()).toEqual(['scheduledDelivery queue://A'])
  expect([...harness.region.unsupportedUses()]).toEqual([['scheduledDelivery', 1]])
})

test('temporary queues are told of once, and nobody can fill the log', async () => {
  const { harness, client, told } = await start()
  for (let i = 0; i < 3; i++) {
    client.connection.addDestination({ kind: 'temp-queue', name: `ID:client-1:${i}` })
    client.send(`temp-queue://ID:client-1:${i}`, { properties: delayed })
  }
  expect(told()).toHaveLength(1)
  const { maximumToldDestinations: limit } = unsupportedLimits
  for (let i = 0; i < limit + 5; i++) client.send(`queue://Q${i}`, { properties: delayed })
  expect(told()).toHaveLength(limit)
  expect(harness.region.unsupportedUses().get('scheduledDelivery')).toBe(limit + 8)
})

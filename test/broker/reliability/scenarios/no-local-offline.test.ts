// Found by the JMS model: a subscription to topics by wildcard that does not want the messages of its own connection got them from a
// topic that was made while its consumer was away.
import { expect, test } from '@jest/globals'
import { RegionHarness } from '../../region/region-harness.ts'

test('what the connection of its last consumer sends to a new topic is not for a subscription with noLocal', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect({ clientId: 'shop' })
  const options = { subscriptionName: 'all', noLocal: true }
  client.send('topic://T.1', { persistent: true })
  client.consume('topic://T.*', options).close()
  for (const topic of ['topic://T.1', 'topic://T.2']) client.send(topic, { persistent: true })
  harness.connect().send('topic://T.2', { persistent: true })
  await harness.settle()
  expect(harness.region.subscriptionsPage(0, 10).items).toMatchObject([{ pending: 1 }])
  const consumer = client.consume('topic://T.*', options)
  await harness.settle()
  expect(consumer.deliveries.map(({ destination }) => destination.name)).toEqual(['T.2'])
  await harness.store.close()
})

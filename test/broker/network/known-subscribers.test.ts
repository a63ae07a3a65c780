import { expect, test } from '@jest/globals'
import { knownSubscribers } from '../../../broker/network/known-subscribers.ts'
import { RegionHarness } from '../region/region-harness.ts'
import { consumer } from './demand/demand-harness.ts'

test('are consumers, and durable subscriptions whose consumers are away', async () => {
  const harness = await RegionHarness.start()
  const client = harness.connect({ clientId: 'client' })
  client.consume('topic://HERE', { subscriptionName: 'here' })
  client.consume('topic://AWAY', { subscriptionName: 'away', selector: 'a = 1' }).close()
  await harness.settle()
  const present = consumer('c', 'topic://HERE')
  const [first, away, ...none] = knownSubscribers(harness.region, [present])
  expect([first, none]).toEqual([present, []])
  expect(away).toMatchObject({
    destination: { kind: 'ActiveMQTopic', physicalName: 'AWAY' },
    clientId: 'client',
    subscriptionName: 'away',
    selector: 'a = 1',
  })
})

// What a broker without a store need not give away: other brokers have it still.
import { expect, test } from '@jest/globals'
import { lastingStore } from '../../support/lasting-store.ts'
import { RegionHarness } from './region-harness.ts'

const brokerPath = ['ID:B']

test('it came over a bridge that is there, is persistent, and has not been consumed', async () => {
  const harness = await RegionHarness.start()
  const [bridge, other, client] = [
    harness.connect({ network: true }),
    harness.connect({ network: true }),
    harness.connect(),
  ]
  bridge.send('queue://Q', { brokerPath, persistent: true })
  bridge.send('queue://Q', { brokerPath, persistent: false })
  other.send('queue://R', { brokerPath, persistent: true })
  client.send('queue://Q', { persistent: true })
  await harness.settle()
  const reader = client.consume('queue://>')
  await harness.settle()
  const numbers = reader.deliveries.map(({ sequence }) => sequence)
  expect([...harness.region.keptElsewhere()]).toEqual([numbers[0], numbers[3]])
  other.connection.close()
  expect([...harness.region.keptElsewhere()]).toEqual([numbers[0]])
  reader.acknowledge('individual', null, 0)
  await harness.settle()
  expect([...harness.region.keptElsewhere()]).toEqual([])
})

test('what a store has was answered', async () => {
  const harness = await RegionHarness.start({ store: lastingStore() })
  harness.connect({ network: true }).send('queue://Q', { brokerPath, persistent: true })
  await harness.settle()
  expect([...harness.region.keptElsewhere()]).toEqual([])
})

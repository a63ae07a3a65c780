// The near end of a bridge on a real region: a demand that ends goes when all that it was given is settled, not before.
import { expect, test } from '@jest/globals'
import { NearEnd } from '../../../broker/network/near-end.ts'
import type { Delivery } from '../../../broker/region/region.ts'
import { RegionHarness } from '../region/region-harness.ts'
import { consumer } from './demand/demand-harness.ts'

test('an ended demand stays until what came by its last acknowledgement is settled too', async () => {
  const harness = await RegionHarness.start()
  const forwarded: Delivery[] = []
  const peer = { congested: false, forward: (delivery: Delivery) => void forwarded.push(delivery) }
  const near = new NearEnd(harness.region, { connectionId: 'here->there-1:1', clientId: 'NC_there' }, peer)
  const demand = consumer('demand', 'queue://Q', { prefetchSize: 1 })
  near.addConsumer(demand, { brokerId: 'ID:there', messageTTL: 1 })
  const client = harness.connect()
  for (let number = 0; number < 3; number++) client.send('queue://Q', { persistent: true })
  await harness.settle()
  expect(forwarded).toHaveLength(1)
  near.settle(forwarded[0]!, 'accepted')
  await harness.settle()
  expect(forwarded).toHaveLength(2)
  near.removeConsumer(demand, false)
  expect(harness.of('queue://Q')).toMatchObject({ size: 2, inFlight: 1, consumers: 1 })
  near.settle(forwarded[1]!, 'accepted')
  await harness.settle()
  expect(harness.of('queue://Q')).toMatchObject({ size: 1, inFlight: 0, consumers: 0 })
  expect(forwarded).toHaveLength(2)
})

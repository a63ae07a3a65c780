// Found by the JMS model: a crash while somebody subscribes durably to several topics leaves the subscription to some of them. Who
// subscribes again, as clients do after a failover, has all of them.
import { expect, test } from '@jest/globals'
import { subscriptionHolder } from '../../../../broker/store/held-message.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { turns } from '../../../support/turns.ts'
import { durable } from '../../../support/store-content.ts'
import { RegionHarness } from '../../region/region-harness.ts'

const all = { selector: null, noLocal: false }

test.each(['T.1,T.2', 'T.*'])('to %s', async (subscribed) => {
  const disk = new SimulatedDisk()
  const before = createJournalStore({ disk })
  await before.open(soleOwner(1))
  // Somebody else has the topic that is missing; made before and after.
  before.addSubscription(subscriptionHolder('T.2', 'early', 'all'), all)
  before.addSubscription(subscriptionHolder(subscribed, 'shop', 'all'), all)
  before.addSubscription(subscriptionHolder('T.1', 'shop', 'all'), all)
  await durable(before)
  await before.close()
  const harness = await RegionHarness.start({ store: createJournalStore({ disk }), owner: soleOwner(2) })
  const consumer = harness.connect({ clientId: 'shop' }).consume(`topic://${subscribed}`, { subscriptionName: 'all' })
  const producer = harness.connect()
  for (const topic of ['topic://T.1', 'topic://T.2']) producer.send(topic, { persistent: true })
  for (let turn = 0; turn < 50 && consumer.received.length < 2; turn++) await turns(1)
  expect(consumer.received).toEqual([1, 2])
  await harness.store.close()
})

// Found by the JMS model: a topic whose last subscription was deleted is forgotten by the next broker; one that is subscribed to after
// that, under the same name, is another one to the journal. Its messages were lost once a broker had read of both.
import { expect, test } from '@jest/globals'
import { subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { durable, message, readAll } from '../../../support/store-content.ts'

const prices = topicHolder('prices')
const [anna, bert] = [subscriptionHolder('prices', 'anna', 'all'), subscriptionHolder('prices', 'bert', 'all')]
const all = { selector: null, noLocal: false }

test('what is sent to it is stored', async () => {
  let disk = new SimulatedDisk()
  let term = 0
  const inNextLife = async (live: (store: JournalStore) => unknown): Promise<void> => {
    const store = createJournalStore({ disk })
    await store.open(soleOwner(++term))
    await live(store)
    await durable(store)
    // As after a crash: nothing is written at the end.
    const survivor = disk.copy()
    await store.close()
    disk = survivor
  }
  await inNextLife((store) => {
    // Keeps its segment.
    store.add(message('first'), 1)
    store.addSubscription(anna, all)
    store.add({ ...message('a'), holder: prices }, 2)
    store.removeSubscription(anna)
  })
  await inNextLife((store) => {
    store.addSubscription(bert, all)
    store.add({ ...message('b'), holder: prices }, 3)
  })
  await inNextLife((store) => store.add({ ...message('c'), holder: prices }, 4))
  await inNextLife(async (store) => {
    store.addSubscription(anna, all)
    store.add({ ...message('d'), holder: prices }, 5)
    await durable(store)
    expect(await readAll(store, anna)).toEqual(['5:d'])
    expect(await readAll(store, bert)).toEqual(['3:b', '4:c', '5:d'])
  })
})

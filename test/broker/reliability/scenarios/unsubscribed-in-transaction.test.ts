// Found by the JMS model: a subscription that is deleted while a transaction is open, which names it as one that does not want its
// message or has taken one, is gone, and not damaged.
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { durable, message, readAll } from '../../../support/store-content.ts'

const prices = topicHolder('prices')
const [anna, bert] = [subscriptionHolder('prices', 'anna', 'all'), subscriptionHolder('prices', 'bert', 'all')]
const all = { selector: null, noLocal: false }

test.each(['does not want its message', 'has taken one in it'])('it %s', async (what) => {
  const disk = new SimulatedDisk()
  const errors: string[] = []
  const logger = { ...silentLogger, error: (text: string) => void errors.push(text) }
  const store = createJournalStore({ disk, logger })
  await store.open(soleOwner(1))
  for (const holder of [anna, bert]) store.addSubscription(holder, all)
  store.add({ ...message('a'), holder: prices }, 1)
  const transaction = store.begin()
  if (what === 'has taken one in it') transaction.remove(anna, 1)
  else transaction.add({ ...message('b'), holder: prices, notFor: [anna] })
  store.removeSubscription(anna)
  transaction.commit(2)
  await durable(store)
  // As after a crash: nothing is written at the end.
  const survivor = disk.copy()
  await store.close()
  for (const recovered of [survivor, disk]) {
    const next = createJournalStore({ disk: recovered, logger })
    const { subscriptions } = await next.open(soleOwner(2))
    expect(subscriptions.map(({ clientId }) => clientId)).toEqual(['bert'])
    expect(await readAll(next, bert)).toEqual(what === 'has taken one in it' ? ['1:a'] : ['1:a', '2:b'])
    await next.close()
  }
  expect(errors).toEqual([])
})

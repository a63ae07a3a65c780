// Found by the JMS model, whose book was wrong: a crash may forget that a durable subscription was deleted. Then it has what had
// been taken from it in a transaction that was rolled back, or not committed for good, behind its deletion.
import { expect, test } from '@jest/globals'
import { subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import { Book, type BookTransaction } from '../../../reliability/jms-model/book.ts'
import { DurableSubscriptions } from '../../../reliability/jms-model/durable-subscriptions.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { durable, message, readAll } from '../../../support/store-content.ts'

const ends = ['roll back', 'commit'] as const

test.each(ends)('the store gives it back: delete, %s, crash', async (end) => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  const anna = subscriptionHolder('prices', 'anna', 'all')
  store.addSubscription(anna, { selector: null, noLocal: false })
  store.add({ ...message('a'), holder: topicHolder('prices') }, 1)
  const transaction = store.begin()
  transaction.remove(anna, 1)
  await durable(store)
  store.removeSubscription(anna)
  if (end === 'commit') transaction.commit(2)
  else transaction.rollback()
  const survivor = disk.copy()
  await store.close()
  const next = createJournalStore({ disk: survivor })
  await next.open(soleOwner(2))
  expect(await readAll(next, anna)).toEqual(['1:a'])
  await next.close()
})

test.each(ends)('the book of the model knows it until that is durable: delete, %s', (end) => {
  const { book, durables, subscription, transaction, copy } = taken()
  durables.delete(subscription)
  if (end === 'commit') {
    transaction.state = 'committing'
    book.apply(transaction)
  } else book.rollBack(transaction)
  expect(copy.place.copies.get(copy.key)).toBe(copy)
  if (end === 'roll back') return
  // The commit is answered: it is durable, and so is the deletion before it.
  book.left(copy)
  expect(copy.place.copies.size).toBe(0)
})

/** A book in which a durable subscription has one message, taken in a transaction by a consumer that is closed. */
function taken() {
  const book = new Book(() => 0)
  const durables = new DurableSubscriptions(book, () => 0)
  const destination = { kind: 'topic', name: 'T.1' } as const
  const subscription = durables.subscribe('C1', 'all', { destination, wish: null, noLocal: false })
  const fields = { id: 'ID:1', connectionId: 'ID', producer: 'ID', number: 1, destination, persistent: true }
  const rest = { expiration: 0, priority: 4, group: null, groupSequence: 0, color: 0, transaction: null }
  book.happened(book.send({ ...fields, ...rest }, () => true))
  const copy = subscription.places.get('T.1')!.copies.get('ID:1')!
  const transaction: BookTransaction = { id: 'TX', sends: [], acknowledged: [copy], state: 'open' }
  copy.state = 'inFlight'
  copy.transaction = transaction
  return { book, durables, subscription, transaction, copy }
}

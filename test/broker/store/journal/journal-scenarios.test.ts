// Faults that the crash model found once, as stories.
import { expect, test } from '@jest/globals'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { segmentHeaderBytes } from '../../../../broker/journal/format.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { contentOf, durable, message } from '../../../contract/message-store.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'

/** With segments of 4096 bytes, each of these begins a new one. */
const large = 'x'.repeat(3000)

const sequencesOf = async (store: JournalStore, queue?: string): Promise<number[]> =>
  (await contentOf(store, queue)).map((line) => Number.parseInt(line, 10))

async function settle(store: JournalStore): Promise<void> {
  await durable(store)
  await store.reclaimed()
  await durable(store)
}

async function reopened(store: JournalStore, disk: SimulatedDisk, term: number): Promise<JournalStore> {
  await store.close()
  const again = createJournalStore({ disk })
  await again.open(soleOwner(term))
  return again
}

test('producers are known although the newest segment lost its start and older ones have summaries', async () => {
  const disk = new SimulatedDisk()
  const first = createJournalStore({ disk })
  await first.open(soleOwner(1))
  first.add(message('a', { producerSequenceId: 5 }), 1)
  const second = await reopened(first, disk, 2)
  await second.close()
  const file = await disk.open('/journal/term-0000000002/0000000002.segment', 'existing')
  await file.truncate(segmentHeaderBytes(1))
  const third = createJournalStore({ disk })
  expect((await third.open(soleOwner(3))).lastSequence).toBe(1)
  expect(third.lastProducerSequence('ID:a-1:1:1:1')).toBe(5)
  await third.close()
})

test('a queue that comes back for an open transaction does not bring its old messages', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  for (let sequence = 1; sequence <= 5; sequence++) store.add(message(`m${sequence}`), sequence)
  for (let sequence = 6; sequence <= 15; sequence++) store.add(message('x'.repeat(200), { queue: 'other' }), sequence)
  store.add(message(large, { queue: 'other' }), 16)
  const transaction = store.begin()
  transaction.add(message('open'))
  store.removeHolder(queueHolder('orders'))
  store.add(message(large, { queue: 'other' }), 17)
  transaction.rollback()
  store.remove(queueHolder('other'), 16)
  await settle(store)
  const again = await reopened(store, disk, 2)
  expect(await sequencesOf(again)).toEqual([])
  expect(await sequencesOf(again, 'other')).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17])
  await again.close()
})

test('a removal that waited for its commit while others were told again is not forgotten', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  for (let sequence = 1; sequence <= 10; sequence++) store.add(message('x'.repeat(200)), sequence)
  store.add(message(large), 11)
  const transaction = store.begin()
  transaction.remove(queueHolder('orders'), 1)
  store.add(message(large), 12)
  store.remove(queueHolder('orders'), 2)
  store.add(message(large), 13)
  store.remove(queueHolder('orders'), 11)
  store.remove(queueHolder('orders'), 12)
  // Now the third segment is dead and goes; what is needed of the first is told again.
  await settle(store)
  transaction.commit(14)
  // Now the second goes, which holds the removal.
  await settle(store)
  const again = await reopened(store, disk, 2)
  expect(await sequencesOf(again)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 13])
  await again.close()
})

test('a message that was moved while its removal waited for a commit takes nobody along', async () => {
  const disk = new SimulatedDisk()
  const store = createJournalStore({ disk })
  await store.open(soleOwner(1))
  store.add(message('old'), 1)
  store.add(message(large), 2)
  const transaction = store.begin()
  transaction.remove(queueHolder('orders'), 1)
  store.add(message(large), 3)
  store.remove(queueHolder('orders'), 2)
  // The first segment is nearly dead: message 1 is moved to the newest.
  await settle(store)
  transaction.commit(4)
  await settle(store)
  for (let sequence = 4; sequence <= 7; sequence++) store.add(message(`m${sequence}`), sequence)
  await settle(store)
  const again = await reopened(store, disk, 2)
  expect(await sequencesOf(again)).toEqual([3, 4, 5, 6, 7])
  await again.close()
})

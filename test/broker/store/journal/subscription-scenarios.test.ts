// Durable subscriptions of a journal store, as stories: what segments that go, older releases and standbys mean for them.
import { expect, test } from '@jest/globals'
import { subscriptionHolder, topicHolder, type SubscriptionHolder } from '../../../../broker/store/held-message.ts'
import { inspectJournal } from '../../../../broker/store/journal/journal-inspection.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import {
  encodeAdd,
  encodeSnapshotEnd,
  recordType,
  type EncodedMeta,
} from '../../../../broker/store/journal/store-records.ts'
import { StoreState } from '../../../../broker/store/journal/store-state.ts'
import { encodeSubscription } from '../../../../broker/store/journal/subscription-records.ts'
import { createJournalStore } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { durable, message, readAll } from '../../../support/store-content.ts'

const prices = topicHolder('prices')
const [anna, bert] = [subscriptionHolder('prices', 'anna', 'all'), subscriptionHolder('prices', 'bert', 'all')]
const all = { selector: null, noLocal: false }
/** With segments of 4096 bytes, each of these begins a new one. */
const large = 'x'.repeat(3000)

async function settle(store: JournalStore): Promise<void> {
  await durable(store)
  await store.reclaimed()
  await durable(store)
}

async function opened(disk: SimulatedDisk, term = 1): Promise<JournalStore> {
  const store = createJournalStore({ disk })
  await store.open(soleOwner(term))
  return store
}

async function reopened(store: JournalStore, disk: SimulatedDisk, term: number): Promise<JournalStore> {
  await store.close()
  return opened(disk, term)
}

const sequencesOf = async (store: JournalStore, holder: SubscriptionHolder): Promise<number[]> =>
  (await readAll(store, holder)).map((line) => Number.parseInt(line, 10))

test('an acknowledgement of a transaction that is committed in a later segment outlives its own segment', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addSubscription(anna, all)
  store.add({ ...message('a'), holder: prices }, 1)
  store.add({ ...message('b'), holder: prices }, 2)
  store.add(message(large), 3)
  const transaction = store.begin()
  transaction.remove(anna, 1)
  store.add(message(large), 4)
  transaction.commit(5)
  store.remove({ kind: 'queue', name: 'orders' }, 3)
  await settle(store)
  const second = await reopened(store, disk, 2)
  expect(await sequencesOf(second, anna)).toEqual([2])
  second.add(message(large), 5)
  await settle(second)
  const third = await reopened(second, disk, 3)
  expect(await sequencesOf(third, anna)).toEqual([2])
  await third.close()
})

test('who does not want a message does not get it after it was moved either', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addSubscription(anna, all)
  store.addSubscription(bert, all)
  store.add({ ...message('for bert'), holder: prices, notFor: [anna] }, 1)
  store.add(message(large), 2)
  store.add(message(large), 3)
  store.remove({ kind: 'queue', name: 'orders' }, 2)
  await settle(store)
  store.add(message(large), 4)
  store.remove({ kind: 'queue', name: 'orders' }, 3)
  await settle(store)
  const again = await reopened(store, disk, 2)
  expect([await sequencesOf(again, anna), await sequencesOf(again, bert)]).toEqual([[], [1]])
  expect(again.backlog(anna).messageCount).toBe(0)
  await again.close()
})

test('what only one of hundreds wants has a long record, which is read, moved and inspected as any other', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  const others = Array.from({ length: 300 }, (_, n) => subscriptionHolder('prices', `${n}`, 'all'))
  for (const holder of [...others, anna]) store.addSubscription(holder, all)
  store.add(message(large), 1)
  store.add({ ...message('for anna'), holder: prices, notFor: others }, 2)
  await durable(store)
  const found = async (): Promise<{ queue: string; sequence: number; file: string }[]> => {
    const inspected: { queue: string; sequence: number; file: string }[] = []
    for await (const each of (await inspectJournal(disk, '/journal')).messages()) inspected.push(each)
    return inspected.filter(({ sequence }) => sequence === 2)
  }
  const [before] = await found()
  store.add(message(large), 3)
  store.remove({ kind: 'queue', name: 'orders' }, 1)
  store.remove({ kind: 'queue', name: 'orders' }, 3)
  await settle(store)
  store.add(message(large), 4)
  await settle(store)
  const [after] = await found()
  expect([before?.queue, after?.queue]).toEqual(['topic://prices', 'topic://prices'])
  expect(before?.file).not.toBe(after?.file)
  expect(await readAll(store, anna)).toEqual(['2:for anna'])
  await store.close()
})

test('acknowledgements pin no segment: what is left is what the slowest one waits for', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addSubscription(anna, all)
  store.addSubscription(bert, all)
  for (let sequence = 1; sequence <= 1000; sequence++) {
    store.add({ ...message('x'.repeat(200)), holder: prices }, sequence)
    store.remove(anna, sequence)
    if (sequence !== 7) store.remove(bert, sequence)
    if (sequence % 10 === 0) await durable(store)
  }
  await settle(store)
  expect(store.statistics()).toMatchObject({ messages: 1 })
  expect(store.statistics().bytesUsed).toBeLessThan(40_000)
  const again = await reopened(store, disk, 2)
  expect(await sequencesOf(again, bert)).toEqual([7])
  await again.close()
})

test('a journal that is inspected tells of topics and subscriptions', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addSubscription(anna, { selector: null, noLocal: true })
  store.addSubscription(bert, all)
  for (const sequence of [1, 2, 3]) store.add({ ...message(`m${sequence}`), holder: prices }, sequence)
  store.remove(anna, 2)
  const transaction = store.begin()
  transaction.remove(bert, 1)
  await durable(store)
  const { topics, subscriptions, queues, openTransactions } = await inspectJournal(disk, '/journal')
  expect(queues).toEqual([])
  expect(topics).toEqual([expect.objectContaining({ name: 'prices', messages: 3, bytes: 6 })])
  expect(subscriptions).toEqual([
    { topic: 'prices', clientId: 'anna', name: 'all', selector: null, noLocal: true, messages: 2, bytes: 4 },
    { topic: 'prices', clientId: 'bert', name: 'all', selector: null, noLocal: false, messages: 3, bytes: 6 },
  ])
  expect(openTransactions).toEqual([expect.objectContaining({ adds: 0, removes: 1 })])
  await store.close()
})

const visit = (state: StoreState, type: number, { meta, length }: EncodedMeta, bodyLength = 0): void =>
  state.record(type, 64, Buffer.from(meta.subarray(0, length)), bodyLength, undefined)

const subscriptionOfTopic = (number: number, topic: number): EncodedMeta =>
  encodeSubscription({ ...all, number, topic, topicName: 'prices', clientId: 'anna', name: 'all', mark: 0 })

test('where an older release has written, subscriptions are gone, and their numbers may be those of queues', () => {
  const state = new StoreState(() => {})
  state.segment(1, 1)
  visit(state, recordType.subscription, subscriptionOfTopic(1, 2))
  visit(state, recordType.topicAdd, encodeAdd(2, 1, 10), 100)
  state.segment(2, 2)
  const { meta } = encodeSnapshotEnd({ lastSequence: 1, nextQueue: 1, queues: 0, subscriptions: 0 })
  visit(state, recordType.snapshotEnd, { meta, length: 14 })
  state.addQueue(2, 'orders')
  visit(state, recordType.add, encodeAdd(2, 2, 10), 100)
  state.finishRecovery([1, 2])
  expect(state.subscriptions.size).toBe(0)
  expect([...state.queues.values()].map(({ name, topic, index }) => [name, topic, index.messages])).toEqual([
    ['orders', null, 1],
  ])
})

test('a standby does not keep what nobody wants any more', () => {
  const state = new StoreState(() => {})
  state.segment(1, 1)
  visit(state, recordType.subscription, subscriptionOfTopic(1, 2))
  for (let sequence = 1; sequence <= 20_000; sequence++)
    visit(state, recordType.topicAdd, encodeAdd(2, sequence, 10), 100)
  for (let round = 2; round <= 4; round++) {
    state.segment(round, 1)
    const mark = 10_000 * (round - 1)
    visit(
      state,
      recordType.snapshotSubscription,
      encodeSubscription({ ...all, number: 1, topic: 2, topicName: 'prices', clientId: 'anna', name: 'all', mark }),
    )
    visit(
      state,
      recordType.snapshotEnd,
      encodeSnapshotEnd({ lastSequence: 20_000, nextQueue: 3, queues: 0, subscriptions: 1 }),
    )
  }
  expect([...state.queues.values()].map(({ index }) => index.messages)).toEqual([10_000])
})

test('a flipped bit in what the newest segment tells of subscriptions takes none away', async () => {
  const disk = new SimulatedDisk()
  const store = await opened(disk)
  store.addSubscription(anna, all)
  store.addSubscription(bert, all)
  for (let sequence = 1; sequence <= 30; sequence++) {
    store.add({ ...message('x'.repeat(300)), holder: prices }, sequence)
    if (sequence <= 20) store.remove(anna, sequence)
    await durable(store)
  }
  await store.close()
  const names = await disk.list('/journal/term-0000000001')
  const path = `/journal/term-0000000001/${names
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .at(-1)!}`
  const file = await disk.open(path, 'read')
  disk.flipBit(path, (await file.read(0, await file.size())).indexOf('anna'))
  const again = await opened(disk, 2)
  expect(await sequencesOf(again, anna)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30])
  expect((await sequencesOf(again, bert)).length).toBe(30)
  await again.close()
})

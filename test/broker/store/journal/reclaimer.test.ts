// Reclaiming comes to rest where the start of each segment is large beside a segment: what is moved out of one may not cost as
// much as comes back. Each test fills a journal, then leaves it alone.
import { expect, test } from '@jest/globals'
import { seededRandom } from '../../../../broker/base/random.ts'
import { queueHolder, subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import type { JournalStore } from '../../../../broker/store/journal/journal-store.ts'
import { createJournalStore, type JournalStoreSetup } from '../../../support/journal-stores.ts'
import { SimulatedDisk } from '../../../support/simulated-disk.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { contentOf, durable, message } from '../../../support/store-content.ts'
import { turns } from '../../../support/turns.ts'

const segmentBytes = 4096
const all = { selector: null, noLocal: false }

/** A store of which each segment starts with about 100 bytes for each of so many subscriptions. */
async function storeWith(subscriptions: number, setup: Partial<JournalStoreSetup> = {}): Promise<JournalStore> {
  const store = createJournalStore({ disk: new SimulatedDisk(), maxFileLength: segmentBytes, ...setup })
  await store.open(soleOwner(1))
  for (let n = 0; n < subscriptions; n++)
    store.addSubscription(subscriptionHolder('prices', 'c'.repeat(20) + n, 's'.repeat(20)), all)
  await durable(store)
  return store
}

/** How many syncs it takes until nothing is written any more: 1000 if that does not happen. */
async function syncsToRest(store: JournalStore): Promise<number> {
  const before = store.statistics().syncs
  await durable(store)
  for (let quiet = 0, last = -1; quiet < 20;) {
    await turns(20)
    const { syncs } = store.statistics()
    if (syncs - before >= 1000) break
    quiet = syncs === last ? quiet + 1 : 0
    last = syncs
  }
  return store.statistics().syncs - before
}

const sequencesOf = async (store: JournalStore): Promise<number[]> =>
  (await contentOf(store)).map((line) => Number.parseInt(line, 10))

test('two messages that do not fit into one segment together are not moved for ever', async () => {
  const store = await storeWith(40)
  const [kept, gone] = ['k'.repeat(960), 'g'.repeat(960)]
  for (let sequence = 1; sequence <= 8; sequence++) {
    store.add(message(sequence % 2 === 0 ? kept : gone), sequence)
    await durable(store)
  }
  for (const sequence of [1, 3, 4, 5, 7, 8]) store.remove(queueHolder('orders'), sequence)
  expect(await syncsToRest(store)).toBeLessThan(50)
  expect(await sequencesOf(store)).toEqual([2, 6])
  await store.close()
})

test('a segment with nothing but its start is not closed to make room', async () => {
  const store = await storeWith(40, { limitBytes: 16 * segmentBytes })
  let last = 0
  while (store.statistics().roomBytes > segmentBytes) {
    store.add(message('x'.repeat(1500)), ++last)
    await durable(store)
  }
  // A holder that is refused asks for room.
  expect(store.hasRoom(queueHolder('orders'), 100_000)).toBe(false)
  expect(await syncsToRest(store)).toBeLessThan(50)
  expect((await sequencesOf(store)).length).toBe(last)
  await store.close()
})

test('what has to be told again is not told in segment after segment', async () => {
  const store = await storeWith(90)
  let last = 0
  const add = (bytes: number): number => {
    store.add(message('x'.repeat(bytes)), ++last)
    return last
  }
  for (let n = 0; n < 470; n++) add(1)
  await durable(store)
  const large = add(2000)
  for (let sequence = 5; sequence < 470; sequence += 20) store.remove(queueHolder('orders'), sequence)
  add(2000)
  store.remove(queueHolder('orders'), large)
  store.remove(queueHolder('orders'), last)
  add(2000)
  expect(await syncsToRest(store)).toBeLessThan(50)
  expect((await sequencesOf(store)).length).toBe(447)
  await store.close()
})

test('messages that come and go leave nothing behind in segments that are mostly start, but for the one that stays', async () => {
  const store = await storeWith(100)
  const { bytesUsed: emptyBytes } = store.statistics()
  store.add(message('stays'), 1)
  for (let sequence = 2; sequence <= 1000; sequence++) {
    store.add(message('x'.repeat(300)), sequence)
    store.remove(queueHolder('orders'), sequence)
    if (sequence % 10 === 0) await durable(store)
  }
  expect(await syncsToRest(store)).toBeLessThan(50)
  expect(await sequencesOf(store)).toEqual([1])
  // Two segments at most.
  expect(emptyBytes).toBeGreaterThan(2 * segmentBytes)
  expect(store.statistics().bytesUsed).toBeLessThan(2 * (emptyBytes + segmentBytes))
  await store.close()
})

test('who does not want a message stands with it, and counts when it is moved', async () => {
  const store = await storeWith(0)
  const holders = Array.from({ length: 500 }, (_, n) => subscriptionHolder('prices', `${n}`, 's'))
  for (const holder of holders) store.addSubscription(holder, { selector: null, noLocal: true })
  const prices = topicHolder('prices')
  for (let sequence = 1; sequence <= 12; sequence++) {
    store.add({ ...message('x'.repeat(100)), holder: prices, notFor: holders.slice(1) }, sequence)
    await durable(store)
    if (sequence % 3 > 0) store.remove(holders[0]!, sequence)
  }
  expect(await syncsToRest(store)).toBeLessThan(50)
  expect(store.backlog(holders[0]!).messageCount).toBe(4)
  await store.close()
})

/** Messages of a queue and of a topic, each of those for one subscription, come and go in any order; some stay. */
async function useAtRandom(store: JournalStore, seed: number, subscriptions: number): Promise<void> {
  const random = seededRandom(seed)
  const below = (n: number): number => Math.floor(random.next() * n)
  const holders = Array.from({ length: subscriptions }, (_, n) =>
    subscriptionHolder('news', `client-${n}`, 'subscriber'),
  )
  for (const holder of holders) store.addSubscription(holder, all)
  const most = [10, 100, 1000, 3000, 9000][below(5)]!
  const there: (() => void)[] = []
  const steps = 100 + below(1000)
  for (let sequence = 1; sequence <= steps; sequence++) {
    const text = 'x'.repeat(below(most))
    const only = holders[below(3 * subscriptions)]
    if (only)
      store.add(
        { ...message(text), holder: topicHolder('news'), notFor: holders.filter((each) => each !== only) },
        sequence,
      )
    else store.add(message(text), sequence)
    there.push(() => store.remove(only ?? queueHolder('orders'), sequence))
    if (below(3) > 0) there.splice(below(there.length), 1)[0]!()
    if (below(50) === 0) await durable(store)
  }
  const left = below(2) === 0 ? below(20) : steps
  while (there.length > left) there.splice(below(there.length), 1)[0]!()
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))('journal %d comes to rest', async (seed) => {
  const random = seededRandom(seed)
  const limit = random.next() < 0.5 ? { limitBytes: (4 + Math.floor(random.next() * 12)) * segmentBytes } : {}
  const store = await storeWith(0, limit)
  await useAtRandom(store, seed, Math.floor(random.next() * 80))
  const { messages } = store.statistics()
  await durable(store)
  if (limit.limitBytes) store.hasRoom(queueHolder('orders'), 1_000_000)
  expect(await syncsToRest(store)).toBeLessThan(200)
  expect(store.statistics().messages).toBe(messages)
  await store.close()
})

// What every MessageStore does for durable subscriptions. Part of the contract of message-store.ts.
import { describe, expect, test } from '@jest/globals'
import {
  subscriptionHolder,
  topicHolder,
  type AddedMessage,
  type SubscriptionHolder,
} from '../../broker/store/held-message.ts'
import type { MessageStore, RecoveredState } from '../../broker/store/message-store.ts'
import { contentOf, durable, readAll } from '../support/store-content.ts'

export interface SubscriptionStoreFactory {
  open(): Promise<{ readonly store: MessageStore; readonly recovered: RecoveredState }>
  reopen?(store: MessageStore): Promise<{ readonly store: MessageStore; readonly recovered: RecoveredState }>
  openLimited?(): Promise<{ readonly store: MessageStore }>
}

const prices = topicHolder('prices')
const anna = subscriptionHolder('prices', 'anna', 'all')
const bert = subscriptionHolder('prices', 'bert', 'all')
const carl = subscriptionHolder('prices', 'carl', 'all')
const all = { selector: null, noLocal: false }

const priced = (text: string, notFor: readonly SubscriptionHolder[] = []): AddedMessage => ({
  holder: prices,
  bytes: Buffer.from(text),
  producerId: 'ID:p-1:1:1:1',
  producerSequenceId: 1,
  notFor,
})

/** Adds `m1`, `m2`, … under these sequences. */
function fill(store: MessageStore, first: number, last: number): void {
  for (let sequence = first; sequence <= last; sequence++) store.add(priced(`m${sequence}`), sequence)
}

async function contents(store: MessageStore, ...holders: SubscriptionHolder[]): Promise<string[][]> {
  await durable(store)
  return Promise.all(holders.map((holder) => readAll(store, holder)))
}

export function storeSubscriptionsContract(name: string, factory: () => Promise<SubscriptionStoreFactory>): void {
  const opened = async (...holders: SubscriptionHolder[]): Promise<MessageStore> => {
    const { store } = await (await factory()).open()
    for (const holder of holders) store.addSubscription(holder, all)
    return store
  }

  describe(`${name} and durable subscriptions`, () => {
    test('each has what was added after it, once in the store', async () => {
      const store = await opened(anna)
      fill(store, 1, 2)
      store.addSubscription(bert, all)
      fill(store, 3, 4)
      expect(await contents(store, anna, bert, carl)).toEqual([['1:m1', '2:m2', '3:m3', '4:m4'], ['3:m3', '4:m4'], []])
      expect(store.statistics().messages).toBe(4)
      expect([anna, bert, carl].map((holder) => store.backlog(holder))).toEqual([
        { messageCount: 4, messageBytes: 8 },
        { messageCount: 2, messageBytes: 4 },
        { messageCount: 0, messageBytes: 0 },
      ])
      await store.close()
    })

    test('a message is gone when the last of them has acknowledged it, in any order', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 5)
      for (const sequence of [4, 2, 1, 2, 77]) store.remove(anna, sequence)
      for (const sequence of [1, 5, 4]) store.remove(bert, sequence)
      store.remove(carl, 3)
      expect(await contents(store, anna, bert)).toEqual([
        ['3:m3', '5:m5'],
        ['2:m2', '3:m3'],
      ])
      expect(store.statistics().messages).toBe(3)
      expect(store.backlog(anna)).toEqual({ messageCount: 2, messageBytes: 4 })
      store.remove(anna, 3)
      store.remove(anna, 5)
      store.remove(bert, 2)
      store.remove(bert, 3)
      expect(await contents(store, anna, bert)).toEqual([[], []])
      expect(store.statistics().messages).toBe(0)
      fill(store, 6, 6)
      expect(await contents(store, anna, bert)).toEqual([['6:m6'], ['6:m6']])
      await store.close()
    })

    test('says whether a message is one that a subscription has not acknowledged', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 3)
      store.add(priced('for anna', [bert]), 4)
      store.remove(anna, 2)
      const held = (holder: SubscriptionHolder): boolean[] =>
        [1, 2, 3, 4, 5].map((sequence) => store.holds(holder, sequence))
      expect(held(anna)).toEqual([true, false, true, true, false])
      expect(held(bert)).toEqual([true, true, true, false, false])
      expect(held(carl)).toEqual([false, false, false, false, false])
      const transaction = store.begin()
      transaction.remove(anna, 1)
      expect(store.holds(anna, 1)).toBe(true)
      transaction.commit(10)
      expect(store.holds(anna, 1)).toBe(false)
      store.removeSubscription(anna)
      expect(held(anna)).toEqual([false, false, false, false, false])
      await store.close()
    })

    test('what a topic has is what any of its subscriptions has, each message once', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 4)
      store.add(priced('for anna', [bert]), 5)
      store.remove(anna, 1)
      store.remove(bert, 1)
      store.remove(bert, 2)
      await durable(store)
      expect(await readAll(store, prices)).toEqual(['2:m2', '3:m3', '4:m4', '5:for anna'])
      const page = await store.read(prices, 2, 4, 1, 1000)
      expect(page.map(({ sequence }) => sequence)).toEqual([3])
      expect(await readAll(store, topicHolder('nothing'))).toEqual([])
      await store.close()
    })

    test('pages by sequence, count and bytes through what is left', async () => {
      const store = await opened(anna, bert)
      for (let sequence = 1; sequence <= 20; sequence++) store.add(priced(`text-${sequence}`), sequence)
      for (let sequence = 2; sequence <= 20; sequence += 2) store.remove(anna, sequence)
      await durable(store)
      const sequences = async (...range: [number, number, number, number]): Promise<number[]> =>
        (await store.read(anna, ...range)).map(({ sequence }) => sequence)
      expect(await sequences(3, 10, 10, 1000)).toEqual([5, 7, 9])
      expect(await sequences(0, 20, 2, 1000)).toEqual([1, 3])
      expect(await sequences(0, 20, 10, 15)).toEqual([1, 3])
      expect(await sequences(0, 20, 10, 1)).toEqual([1])
      expect(await sequences(19, 100, 10, 1000)).toEqual([])
      await store.close()
    })

    test('those that do not want a message do not have it', async () => {
      const store = await opened(anna, bert)
      store.add(priced('both'), 1)
      store.add(priced('for bert', [anna]), 2)
      store.add(priced('for anna', [bert, carl]), 3)
      store.add(priced('for nobody', [anna, bert]), 4)
      expect(await contents(store, anna, bert)).toEqual([
        ['1:both', '3:for anna'],
        ['1:both', '2:for bert'],
      ])
      expect(store.statistics().messages).toBe(3)
      expect(store.backlog(anna)).toEqual({ messageCount: 2, messageBytes: 12 })
      store.remove(anna, 3)
      store.remove(anna, 1)
      store.remove(bert, 2)
      store.remove(bert, 1)
      expect(store.statistics().messages).toBe(0)
      await store.close()
    })

    test('what only one of hundreds wants is there for that one, however it was added and after a restart', async () => {
      const { open, reopen } = await factory()
      let { store } = await open()
      const others = Array.from({ length: 300 }, (_, n) => subscriptionHolder('prices', `other-${n}`, 'all'))
      for (const holder of [...others, anna]) store.addSubscription(holder, all)
      store.add(priced('m1', others), 1)
      const transaction = store.begin()
      transaction.add(priced('m2', others))
      transaction.commit(2)
      const expected = [['1:m1', '2:m2'], []]
      expect(await contents(store, anna, others[0]!)).toEqual(expected)
      if (reopen) ({ store } = await reopen(store))
      expect(await contents(store, anna, others[0]!)).toEqual(expected)
      await store.close()
    })

    test('one that is removed gives back what only it had, and begins anew when it comes again', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 4)
      store.remove(bert, 1)
      store.remove(bert, 3)
      store.remove(anna, 4)
      store.removeSubscription(anna)
      store.removeSubscription(anna)
      expect(await contents(store, anna, bert)).toEqual([[], ['2:m2', '4:m4']])
      expect(store.statistics().messages).toBe(2)
      store.addSubscription(anna, all)
      fill(store, 5, 5)
      expect(await contents(store, anna, bert)).toEqual([['5:m5'], ['2:m2', '4:m4', '5:m5']])
      store.removeSubscription(bert)
      store.removeSubscription(anna)
      expect(store.statistics().messages).toBe(0)
      await store.close()
    })

    test('a topic without subscriptions keeps nothing', async () => {
      const store = await opened()
      store.add({ ...priced('lost'), producerSequenceId: 7 }, 1)
      expect(store.lastProducerSequence('ID:p-1:1:1:1')).toBeUndefined()
      const transaction = store.begin()
      transaction.add(priced('lost too'))
      store.addSubscription(anna, all)
      transaction.add({ ...priced('kept'), holder: { kind: 'queue', name: 'orders' } })
      transaction.commit(2)
      await durable(store)
      expect(store.statistics().messages).toBe(1)
      expect(await contentOf(store)).toEqual(['3:kept'])
      await store.close()
    })

    test('a transaction adds and acknowledges as a whole', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 3)
      const transaction = store.begin()
      transaction.add(priced('for bert', [anna]))
      transaction.remove(anna, 1)
      transaction.remove(anna, 2)
      transaction.remove(anna, 99)
      transaction.add(priced('both'))
      expect(await contents(store, anna, bert)).toEqual([
        ['1:m1', '2:m2', '3:m3'],
        ['1:m1', '2:m2', '3:m3'],
      ])
      store.remove(bert, 1)
      transaction.commit(4)
      expect(await contents(store, anna, bert)).toEqual([
        ['3:m3', '5:both'],
        ['2:m2', '3:m3', '4:for bert', '5:both'],
      ])
      expect(store.statistics().messages).toBe(4)
      const other = store.begin()
      other.remove(anna, 3)
      other.remove(bert, 3)
      other.add(priced('never'))
      other.rollback()
      expect(await contents(store, anna)).toEqual([['3:m3', '5:both']])
      await store.close()
    })

    test('one that goes while a transaction is open takes nothing of it, and one that comes has what it adds', async () => {
      const store = await opened(anna, bert)
      fill(store, 1, 1)
      const transaction = store.begin()
      transaction.add(priced('late', [anna]))
      transaction.remove(anna, 1)
      store.removeSubscription(anna)
      store.addSubscription(carl, all)
      transaction.commit(2)
      expect(await contents(store, anna, bert, carl)).toEqual([[], ['1:m1', '2:late'], ['2:late']])
      const last = store.begin()
      last.add(priced('nobody'))
      store.removeSubscription(bert)
      store.removeSubscription(carl)
      last.commit(3)
      await durable(store)
      expect(store.statistics().messages).toBe(0)
      await store.close()
    })

    test('they are known by what they say, whatever that is', async () => {
      const names = ['a', 'a b', '', '1:a', 'ä', '__proto__']
      const holders = names.flatMap((name) => [
        subscriptionHolder('prices', name, 'x'),
        subscriptionHolder('prices', 'x', name),
      ])
      const store = await opened(...holders)
      fill(store, 1, 2)
      store.remove(subscriptionHolder('prices', '1:a', 'x'), 1)
      store.add({ ...priced('a queue'), holder: { kind: 'queue', name: 'prices' } }, 3)
      const found = await contents(store, ...holders)
      expect(found.filter((content) => content.length === 2)).toHaveLength(holders.length - 1)
      expect(await contentOf(store, 'prices')).toEqual(['3:a queue'])
      await store.close()
    })

    test('a topic has its share of the room, once for all its subscriptions', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      store.addSubscription(anna, all)
      store.addSubscription(bert, all)
      let last = 0
      while (store.hasRoom(prices, 1000)) store.add(priced('x'.repeat(1000)), ++last)
      expect(last).toBeGreaterThan(20)
      expect(store.hasRoom({ kind: 'queue', name: 'prices' }, 1000)).toBe(true)
      const room = new Promise<void>((resolve) => store.whenRoom(() => store.hasRoom(prices, 1000) && resolve()))
      expect(store.hasRoom(prices, 1000)).toBe(false)
      for (let sequence = 1; sequence <= last; sequence++) store.remove(anna, sequence)
      await durable(store)
      expect(store.hasRoom(prices, 1000)).toBe(false)
      for (let sequence = 1; sequence <= last; sequence++) store.remove(bert, sequence)
      await room
      await store.close()
    })

    test('come back after a restart with all that is known of them', async () => {
      const { open, reopen } = await factory()
      if (!reopen) return
      const { store } = await open()
      store.addSubscription(anna, { selector: "a = 'ü'", noLocal: true })
      store.addSubscription(carl, { selector: '', noLocal: false })
      fill(store, 1, 10)
      store.add(priced('m11', [carl]), 11)
      for (const sequence of [1, 2, 3, 5, 7, 8]) store.remove(anna, sequence)
      store.remove(carl, 4)
      const transaction = store.begin()
      transaction.remove(anna, 9)
      transaction.remove(carl, 1)
      transaction.add(priced('m12', [anna]))
      transaction.commit(12)
      const open2 = store.begin()
      open2.remove(anna, 4)
      open2.add(priced('never'))
      store.addSubscription(bert, all)
      store.addSubscription(subscriptionHolder('prices', 'gone', 'gone'), all)
      store.removeSubscription(subscriptionHolder('prices', 'gone', 'gone'))
      const expected = [
        ['4:m4', '6:m6', '10:m10', '11:m11'],
        [],
        ['2:m2', '3:m3', '5:m5', '6:m6', '7:m7', '8:m8', '9:m9', '10:m10', '12:m12'],
      ]
      expect(await contents(store, anna, bert, carl)).toEqual(expected)
      let opened = await reopen(store)
      for (let time = 0; time < 2; time++) {
        const { subscriptions, queues, lastSequence } = opened.recovered
        expect(subscriptions.toSorted((a, b) => a.clientId.localeCompare(b.clientId))).toEqual([
          {
            topic: 'prices',
            clientId: 'anna',
            name: 'all',
            selector: "a = 'ü'",
            noLocal: true,
            messageCount: 4,
            messageBytes: 10,
          },
          { topic: 'prices', clientId: 'bert', name: 'all', ...all, messageCount: 0, messageBytes: 0 },
          {
            topic: 'prices',
            clientId: 'carl',
            name: 'all',
            selector: '',
            noLocal: false,
            messageCount: 9,
            messageBytes: 20,
          },
        ])
        expect([queues, lastSequence]).toEqual([[], 12])
        expect(await contents(opened.store, anna, bert, carl)).toEqual(expected)
        expect(opened.store.statistics().messages).toBe(11)
        opened = await reopen(opened.store)
      }
      for (const [holder, content] of [
        [anna, expected[0]!],
        [carl, expected[2]!],
      ] as const)
        for (const line of content) opened.store.remove(holder, Number.parseInt(line, 10))
      opened.store.removeSubscription(anna)
      opened = await reopen(opened.store)
      expect(opened.store.statistics().messages).toBe(0)
      expect(opened.recovered.subscriptions.map(({ clientId }) => clientId).sort()).toEqual(['bert', 'carl'])
      await opened.store.close()
    })
  })
}

// What every MessageStore does, whatever it is made of. `open` gives a store that was opened; `reopen` closes it properly
// and opens what is there again, and is missing for stores that forget.
import { describe, expect, test } from '@jest/globals'
import type { MessageStore, RecoveredState } from '../../broker/store/message-store.ts'
import { contentOf, durable, message } from '../support/store-content.ts'
import { queueHolder } from '../../broker/store/held-message.ts'
import { storeArrivalsContract } from './store-arrivals.ts'
import { storePrioritiesContract } from './store-priorities.ts'
import { storeSubscriptionsContract } from './store-subscriptions.ts'
import { storeEndsContract } from './store-ends.ts'
import { storeUpdatesContract } from './store-updates.ts'

export { contentOf, durable, message }

export interface OpenedStore {
  readonly store: MessageStore
  readonly recovered: RecoveredState
}

export interface MessageStoreFactory {
  open(): Promise<OpenedStore>
  reopen?(store: MessageStore): Promise<OpenedStore>
  /** A store for which 64 KiB is the limit; missing where that is less than the store deals in. */
  openLimited?(): Promise<OpenedStore>
  /** Whether a queue may have this name; missing where it may have any. */
  takesName?(name: string): boolean
}

/** Adds messages of 1000 bytes as long as there is room; returns the last sequence. */
function fill(store: MessageStore, queue = 'orders', last = 0): number {
  for (const holder = queueHolder(queue); store.hasRoom(holder, 1000);) {
    last++
    store.add(message(`${last}-`.padEnd(1000, 'x'), { queue, producerSequenceId: last }), last)
  }
  return last
}

function whenItHasRoom(store: MessageStore, onRoom = (): void => {}, holder = queueHolder('orders')): Promise<void> {
  expect(store.hasRoom(holder, 1000)).toBe(false)
  return new Promise((resolve) => {
    store.whenRoom(() => {
      onRoom()
      if (store.hasRoom(holder, 1000)) resolve()
    })
  })
}

export function messageStoreContract(name: string, factory: () => Promise<MessageStoreFactory>): void {
  const opened = async (): Promise<MessageStore> => (await (await factory()).open()).store

  storeSubscriptionsContract(name, factory)
  storeUpdatesContract(name, factory)
  storePrioritiesContract(name, factory)
  storeEndsContract(name, factory)
  storeArrivalsContract(name, factory)

  describe(`${name} as a message store`, () => {
    test('is empty at first', async () => {
      const { recovered, store } = await (await factory()).open()
      expect(recovered).toEqual({ queues: [], subscriptions: [], arrivals: [], lastSequence: 0 })
      expect(await contentOf(store)).toEqual([])
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBeUndefined()
      await store.close()
    })

    test('gives messages back in order, byte for byte', async () => {
      const store = await opened()
      store.add(message('first'), 3)
      store.add({ ...message(''), bytes: Buffer.from([0, 255, 128, 0]) }, 7)
      store.add(message('other', { queue: 'invoices' }), 8)
      await durable(store)
      const [first, second, ...none] = await store.read(queueHolder('orders'), 0, 100, 10, 1000)
      expect(none).toEqual([])
      expect(first).toEqual({ sequence: 3, bytes: Buffer.from('first') })
      expect(second).toEqual({ sequence: 7, bytes: Buffer.from([0, 255, 128, 0]) })
      expect(await contentOf(store, 'invoices')).toEqual(['8:other'])
      await store.close()
    })

    test('pages by sequence, count and bytes, with one message at least', async () => {
      const store = await opened()
      for (let sequence = 1; sequence <= 10; sequence++) store.add(message(`text-${sequence}`), sequence)
      await durable(store)
      const sequences = async (...range: [number, number, number, number]): Promise<number[]> =>
        (await store.read(queueHolder('orders'), ...range)).map(({ sequence }) => sequence)
      expect(await sequences(3, 6, 10, 1000)).toEqual([4, 5, 6])
      expect(await sequences(0, 10, 2, 1000)).toEqual([1, 2])
      expect(await sequences(0, 10, 10, 15)).toEqual([1, 2])
      expect(await sequences(0, 10, 10, 1)).toEqual([1])
      expect(await sequences(10, 100, 10, 1000)).toEqual([])
      expect(await sequences(5, 5, 10, 1000)).toEqual([])
      expect(await store.read(queueHolder('unknown'), 0, 10, 10, 1000)).toEqual([])
      await store.close()
    })

    test('forgets removed messages and ignores unknown ones', async () => {
      const store = await opened()
      for (let sequence = 1; sequence <= 4; sequence++) store.add(message(`m${sequence}`), sequence)
      store.remove(queueHolder('orders'), 2)
      store.remove(queueHolder('orders'), 2)
      store.remove(queueHolder('orders'), 99)
      store.remove(queueHolder('unknown'), 1)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:m1', '3:m3', '4:m4'])
      expect(store.statistics().messages).toBe(3)
      await store.close()
    })

    test('settles a dispatched message when it is durable, and then has it', async () => {
      const store = await opened()
      let settled = 0
      store.add(message('before'), 1)
      store.addDispatched(message('given', { producerSequenceId: 2 }), 2, () => settled++)
      expect(settled).toBe(0)
      await durable(store)
      store.add(message('behind', { producerSequenceId: 3 }), 3)
      await durable(store)
      expect(settled).toBe(1)
      expect(await contentOf(store)).toEqual(['1:before', '2:given', '3:behind'])
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBe(3)
      await store.close()
    })

    test.each([false, true])('settles a dispatched message that is removed, awaited %s', async (awaited) => {
      const store = await opened()
      let settled = 0
      store.addDispatched(message('given', { producerSequenceId: 4 }), 1, () => settled++)
      store.remove(queueHolder('orders'), 1, awaited)
      await durable(store)
      expect(settled).toBe(1)
      expect(await contentOf(store)).toEqual([])
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBe(4)
      await store.close()
    })

    test('has a dispatched message for the transaction that takes it', async () => {
      const store = await opened()
      store.addDispatched(message('given'), 1, () => {})
      const transaction = store.begin()
      transaction.remove(queueHolder('orders'), 1)
      transaction.add(message('answer', { queue: 'invoices', producerId: 'ID:b-1:1:1:1' }))
      store.addDispatched(message('other', { producerId: 'ID:c-1:1:1:1' }), 2, () => {})
      transaction.commit(3)
      await durable(store)
      expect(await contentOf(store)).toEqual(['2:other'])
      expect(await contentOf(store, 'invoices')).toEqual(['3:answer'])
      await store.close()
    })

    test('keeps a transaction invisible until it commits, and commits it as a whole', async () => {
      const store = await opened()
      store.add(message('old'), 1)
      const transaction = store.begin()
      transaction.add(message('a'))
      transaction.remove(queueHolder('orders'), 1)
      transaction.add(message('b', { queue: 'invoices' }))
      transaction.add(message('c'))
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:old'])
      transaction.commit(5)
      await durable(store)
      expect(await contentOf(store)).toEqual(['5:a', '7:c'])
      expect(await contentOf(store, 'invoices')).toEqual(['6:b'])
      await store.close()
    })

    test('forgets what is rolled back', async () => {
      const store = await opened()
      store.add(message('old'), 1)
      const transaction = store.begin()
      transaction.add(message('a', { producerSequenceId: 9 }))
      transaction.remove(queueHolder('orders'), 1)
      transaction.rollback()
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:old'])
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBe(1)
      await store.close()
    })

    test('a transaction cannot reach what another one has, and ends alone', async () => {
      const store = await opened()
      store.add(message('old'), 1)
      const [mine, yours] = [store.begin(), store.begin()]
      mine.add(message('mine'))
      yours.add(message('yours', { queue: 'invoices' }))
      mine.remove(queueHolder('orders'), 1)
      yours.rollback()
      await durable(store)
      expect([await contentOf(store), await contentOf(store, 'invoices')]).toEqual([['1:old'], []])
      mine.commit(2)
      await durable(store)
      expect([await contentOf(store), await contentOf(store, 'invoices')]).toEqual([['2:mine'], []])
      const next = store.begin()
      next.add(message('next', { queue: 'invoices' }))
      next.commit(3)
      await durable(store)
      expect([await contentOf(store), await contentOf(store, 'invoices')]).toEqual([['2:mine'], ['3:next']])
      await store.close()
    })

    test('transactions that interleave are committed as they were filled, the later one first', async () => {
      const store = await opened()
      const [first, second] = [store.begin(), store.begin()]
      for (const text of ['1', '2']) {
        first.add(message(`first-${text}`))
        second.add(message(`second-${text}`))
      }
      second.commit(1)
      first.commit(3)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:second-1', '2:second-2', '3:first-1', '4:first-2'])
      await store.close()
    })

    test.each(['commit', 'rollback'] as const)('a transaction is not used after its %s', async (end) => {
      const store = await opened()
      const transaction = store.begin()
      transaction.add(message('a'))
      if (end === 'commit') transaction.commit(1)
      else transaction.rollback()
      for (const use of [
        () => transaction.add(message('b')),
        () => transaction.remove(queueHolder('orders'), 1),
        () => transaction.commit(2),
        () => transaction.rollback(),
      ])
        expect(use).toThrow('A transaction that has ended is not used any more')
      await durable(store)
      expect(await contentOf(store)).toEqual(end === 'commit' ? ['1:a'] : [])
      await store.close()
    })

    test('a transaction without anything in it leaves nothing, however it ends', async () => {
      const store = await opened()
      store.begin().commit(1)
      store.begin().rollback()
      await durable(store)
      expect(await contentOf(store)).toEqual([])
      store.add(message('first'), 1)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:first'])
      await store.close()
    })

    test('a removed queue is gone with its messages and can come back empty', async () => {
      const store = await opened()
      store.addHolder(queueHolder('orders'))
      store.add(message('old'), 1)
      store.removeHolder(queueHolder('orders'))
      store.removeHolder(queueHolder('orders'))
      expect(await contentOf(store)).toEqual([])
      store.add(message('new'), 2)
      await durable(store)
      expect(await contentOf(store)).toEqual(['2:new'])
      await store.close()
    })

    test('a queue that was removed comes back for a transaction that adds to it', async () => {
      const store = await opened()
      const transaction = store.begin()
      transaction.add(message('late'))
      store.removeHolder(queueHolder('orders'))
      transaction.commit(1)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:late'])
      await store.close()
    })

    test('calls back in the order of the calls', async () => {
      const store = await opened()
      const order: number[] = []
      store.whenDurable(() => order.push(0))
      store.add(message('a'), 1)
      store.whenDurable(() => order.push(1))
      store.whenDurable(() => {
        order.push(2)
        store.whenDurable(() => order.push(4))
      })
      store.add(message('b'), 2)
      store.whenDurable(() => order.push(3))
      expect(order).toEqual([])
      await durable(store)
      await durable(store)
      expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
      expect(order.slice(0, 3)).toEqual([0, 1, 2])
      await store.close()
    })

    test('remembers the largest committed sequence of each producer', async () => {
      const store = await opened()
      store.add(message('a', { producerSequenceId: 5 }), 1)
      const transaction = store.begin()
      transaction.add(message('b', { producerId: 'ID:b-1:1:1:1', producerSequenceId: 7 }))
      expect(store.lastProducerSequence('ID:b-1:1:1:1')).toBeUndefined()
      transaction.commit(2)
      store.add(message('c', { producerSequenceId: 3 }), 3)
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBe(5)
      expect(store.lastProducerSequence('ID:b-1:1:1:1')).toBe(7)
      await store.close()
    })

    test('takes messages of many sizes', async () => {
      const store = await opened()
      const sizes = [0, 1, 7, 8, 9, 1023, 4096, 40_000, 300_000]
      sizes.forEach((size, index) => store.add({ ...message(''), bytes: Buffer.alloc(size, index + 1) }, index + 1))
      await durable(store)
      const found = await store.read(queueHolder('orders'), 0, 100, 100, 10_000_000)
      expect(found.map(({ bytes }) => bytes.length)).toEqual(sizes)
      for (const { sequence, bytes } of found) expect(bytes.every((byte) => byte === sequence)).toBe(true)
      await store.close()
    })

    test('has room up to its limit, and again when something is gone', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const { roomBytes } = store.statistics()
      expect(roomBytes).toBeGreaterThan(32 * 1024)
      expect(roomBytes).toBeLessThanOrEqual(64 * 1024)
      const last = fill(store)
      expect(last).toBeGreaterThan(20)
      expect(last).toBeLessThan(64)
      // What a queue that is alone leaves to the others.
      expect(store.statistics().roomBytes).toBeLessThan(roomBytes / 4)
      const room = whenItHasRoom(store)
      for (let sequence = 1; sequence <= last; sequence++) store.remove(queueHolder('orders'), sequence)
      await room
      expect(store.statistics().roomBytes).toBeGreaterThan(1000)
      await store.close()
    })

    test('a queue that fills its share leaves room to the others, and each that fills its own less', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const first = fill(store)
      expect(store.hasRoom(queueHolder('orders'), 1000)).toBe(false)
      const second = fill(store, 'invoices', first) - first
      expect(second).toBeGreaterThan(0)
      expect(second).toBeLessThan(first / 2)
      expect(store.statistics().roomBytes).toBeGreaterThan(0)
      expect(store.hasRoom(queueHolder('one that comes late'), 100)).toBe(true)
      await store.close()
    })

    test('a queue at its share has room when messages of its own are gone', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const last = fill(store)
      await durable(store)
      const room = whenItHasRoom(store)
      for (let sequence = 1; sequence <= last / 3; sequence++) store.remove(queueHolder('orders'), sequence)
      await room
      await store.close()
    })

    test('what an open transaction adds for a queue is of the share of that queue', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const transaction = store.begin()
      while (store.hasRoom(queueHolder('orders'), 1000)) transaction.add(message('x'.repeat(1000)))
      expect(store.hasRoom(queueHolder('invoices'), 1000)).toBe(true)
      store.removeHolder(queueHolder('orders'))
      expect(store.hasRoom(queueHolder('orders'), 1000)).toBe(false)
      transaction.commit(1)
      expect(store.hasRoom(queueHolder('orders'), 1000)).toBe(false)
      const room = whenItHasRoom(store)
      store.removeHolder(queueHolder('orders'))
      await room
      await store.close()
    })

    test.each(['commit', 'removeHolder'] as const)('gets room back by a %s, but not within the call', async (way) => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const last = fill(store)
      await durable(store)
      let within = true
      const room = whenItHasRoom(store, () => expect(within).toBe(false))
      if (way === 'commit') {
        const transaction = store.begin()
        for (let sequence = 1; sequence <= last; sequence++) transaction.remove(queueHolder('orders'), sequence)
        transaction.commit(last + 1)
      } else store.removeHolder(queueHolder('orders'))
      within = false
      await room
      await store.close()
    })

    test('counts what open transactions add, until they are rolled back', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const transaction = store.begin()
      for (let n = 0; store.hasRoom(queueHolder('orders'), 1000); n++)
        transaction.add(message(`${n}-`.padEnd(1000, 'x')))
      const room = whenItHasRoom(store)
      transaction.rollback()
      await room
      await store.close()
    })

    test('a full store takes what gives space back, and dead letters', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const last = fill(store)
      expect(store.hasRoom(queueHolder('orders'), 1000)).toBe(false)
      const transaction = store.begin()
      transaction.add(message('dead letter '.padEnd(3000, 'x'), { queue: 'ActiveMQ.DLQ' }))
      transaction.remove(queueHolder('orders'), 1)
      transaction.commit(last + 1)
      store.add(message('expired at its arrival'.padEnd(3000, 'x'), { queue: 'ActiveMQ.DLQ' }), last + 2)
      await durable(store)
      expect(await contentOf(store, 'ActiveMQ.DLQ')).toHaveLength(2)
      expect(await contentOf(store)).toHaveLength(last - 1)
      expect(store.statistics().roomBytes).toBeGreaterThanOrEqual(0)
      await store.close()
    })

    test('who does not follow anybody is not behind', async () => {
      const store = await opened()
      store.add(message('a'), 1)
      await durable(store)
      expect(store.lag()?.bytes ?? 0).toBe(0)
      await store.close()
    })

    test('keeps the messages of each holder apart, whatever its name', async () => {
      const { open, takesName = () => true } = await factory()
      const { store } = await open()
      const names = ['a', 'a.b', 'A', 'ä', ' ', '{"kind":"queue"}', '__proto__'].filter((one) => takesName(one))
      names.forEach((name, index) => store.add(message(`in ${name}`, { queue: name }), index + 1))
      store.removeHolder(queueHolder('a'))
      await durable(store)
      const found = await Promise.all(names.map((name) => contentOf(store, name)))
      expect(found).toEqual(names.map((name, index) => (index === 0 ? [] : [`${index + 1}:in ${name}`])))
      await store.close()
    })

    test('a holder is known by what it says, not by the object', async () => {
      const store = await opened()
      const [first, second] = [queueHolder('orders'), queueHolder('orders')]
      store.addHolder(first)
      store.add({ ...message('a'), holder: second }, 1)
      store.add({ ...message('b'), holder: { kind: 'queue', name: 'orders' } }, 2)
      store.remove(first, 1)
      await durable(store)
      expect(await store.read(second, 0, 10, 10, 1000)).toHaveLength(1)
      await store.close()
    })

    test('comes back after a restart with everything', async () => {
      const { open, reopen } = await factory()
      if (!reopen) return
      const { store } = await open()
      store.addHolder(queueHolder('empty'))
      store.add(message('a', { producerSequenceId: 4 }), 1)
      store.add(message('bb'), 2)
      store.add(message('ccc'), 3)
      store.remove(queueHolder('orders'), 3)
      const transaction = store.begin()
      transaction.add(message('d', { queue: 'invoices', producerSequenceId: 8 }))
      transaction.remove(queueHolder('orders'), 1)
      transaction.commit(4)
      store.begin().add(message('unfinished'))
      store.addHolder(queueHolder('gone'))
      store.removeHolder(queueHolder('gone'))
      const { store: again, recovered } = await reopen(store)
      expect(recovered.lastSequence).toBe(4)
      expect(recovered.queues.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
        { name: 'empty', messageCount: 0, messageBytes: 0 },
        { name: 'invoices', messageCount: 1, messageBytes: 1 },
        { name: 'orders', messageCount: 1, messageBytes: 2 },
      ])
      expect(await contentOf(again)).toEqual(['2:bb'])
      expect(await contentOf(again, 'invoices')).toEqual(['4:d'])
      expect(again.lastProducerSequence('ID:a-1:1:1:1')).toBe(8)
      await again.close()
    })

    test('remembers the last sequence even when its message is gone', async () => {
      const { open, reopen } = await factory()
      if (!reopen) return
      const { store } = await open()
      store.add(message('a'), 41)
      store.remove(queueHolder('orders'), 41)
      const second = await reopen(store)
      expect(second.recovered.lastSequence).toBe(41)
      const third = await reopen(second.store)
      expect(third.recovered.lastSequence).toBe(41)
      await third.store.close()
    })
  })
}

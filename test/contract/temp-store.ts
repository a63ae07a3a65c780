// What every TempStore does. `create` gives one that is not open yet, with a limit of 4 MiB, in the same place each time.
import { describe, expect, test } from '@jest/globals'
import { queueHolder, type QueueHolder, type Sequence } from '../../broker/store/held-message.ts'
import type { TempStore } from '../../broker/store/temp-store.ts'
import { message } from '../support/store-content.ts'

export interface TempStoreFactory {
  create(): TempStore
}

const orders = queueHolder('orders')
const kib = 1024
export const tempLimitBytes = 4 * kib * kib

export const written = (store: TempStore): Promise<void> => new Promise((resolve) => store.whenWritten(resolve))

export async function sequencesOf(store: TempStore, holder: QueueHolder = orders): Promise<Sequence[]> {
  const found: Sequence[] = []
  for (let after = 0; ;) {
    const page = await store.read(holder, after, Number.MAX_SAFE_INTEGER, 1000, 1_000_000)
    if (page.length === 0) return found
    found.push(...page.map(({ sequence }) => sequence))
    after = found.at(-1)!
  }
}

/** Adds messages as long as there is room; returns the last sequence. */
export async function fill(store: TempStore, last = 0, queue = 'orders', bytes = 10 * kib): Promise<Sequence> {
  const text = 'x'.repeat(bytes)
  for (const holder = queueHolder(queue); store.hasRoom(holder, bytes);) {
    store.add(message(text, { queue }), ++last)
    if (last % 50 === 0) await written(store)
  }
  await written(store)
  return last
}

export function tempStoreContract(name: string, factory: () => Promise<TempStoreFactory>): void {
  const opened = async (): Promise<TempStore> => {
    const store = (await factory()).create()
    await store.open()
    return store
  }

  describe(`${name} as a temp store`, () => {
    test('has no room before it is open, nor when it is closed, and says how much it may take', async () => {
      const store = (await factory()).create()
      const none = { messages: 0, bytesUsed: 0, limitBytes: tempLimitBytes, roomBytes: 0 }
      expect([store.hasRoom(orders, 1), store.statistics()]).toEqual([false, none])
      await store.open()
      expect(store.hasRoom(orders, 1)).toBe(true)
      const { roomBytes, bytesUsed, ...others } = store.statistics()
      expect(others).toEqual({ messages: 0, limitBytes: tempLimitBytes })
      expect(roomBytes).toBeGreaterThan(0.9 * tempLimitBytes)
      expect(bytesUsed).toBeLessThan(0.1 * tempLimitBytes)
      await store.close()
      expect([store.hasRoom(orders, 1), store.statistics()]).toEqual([false, none])
    })

    test('gives messages back in order, byte for byte, once they are written', async () => {
      const store = await opened()
      store.add(message('first'), 3)
      store.add({ ...message(''), bytes: Buffer.from([0, 255, 128, 0]) }, 7)
      store.add(message('other', { queue: 'invoices' }), 8)
      await written(store)
      expect(await store.read(orders, 0, 100, 10, 1000)).toEqual([
        { sequence: 3, bytes: Buffer.from('first') },
        { sequence: 7, bytes: Buffer.from([0, 255, 128, 0]) },
      ])
      expect(await store.read(orders, 3, 100, 10, 1000)).toHaveLength(1)
      expect(await sequencesOf(store, queueHolder('invoices'))).toEqual([8])
      expect(store.statistics().messages).toBe(3)
      await store.close()
    })

    test('forgets what is removed, and holders with all they have', async () => {
      const store = await opened()
      for (let sequence = 1; sequence <= 4; sequence++) store.add(message(`m${sequence}`), sequence)
      store.add(message('other', { queue: 'invoices' }), 5)
      store.remove(orders, 2)
      store.remove(orders, 2)
      store.remove(orders, 99)
      store.remove(queueHolder('unknown'), 1)
      await written(store)
      expect(await sequencesOf(store)).toEqual([1, 3, 4])
      store.removeHolder(orders)
      store.removeHolder(orders)
      expect(await sequencesOf(store)).toEqual([])
      expect(await sequencesOf(store, queueHolder('invoices'))).toEqual([5])
      await store.close()
    })

    test('calls back in the order of the calls', async () => {
      const store = await opened()
      const order: number[] = []
      store.add(message('a'), 1)
      store.whenWritten(() => order.push(1))
      store.add(message('b'), 2)
      store.whenWritten(() => order.push(2))
      expect(order).toEqual([])
      await written(store)
      expect(order).toEqual([1, 2])
      await store.close()
    })

    test('one queue that fills its share leaves room to others; removed, it has room again', async () => {
      const store = await opened()
      const last = await fill(store)
      expect(last * 10 * kib).toBeGreaterThan(tempLimitBytes / 2)
      expect(store.hasRoom(queueHolder('invoices'), 10 * kib)).toBe(true)
      expect(store.hasRoom(orders, 10 * kib)).toBe(false)
      const room = new Promise<void>((resolve) => store.whenRoom(resolve))
      store.removeHolder(orders)
      await room
      expect(store.hasRoom(orders, 10 * kib)).toBe(true)
      await store.close()
    })

    test('begins empty, whatever the one before has left', async () => {
      const { create } = await factory()
      const before = create()
      await before.open()
      for (let sequence = 1; sequence <= 100; sequence++) before.add(message('x'.repeat(kib)), sequence)
      await written(before)
      const store = create()
      await store.open()
      expect(store.statistics().messages).toBe(0)
      expect(await sequencesOf(store)).toEqual([])
      store.add(message('first'), 1)
      await written(store)
      expect(await sequencesOf(store)).toEqual([1])
      await store.close()
    })

    test('is closed before it was ever opened', async () => {
      const store = (await factory()).create()
      await store.close()
      expect(store.statistics().messages).toBe(0)
    })
  })
}

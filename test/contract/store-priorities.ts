// What every MessageStore does for queues that go by priority. Part of the contract of message-store.ts.
import { describe, expect, test } from '@jest/globals'
import { queueHolder, type QueueHolder } from '../../broker/store/held-message.ts'
import type { MessageStore } from '../../broker/store/message-store.ts'
import { priorityHolders } from '../../broker/store/priority-holder.ts'
import { durable, message, readAll } from '../support/store-content.ts'
import type { SubscriptionStoreFactory } from './store-subscriptions.ts'

const orders = priorityHolders('orders')

/** Adds messages of 1000 bytes in turn for the holders as long as the queue has room; returns the last sequence. */
function fill(store: MessageStore, holders: readonly QueueHolder[]): number {
  let last = 0
  for (; store.hasRoom(orders[4]!, 1000); last++) {
    const holder = holders[last % holders.length]!
    store.add({ ...message('x'.repeat(1000)), holder, producerSequenceId: last + 1 }, last + 1)
  }
  return last
}

export function storePrioritiesContract(name: string, factory: () => Promise<SubscriptionStoreFactory>): void {
  describe(`${name} and queues that go by priority`, () => {
    test('has the messages of each priority apart, those of the default one as the queue’s own', async () => {
      const { store } = await (await factory()).open()
      orders.forEach((holder, priority) => store.add({ ...message(`p${priority}`), holder }, priority + 1))
      store.remove(orders[9]!, 1)
      store.remove(orders[0]!, 1)
      await durable(store)
      expect(await Promise.all(orders.map((holder) => readAll(store, holder)))).toEqual([
        [],
        ...Array.from({ length: 9 }, (_, n) => [`${n + 2}:p${n + 1}`]),
      ])
      expect(await readAll(store, queueHolder('orders'))).toEqual(['5:p4'])
      await store.close()
    })

    test('gives a queue one share of the room, whatever the priorities of its messages are', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const byPriority = fill(store, [orders[0]!, orders[9]!, orders[7]!])
      expect(store.hasRoom(queueHolder('invoices'), 1000)).toBe(true)
      const other = (await (await factory()).openLimited!()).store
      // A store may write down the name of each holder.
      expect(fill(other, [orders[4]!]) - byPriority).toBeLessThan(3)
      await Promise.all([store.close(), other.close()])
    })

    test('tells a queue that has no room when messages of any of its priorities are gone', async () => {
      const { openLimited } = await factory()
      if (!openLimited) return
      const { store } = await openLimited()
      const last = fill(store, [orders[9]!])
      await durable(store)
      const told = new Promise<void>((resolve) => {
        store.whenRoom(() => {
          if (store.hasRoom(orders[4]!, 1000)) resolve()
        })
      })
      expect(store.hasRoom(orders[4]!, 1000)).toBe(false)
      for (let sequence = 1; sequence <= last; sequence++) store.remove(orders[9]!, sequence)
      await durable(store)
      await told
      await store.close()
    })
  })
}

// What every MessageStore does when a message is changed that is there. Part of the contract of message-store.ts.
import { describe, expect, test } from '@jest/globals'
import { queueHolder } from '../../broker/store/held-message.ts'
import { contentOf, durable, message } from '../support/store-content.ts'
import type { SubscriptionStoreFactory } from './store-subscriptions.ts'

const orders = queueHolder('orders')

export function storeUpdatesContract(name: string, factory: () => Promise<SubscriptionStoreFactory>): void {
  describe(`${name} as a store of messages that change`, () => {
    test('has the new bytes at the old place, and counts them', async () => {
      const { store } = await (await factory()).open()
      for (let sequence = 1; sequence <= 3; sequence++) store.add(message(`m${sequence}`), sequence)
      await durable(store)
      const { roomBytes } = store.statistics()
      store.update(message('longer', { producerSequenceId: 9 }), 2)
      store.update(message('m9'), 3)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:m1', '2:longer', '3:m9'])
      expect(store.statistics()).toMatchObject({ messages: 3 })
      expect(store.statistics().roomBytes).toBeLessThanOrEqual(roomBytes)
      expect(store.lastProducerSequence('ID:a-1:1:1:1')).toBe(1)
      store.remove(orders, 2)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:m1', '3:m9'])
      await store.close()
    })

    test('ignores what is not there', async () => {
      const { store } = await (await factory()).open()
      store.add(message('m1'), 1)
      store.remove(orders, 1)
      store.update(message('gone'), 1)
      store.update(message('unknown'), 7)
      store.update(message('nowhere', { queue: 'nowhere' }), 1)
      await durable(store)
      expect(await contentOf(store)).toEqual([])
      expect(await contentOf(store, 'nowhere')).toEqual([])
      await store.close()
    })

    test('lets a transaction take what it has changed', async () => {
      const { store } = await (await factory()).open()
      store.add(message('m1'), 1)
      store.add(message('m2'), 2)
      const transaction = store.begin()
      transaction.remove(orders, 1)
      transaction.remove(orders, 2)
      store.update(message('changed'), 1)
      await durable(store)
      expect(await contentOf(store)).toEqual(['1:changed', '2:m2'])
      transaction.commit(3)
      store.update(message('late'), 2)
      await durable(store)
      expect(await contentOf(store)).toEqual([])
      await store.close()
    })

    test('keeps it over a restart', async () => {
      const { open, reopen } = await factory()
      if (!reopen) return
      const { store } = await open()
      store.add(message('m1'), 1)
      store.add(message('m2'), 2)
      store.add(message('m3'), 3)
      store.update(message('changed'), 2)
      store.update(message('changed again'), 2)
      store.update(message('gone'), 3)
      store.remove(orders, 3)
      const { store: again, recovered } = await reopen(store)
      expect(recovered).toMatchObject({ lastSequence: 3, queues: [{ messageCount: 2, messageBytes: 15 }] })
      expect(await contentOf(again)).toEqual(['1:m1', '2:changed again'])
      await again.close()
    })
  })
}

// Stores that forget everything with the process tell when a message is gone; the others do not have to.
import { describe, expect, test } from '@jest/globals'
import { queueHolder } from '../../broker/store/held-message.ts'
import { durable, message } from '../support/store-content.ts'
import type { MessageStoreFactory } from './message-store.ts'

export function storeEndsContract(name: string, factory: () => Promise<MessageStoreFactory>): void {
  describe(`${name} and the end of messages`, () => {
    test('tells when a message is gone, if it forgets all with the process', async () => {
      const store = (await (await factory()).open()).store
      const gone: number[] = []
      const tellGone = (sequence: number, queue = 'orders'): void =>
        store.whenGone?.(queueHolder(queue), sequence, () => gone.push(sequence))
      for (let sequence = 1; sequence <= 3; sequence++) store.add(message(`m${sequence}`), sequence)
      store.add(message('invoice', { queue: 'invoices' }), 4)
      for (const sequence of [1, 1, 2, 3]) tellGone(sequence)
      tellGone(4, 'invoices')
      await durable(store)
      expect(gone).toEqual([])
      store.remove(queueHolder('orders'), 1)
      expect(gone).toEqual([])
      await durable(store)
      expect(gone).toEqual(store.whenGone ? [1, 1] : [])
      store.removeHolder(queueHolder('orders'))
      await durable(store)
      expect(gone).toEqual(store.whenGone ? [1, 1, 2, 3] : [])
      tellGone(2)
      tellGone(99)
      expect(gone).toHaveLength(store.whenGone ? 4 : 0)
      await durable(store)
      expect(gone.slice(4)).toEqual(store.whenGone ? [2, 99] : [])
      await store.close()
    })
  })
}

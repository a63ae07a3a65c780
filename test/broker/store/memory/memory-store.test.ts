import { expect, test } from '@jest/globals'
import { silentLogger, type LogFields } from '../../../../broker/base/logger.ts'
import { queueHolder } from '../../../../broker/store/held-message.ts'
import { MemoryStore } from '../../../../broker/store/memory/memory-store.ts'
import { messageStoreContract } from '../../../contract/message-store.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { message } from '../../../support/store-content.ts'

messageStoreContract('MemoryStore', async () => ({
  async open() {
    const store = new MemoryStore()
    return { store, recovered: await store.open(soleOwner(1)) }
  },
  async openLimited() {
    const store = new MemoryStore({ limitBytes: 64 * 1024 })
    return { store, recovered: await store.open(soleOwner(1)) }
  },
}))

test('a message that is larger than the limit has room when it is alone, and not before', async () => {
  const store = new MemoryStore({ limitBytes: 1000 })
  await store.open(soleOwner(1))
  expect(store.hasRoom(queueHolder('orders'), 5000)).toBe(true)
  store.add(message('small'), 1)
  expect(store.hasRoom(queueHolder('orders'), 5000)).toBe(false)
  store.remove(queueHolder('orders'), 1)
  expect(store.hasRoom(queueHolder('orders'), 5000)).toBe(true)
  await store.close()
})

test('what it has room for is what its limit leaves, and comes back to the last byte', async () => {
  const store = new MemoryStore({ limitBytes: 100_000 })
  await store.open(soleOwner(1))
  const { roomBytes } = store.statistics()
  expect(roomBytes).toBe(100_000)
  store.add(message('x'.repeat(500)), 1)
  store.addDispatched(message('y'.repeat(700)), 2, () => {})
  const [committed, rolledBack] = [store.begin(), store.begin()]
  for (const transaction of [committed, rolledBack]) transaction.add(message('z'.repeat(900)))
  expect(store.statistics().roomBytes).toBeLessThan(roomBytes - 3000)
  committed.remove(queueHolder('orders'), 1)
  committed.remove(queueHolder('orders'), 77)
  committed.commit(3)
  rolledBack.rollback()
  store.remove(queueHolder('orders'), 1)
  store.removeHolder(queueHolder('orders'))
  store.removeHolder(queueHolder('orders'))
  expect(store.statistics().roomBytes).toBe(roomBytes)
  await store.close()
})

test('says when it is full, and when there is room again', async () => {
  const said: (string | LogFields)[] = []
  const note = (text: string, fields?: LogFields): void => void said.push(text, fields!)
  const store = new MemoryStore({ limitBytes: 1000, logger: { ...silentLogger, warn: note, info: note } })
  await store.open(soleOwner(1))
  store.add(message('x'.repeat(800)), 1)
  for (let i = 0; i < 3; i++) store.hasRoom(queueHolder('orders'), 100)
  store.hasRoom(queueHolder('invoices'), 900)
  expect(said).toEqual([
    'The store is full for a queue: senders of persistent messages to it wait for its consumers',
    { queue: 'orders', usedBytes: 1056, limitBytes: 1000 },
  ])
  store.remove(queueHolder('orders'), 1)
  for (let i = 0; i < 3; i++) store.hasRoom(queueHolder('orders'), 100)
  expect(said.slice(2)).toEqual(['The store has room again', { usedBytes: 0, limitBytes: 1000 }])
  await store.close()
})

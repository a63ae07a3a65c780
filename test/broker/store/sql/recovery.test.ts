// What a new active finds in the tables, whoever wrote it.
import { describe, expect, test } from '@jest/globals'
import type { LogFields } from '../../../../broker/base/logger.ts'
import {
  queueHolder,
  subscriptionHolder,
  topicHolder,
  type AddedMessage,
} from '../../../../broker/store/held-message.ts'
import { priorityHolders, priorityTopics } from '../../../../broker/store/priority-holder.ts'
import { decodeAckedRanges, encodeAckedRanges } from '../../../../broker/store/sql/acked-ranges.ts'
import { blobOf } from '../../../../broker/store/sql/blob-form.ts'
import { sqlStoreLimits } from '../../../../broker/store/sql/limits.ts'
import type { SqlStore } from '../../../../broker/store/sql/sql-store.ts'
import type { MessageRow, SubscriptionRow } from '../../../../broker/store/sql/store-tables.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { createSqlStore, type SqlStoreSetup } from '../../../support/sql-stores.ts'
import { contentOf, durable, message, readAll } from '../../../support/store-content.ts'

const prices = topicHolder('prices')
const anna = subscriptionHolder('prices', 'anna', 'all')
const bert = subscriptionHolder('prices', 'bert', 'all')
const all = { selector: null, noLocal: false }

let term = 0
async function open(database: MemoryDatabase, more: Partial<SqlStoreSetup> = {}) {
  const store = createSqlStore({ database, openTables: database.openTables, ...more })
  return { store, recovered: await store.open(soleOwner(++term)) }
}

const priced = (sequence: number): AddedMessage => ({
  ...message(`m${sequence}`, { producerSequenceId: sequence }),
  holder: prices,
})

const row = (id: number, container: string, more: Partial<MessageRow> = {}): MessageRow => ({
  id,
  container,
  priority: 0,
  producerId: 'ID:amq-1:1:1:1',
  producerSequenceId: id,
  expiration: 0,
  blob: blobOf(Buffer.from(`m${id}`)),
  ...more,
})

const idsIn = ({ rows }: MemoryDatabase): number[] => [...rows.messages.keys()].sort((a, b) => a - b)

/** Behind which ActiveMQ goes on, and the largest that somebody has acknowledged out of order. */
function counterOf({ rows }: MemoryDatabase): { readonly next: number; readonly acked: number } {
  const subscriptions = [...rows.subscriptions.values()]
  const next = Math.max(0, ...rows.messages.keys(), ...subscriptions.map(({ lastAckedId }) => lastAckedId)) + 1
  const acked = subscriptions.flatMap((one) => decodeAckedRanges(one.acked).map(({ upTo }) => upTo))
  return { next, acked: Math.max(0, ...acked) }
}

describe('the counter of ActiveMQ does not use again what a subscription has acknowledged', () => {
  async function behind(): Promise<{ store: SqlStore; database: MemoryDatabase }> {
    const database = new MemoryDatabase()
    const { store } = await open(database)
    for (const holder of [anna, bert]) store.addSubscription(holder, all)
    for (let sequence = 1; sequence <= 5; sequence++) store.add(priced(sequence), sequence)
    for (const sequence of [2, 3, 4, 5]) for (const holder of [anna, bert]) store.remove(holder, sequence)
    await durable(store)
    return { store, database }
  }

  test('the row of the last message stays, while the store has it no more', async () => {
    const { store, database } = await behind()
    expect(idsIn(database)).toEqual([1, 5])
    expect(counterOf(database)).toEqual({ next: 6, acked: 5 })
    expect(await readAll(store, anna)).toEqual(['1:m1'])
    expect(store.statistics()).toMatchObject({ messages: 1, bytesUsed: 2 })
    await store.close()
  })

  test('until a later one is there', async () => {
    const { store, database } = await behind()
    store.add(priced(8), 8)
    await durable(store)
    expect(idsIn(database)).toEqual([1, 8])
    for (const holder of [anna, bert]) store.remove(holder, 8)
    await durable(store)
    expect(idsIn(database)).toEqual([1, 8])
    await store.close()
  })

  test('until all marks have passed it, one by an acknowledgement and one by its end', async () => {
    const { store, database } = await behind()
    store.remove(anna, 1)
    await durable(store)
    expect(idsIn(database)).toEqual([1, 5])
    store.removeSubscription(bert)
    await durable(store)
    expect(idsIn(database)).toEqual([])
    expect(counterOf(database)).toMatchObject({ next: 6 })
    await store.close()
  })

  test('also when the last message is wanted by nobody from the start', async () => {
    const { store, database } = await behind()
    store.add({ ...priced(9), notFor: [anna, bert] }, 9)
    await durable(store)
    expect(idsIn(database)).toEqual([1, 9])
    expect(counterOf(database)).toEqual({ next: 10, acked: 9 })
    await store.close()
  })

  test('and over a restart', async () => {
    const { store, database } = await behind()
    await store.close()
    const again = await open(database)
    expect(again.recovered.subscriptions).toMatchObject([{ messageCount: 1 }, { messageCount: 1 }])
    await durable(again.store)
    expect(idsIn(database)).toEqual([1, 5])
    for (const holder of [anna, bert]) again.store.remove(holder, 1)
    await durable(again.store)
    expect(idsIn(database)).toEqual([])
    await again.store.close()
  })
})

describe('what another broker has written since', () => {
  test('is there, its producers are known, and what was known of others counts no more', async () => {
    const database = new MemoryDatabase()
    const first = await open(database)
    first.store.add(message('m1', { producerId: 'ID:old', producerSequenceId: 3 }), 1)
    first.store.add({ ...message('m2', { producerId: '' }), arrival: 'ID:elsewhere' }, 2)
    await first.store.close()
    expect(database.rows.arrivals.size).toBe(1)
    database.rows.messages.set(7, row(7, 'queue://orders'))
    database.rows.messages.set(8, row(8, 'queue://others', { producerSequenceId: 4 }))
    const { store, recovered } = await open(database)
    expect(recovered).toMatchObject({ lastSequence: 8, arrivals: [] })
    expect(recovered.queues.map(({ name, messageCount }) => [name, messageCount])).toEqual([
      ['orders', 3],
      ['others', 1],
    ])
    expect(await contentOf(store)).toEqual(['1:m1', '2:m2', '7:m7'])
    expect(store.lastProducerSequence('ID:amq-1:1:1:1')).toBe(7)
    expect(store.lastProducerSequence('ID:old')).toBe(3)
    await durable(store)
    expect(database.rows.arrivals.size).toBe(0)
    expect([...database.rows.queues.values()].map(({ container }) => container)).toEqual([
      'queue://orders',
      'queue://others',
    ])
    await store.close()
    expect((await open(database)).store.lastProducerSequence('ID:amq-1:1:1:1')).toBe(7)
  })

  test('of topics that nobody subscribes to is removed, and what is of neither queue nor topic is left', async () => {
    const database = new MemoryDatabase()
    for (const one of [row(1, 'topic://nobody'), row(2, 'temp-queue://x'), row(3, 'queue://orders')])
      database.rows.messages.set(one.id, one)
    const { store, recovered } = await open(database)
    await durable(store)
    expect(idsIn(database)).toEqual([2, 3])
    expect(recovered.queues).toHaveLength(1)
    await store.close()
  })

  test('of prepared transactions is left alone, and told of', async () => {
    const database = new MemoryDatabase()
    database.preparedMessages = 2
    const log: [string, LogFields | undefined][] = []
    const note = (text: string, fields?: LogFields): void => void log.push([text, fields])
    const logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
    const { store } = await open(database, { logger })
    expect(log.map(([text]) => text)).toEqual([
      'Took over what is in the database',
      'There are prepared XA transactions in the database: what they have is left alone',
    ])
    expect(log[1]![1]).toEqual({ preparedMessages: 2, preparedAcknowledgements: 0 })
    await store.close()
  })
})

describe('destinations that go by priority', () => {
  test('have the rows of ActiveMQ', async () => {
    const database = new MemoryDatabase()
    const { store } = await open(database, { isPrioritized: (kind) => kind === 'queue' })
    priorityHolders('orders').forEach((holder, n) => store.add({ ...message(`p${n}`), holder }, n + 1))
    await durable(store)
    expect([...database.rows.messages.values()].map(({ container, priority }) => [container, priority])).toEqual(
      Array.from({ length: 10 }, (_, priority) => ['queue://orders', priority]),
    )
    await store.close()
  })

  test('and no more: all is of one holder then, which takes away all rows with it', async () => {
    const database = new MemoryDatabase()
    const first = await open(database, { isPrioritized: () => true })
    for (const holder of priorityHolders('orders')) first.store.addHolder(holder)
    first.store.add({ ...message('p9'), holder: priorityHolders('orders')[9]! }, 1)
    first.store.add(message('p4'), 2)
    await first.store.close()
    const { store, recovered } = await open(database)
    expect(recovered.queues).toEqual([{ name: 'orders', messageCount: 2, messageBytes: 4 }])
    expect(await contentOf(store)).toEqual(['1:p9', '2:p4'])
    store.removeHolder(queueHolder('orders'))
    await durable(store)
    expect([idsIn(database), database.rows.queues.size]).toEqual([[], 0])
    await store.close()
  })

  test('and no more: a subscription has all that one of its rows has not acknowledged', async () => {
    const database = new MemoryDatabase()
    const first = await open(database, { isPrioritized: () => true })
    const topics = priorityTopics('prices')
    for (const { name } of topics) first.store.addSubscription(subscriptionHolder(name, 'anna', 'all'), all)
    first.store.add({ ...message('p9'), holder: topics[9]! }, 1)
    first.store.add({ ...message('p4'), holder: topics[4]! }, 2)
    first.store.remove(subscriptionHolder(topics[9]!.name, 'anna', 'all'), 1)
    await first.store.close()
    const { store, recovered } = await open(database)
    expect(recovered.subscriptions).toMatchObject([{ topic: 'prices', clientId: 'anna', messageCount: 1 }])
    expect(await readAll(store, anna)).toEqual(['2:p4'])
    store.remove(anna, 2)
    await durable(store)
    expect([...database.rows.subscriptions.values()].every(({ lastAckedId }) => lastAckedId === 2)).toBe(true)
    store.removeSubscription(anna)
    await durable(store)
    expect(database.rows.subscriptions.size).toBe(0)
    await store.close()
  })
})

describe('subscriptions', () => {
  test('to several topics say in the rows of each to what their client subscribed', async () => {
    const database = new MemoryDatabase()
    const { store } = await open(database)
    store.addSubscription(subscriptionHolder('prices.>', 'anna', 'all'), all)
    store.addSubscription(subscriptionHolder('prices.eu', 'anna', 'all'), all)
    store.addSubscription(subscriptionHolder('prices.eu', 'bert', 'all'), all)
    await durable(store)
    const subscribed = (rows: Iterable<SubscriptionRow>): string[] =>
      [...rows].map((one) => `${one.clientId} ${one.container} ${one.subscribedDestination}`)
    const expected = [
      'anna topic://prices.> topic://prices.>',
      'anna topic://prices.eu topic://prices.>',
      'bert topic://prices.eu topic://prices.eu',
    ]
    expect(subscribed(database.rows.subscriptions.values())).toEqual(expected)
    await store.close()
    const again = await open(database)
    again.store.addSubscription(subscriptionHolder('prices.us', 'anna', 'all'), all)
    await durable(again.store)
    expect(subscribed(database.rows.subscriptions.values()).at(-1)).toBe('anna topic://prices.us topic://prices.>')
    await again.store.close()
  })

  test('have again what they acknowledged where what was written of that is damaged', async () => {
    const database = new MemoryDatabase()
    const { store } = await open(database)
    store.addSubscription(anna, all)
    for (let sequence = 1; sequence <= 3; sequence++) store.add(priced(sequence), sequence)
    store.addSubscription(bert, all)
    await store.close()
    for (const [key, one] of database.rows.subscriptions)
      database.rows.subscriptions.set(key, {
        ...one,
        acked: Buffer.concat([encodeAckedRanges([{ after: 1, upTo: 2 }])!, Buffer.from([0x80])]),
      })
    const log: string[] = []
    const note = (text: string): void => void log.push(text)
    const logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
    const again = await open(database, { logger })
    expect(log[0]).toBe('What a durable subscription has acknowledged out of order is damaged: it comes again')
    expect(await readAll(again.store, anna)).toEqual(['1:m1', '2:m2', '3:m3'])
    await again.store.close()
  })
})

test('a row without a message in it takes nothing, and can be removed', async () => {
  const database = new MemoryDatabase()
  for (const id of [1, 2, 3, 4])
    database.rows.messages.set(id, row(id, 'queue://orders', { blob: Buffer.alloc(id - 1) }))
  const { store, recovered } = await open(database)
  expect(recovered.queues).toEqual([{ name: 'orders', messageCount: 4, messageBytes: 0 }])
  const { roomBytes } = store.statistics()
  for (const id of [1, 2, 3, 4]) store.remove(queueHolder('orders'), id)
  await durable(store)
  expect([...database.rows.messages]).toEqual([])
  expect(store.statistics()).toMatchObject({
    messages: 0,
    bytesUsed: 0,
    roomBytes: roomBytes + 4 * sqlStoreLimits.messageOverheadBytes,
  })
  await store.close()
})

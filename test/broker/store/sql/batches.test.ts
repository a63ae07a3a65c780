// What shares a transaction of the database, what is never written, who is told when, and what faults of the database come to.
import { describe, expect, test } from '@jest/globals'
import { ManualClock } from '../../../../broker/base/manual-clock.ts'
import { queueHolder, subscriptionHolder, topicHolder } from '../../../../broker/store/held-message.ts'
import { storeLimits } from '../../../../broker/store/limits.ts'
import { sqlStoreLimits } from '../../../../broker/store/sql/limits.ts'
import type { SqlStore } from '../../../../broker/store/sql/sql-store.ts'
import type { WriteBatch } from '../../../../broker/store/sql/store-tables.ts'
import { contentOf, durable, message } from '../../../support/store-content.ts'
import { MemoryDatabase } from '../../../support/memory-tables.ts'
import { soleOwner } from '../../../support/sole-owner.ts'
import { createSqlStore, type SqlStoreSetup } from '../../../support/sql-stores.ts'
import { turns } from '../../../support/turns.ts'

const orders = queueHolder('orders')

async function opened(
  more: Partial<SqlStoreSetup> = {},
): Promise<{ readonly database: MemoryDatabase; readonly store: SqlStore }> {
  const database = new MemoryDatabase()
  const store = createSqlStore({ database, openTables: database.openTables, ...more })
  await store.open(soleOwner(1))
  store.addHolder(orders)
  await durable(store)
  database.written.length = 0
  return { database, store }
}

const numbered = (producerSequenceId: number, producerId = 'ID:a-1:1:1:1'): ReturnType<typeof message> =>
  message(`m${producerSequenceId}`, { producerId, producerSequenceId })

const idsOf = ({ addedMessages }: WriteBatch): number[] => addedMessages.map(({ id }) => id)

/** Lists that have something. */
const listsOf = (batch: WriteBatch): string[] =>
  Object.entries(batch).flatMap(([name, list]) => (Array.isArray(list) && list.length > 0 ? [name] : []))

describe('one batch', () => {
  test('has all that came while the one before it was under way', async () => {
    const { database, store } = await opened()
    const release = database.hold()
    store.add(numbered(1), 1)
    const told: number[] = []
    store.whenDurable(() => told.push(1))
    await turns(3)
    for (const sequence of [2, 3, 4]) {
      store.add(numbered(sequence), sequence)
      store.whenDurable(() => told.push(sequence))
    }
    await turns(3)
    expect([database.written.map(idsOf), told]).toEqual([[[1]], []])
    release()
    await durable(store)
    expect([database.written.map(idsOf), told]).toEqual([
      [[1], [2, 3, 4]],
      [1, 2, 3, 4],
    ])
    expect(store.statistics()).toMatchObject({ syncs: 3, messages: 4 })
    await store.close()
  })

  test('has nothing of a message that came and went in it, but what is known of its producer', async () => {
    const { database, store } = await opened()
    store.add(numbered(1), 1)
    store.update(message('other bytes'), 1)
    store.remove(orders, 1)
    await durable(store)
    expect(database.written.map(listsOf)).toEqual([['producers']])
    expect(database.written[0]).toMatchObject({ lastId: 1, producers: [{ producerSequenceId: 1, id: 1 }] })
    expect(database.rows.messages.size).toBe(0)
    await store.close()
  })

  test('has the last of what changed in it', async () => {
    const { database, store } = await opened()
    store.add(numbered(1), 1)
    await durable(store)
    store.update(message('second'), 1)
    store.update(message('third'), 1)
    store.add(numbered(2), 2)
    store.update(message('fourth'), 2)
    for (const sequence of [5, 6]) store.add(numbered(sequence), sequence)
    await durable(store)
    const [, batch] = database.written
    expect(batch!.updatedMessages.map(({ blob }) => blob.subarray(4).toString())).toEqual(['third'])
    expect(batch!.addedMessages.map(({ blob }) => blob.subarray(4).toString())).toEqual(['fourth', 'm5', 'm6'])
    expect(batch!.producers).toEqual([{ producerId: 'ID:a-1:1:1:1', producerSequenceId: 6, id: 6 }])
    store.update(message('gone'), 1)
    store.remove(orders, 1)
    await durable(store)
    expect(database.written[2]).toMatchObject({ updatedMessages: [], removedMessages: [1] })
    await store.close()
  })

  test('has each subscription once, as far as it has come by then', async () => {
    const { database, store } = await opened()
    const anna = subscriptionHolder('prices', 'anna', 'all')
    store.addSubscription(anna, { selector: null, noLocal: true })
    for (let sequence = 1; sequence <= 5; sequence++)
      store.add({ ...numbered(sequence), holder: topicHolder('prices') }, sequence)
    store.remove(anna, 2)
    await durable(store)
    expect(database.written.map(listsOf)).toEqual([['addedMessages', 'addedSubscriptions', 'producers']])
    expect(database.written[0]!.addedSubscriptions).toMatchObject([{ lastAckedId: 0, noLocal: true }])
    expect(database.written[0]!.addedSubscriptions[0]!.acked).not.toBeNull()
    for (const sequence of [1, 3, 5]) store.remove(anna, sequence)
    await durable(store)
    expect(database.written[1]!.progress).toHaveLength(1)
    expect(database.written[1]!.progress[0]).toMatchObject({
      container: 'topic://prices',
      clientId: 'anna',
      lastAckedId: 3,
    })
    store.removeSubscription(anna)
    store.addSubscription(anna, { selector: null, noLocal: false })
    await durable(store)
    expect(database.written.slice(2).map(listsOf)).toEqual([
      ['removedMessages', 'removedSubscriptions'],
      ['addedSubscriptions'],
    ])
    expect([...database.rows.subscriptions.values()]).toMatchObject([{ noLocal: false, lastAckedId: 5 }])
    await store.close()
  })

  test('has no more than its bytes and rows, but a transaction as a whole', async () => {
    const { database, store } = await opened()
    const large = (sequence: number): ReturnType<typeof message> => ({
      ...numbered(sequence),
      bytes: Buffer.alloc(600_000),
    })
    for (let sequence = 1; sequence <= 5; sequence++) store.add(large(sequence), sequence)
    const transaction = store.begin()
    for (let n = 0; n < 6; n++) transaction.add(large(n))
    transaction.commit(6)
    store.add(large(12), 12)
    await durable(store)
    expect(database.written.map(idsOf)).toEqual([[1, 2], [3, 4], [5, 6, 7, 8, 9, 10, 11], [12]])
    database.written.length = 0
    for (let n = 0; n < sqlStoreLimits.batchRows; n++) store.remove(orders, n)
    await durable(store)
    await store.close()
  })

  test('that is sealed while messages are put off makes none of them readable', async () => {
    const { database, store } = await opened()
    const full = Math.ceil(database.largestBatch / sqlStoreLimits.rowBytes)
    for (let sequence = 1; sequence <= full + 1; sequence++) store.add(numbered(sequence), sequence)
    await durable(store)
    database.written.length = 0
    for (let sequence = 1; sequence <= full; sequence++) store.remove(orders, sequence)
    const late = full + 2
    const releaseFirst = database.hold()
    store.addDispatched(numbered(late), late, () => {})
    // Finds the batch full, and begins the next one.
    store.remove(orders, full + 1)
    await turns(3)
    releaseFirst()
    const releaseSecond = database.hold()
    await turns(5)
    expect(database.written.map(idsOf)).toEqual([[], [late]])
    expect(await store.read(orders, 0, late, 1, 1000)).toEqual([])
    expect(database.reads).toEqual([])
    releaseSecond()
    await durable(store)
    expect(await store.read(orders, 0, late, 1, 1000)).toHaveLength(1)
    await store.close()
  })

  test('is written after a while when nobody waits for it', async () => {
    const clock = new ManualClock()
    const { database, store } = await opened({ clock })
    store.add(numbered(1), 1)
    await turns(5)
    expect(database.written).toEqual([])
    clock.advance(sqlStoreLimits.lazyWriteMs)
    await turns(5)
    expect(database.written.map(idsOf)).toEqual([[1]])
    await store.close()
  })
})

describe('messages that consumers have already', () => {
  test('are never written when they are acknowledged before the write begins', async () => {
    const clock = new ManualClock()
    const { database, store } = await opened({ clock })
    const settled: number[] = []
    for (let sequence = 1; sequence <= 3; sequence++) {
      store.addDispatched(numbered(sequence), sequence, () => settled.push(sequence))
      store.remove(orders, sequence, false)
      await turns(1)
    }
    expect(settled).toEqual([1, 2, 3])
    clock.advance(sqlStoreLimits.lazyWriteMs)
    await turns(5)
    expect(database.written.flatMap(listsOf).every((list) => list === 'producers')).toBe(true)
    expect(database.rows.producers.get('ID:a-1:1:1:1')).toMatchObject({ producerSequenceId: 3, id: 3 })
    await store.close()
  })

  test('are written at once when nobody acknowledges early, and before what comes behind them', async () => {
    const { database, store } = await opened()
    let settled = 0
    store.addDispatched(numbered(1), 1, () => settled++)
    store.add(numbered(2), 2)
    await durable(store)
    expect(database.written.map(idsOf)).toEqual([[1, 2]])
    expect(settled).toBe(1)
    store.addDispatched({ ...numbered(3), bytes: Buffer.alloc(storeLimits.unwrittenBytes - 4) }, 3, () => settled++)
    await turns(5)
    expect(settled).toBe(2)
    await store.close()
  })
})

describe('faults', () => {
  test('a conflict is no harm: the batch is sent again, and nobody is told before', async () => {
    const clock = new ManualClock()
    const { database, store } = await opened({ clock })
    database.faults.push('Conflict', 'Conflict')
    store.add(numbered(1), 1)
    let told = false
    store.whenDurable(() => (told = true))
    for (let pause: number = sqlStoreLimits.conflictPauseMs, n = 1; n <= 2; n++, pause *= 2) {
      await turns(5)
      expect([database.written.length, told]).toEqual([n, false])
      clock.advance(pause)
    }
    await turns(5)
    expect([database.written.length, told]).toEqual([3, true])
    expect(await contentOf(store)).toEqual(['1:m1'])
    await store.close()
  })

  test('one that never ends is the end of the store', async () => {
    const clock = new ManualClock()
    const { database, store } = await opened({ clock })
    for (let n = 0; n < sqlStoreLimits.conflictAttempts; n++) database.faults.push('Conflict')
    store.add(numbered(1), 1)
    let told = false
    store.whenDurable(() => (told = true))
    for (let n = 0; n < sqlStoreLimits.conflictAttempts; n++) {
      await turns(5)
      clock.advance(10_000)
    }
    expect((await store.failed).message).toBe('A fault of the kind Conflict')
    expect([told, database.written.length]).toEqual([false, sqlStoreLimits.conflictAttempts])
    await store.close()
  })

  test('without space senders wait, and the log is told once each', async () => {
    const clock = new ManualClock()
    const log: string[] = []
    const note = (text: string): void => void log.push(text)
    const logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
    const { database, store } = await opened({ clock, logger })
    log.length = 0
    database.faults.push('NoSpace', 'NoSpace', 'NoSpace')
    store.add(numbered(1), 1)
    let told = false
    store.whenDurable(() => (told = true))
    for (let n = 0; n < 3; n++) {
      await turns(5)
      expect([told, store.statistics().roomBytes]).toEqual([false, 0])
      clock.advance(sqlStoreLimits.spaceRetryMs)
    }
    await turns(5)
    expect([told, log]).toEqual([
      true,
      ['The database has no space: senders of persistent messages wait', 'The database has space again'],
    ])
    expect(store.statistics().roomBytes).toBeGreaterThan(0)
    await store.close()
  })

  test('one that is closed without space does not wait for it', async () => {
    const { database, store } = await opened({ clock: new ManualClock() })
    for (let n = 0; n < 3; n++) database.faults.push('NoSpace')
    store.add(numbered(1), 1)
    let told = false
    store.whenDurable(() => (told = true))
    await turns(5)
    await store.close()
    expect([told, database.sessions]).toEqual([false, []])
  })

  test('one that is closed while the database is silent does not wait for its answer for long', async () => {
    const clock = new ManualClock()
    const { database, store } = await opened({ clock })
    database.hold()
    store.add(numbered(1), 1)
    let told = false
    store.whenDurable(() => (told = true))
    await turns(3)
    const closed = store.close()
    await turns(3)
    expect(database.sessions).toEqual(['writer', 'reader'])
    clock.advance(sqlStoreLimits.closeMs)
    await closed
    expect([told, database.sessions]).toEqual([false, []])
  })

  test.each(['Unreachable', 'Fenced', 'Invalid'] as const)('%s ends it: nobody is told any more', async (fault) => {
    const { database, store } = await opened()
    const told: number[] = []
    const release = database.hold()
    database.faults.push(fault)
    store.add(numbered(1), 1)
    store.whenDurable(() => told.push(1))
    await turns(3)
    store.add(numbered(2), 2)
    store.whenDurable(() => told.push(2))
    release()
    expect((await store.failed).message).toBe(`A fault of the kind ${fault}`)
    store.add(numbered(3), 3)
    store.whenDurable(() => told.push(3))
    store.addDispatched(numbered(4), 4, () => told.push(4))
    store.remove(orders, 4, false)
    await turns(5)
    expect([told, database.written.length]).toEqual([[], 1])
    await store.close()
    expect(database.sessions).toEqual([])
  })

  test.each(['writer', 'reader'])('a lost connection of the %s ends it', async (purpose) => {
    const { database, store } = await opened()
    database.lose(purpose)
    expect((await store.failed).message).toBe(`The connection for ${purpose} is gone`)
    await store.close()
  })

  test('a batch that is there, but whose writer is not the owner any more, is told to nobody', async () => {
    const database = new MemoryDatabase()
    const store = createSqlStore({ database, openTables: database.openTables })
    let lost = false
    await store.open({
      term: 1,
      verify: async () => {
        if (lost) throw new Error('the lock is lost')
      },
    })
    store.add(numbered(1), 1)
    await durable(store)
    lost = true
    let told = false
    store.whenDurable(() => (told = true))
    expect((await store.failed).message).toBe('the lock is lost')
    expect(told).toBe(false)
    await store.close()
  })

  test('a smaller term does not open it', async () => {
    const { database, store } = await opened()
    await store.close()
    database.term = 5
    const late = createSqlStore({ database, openTables: database.openTables })
    await expect(late.open(soleOwner(4))).rejects.toThrow('Term 4 is not 5')
    expect(database.sessions).toEqual([])
  })
})

describe('what is refused', () => {
  test('a message that no row takes, in a transaction or not; and its producer may send another one', async () => {
    const { database, store } = await opened()
    await store.close()
    database.largestBlob = 1000
    const again = createSqlStore({ database, openTables: database.openTables })
    await again.open(soleOwner(2))
    const large = { ...numbered(1), bytes: Buffer.alloc(997) }
    const refusal = 'Cannot store message of 997 bytes: the database takes up to 1000 (limit largestBlob)'
    expect(() => again.add(large, 1)).toThrow(refusal)
    expect(() => again.addDispatched(large, 1, () => {})).toThrow(refusal)
    expect(() => again.begin().add(large)).toThrow(refusal)
    again.add({ ...large, bytes: Buffer.alloc(996) }, 1)
    await durable(again)
    expect(again.statistics().messages).toBe(1)
    await again.close()
  })

  test('names that no column takes', async () => {
    const { database, store } = await opened()
    const long = 'x'.repeat(251)
    const terms = { selector: null, noLocal: false }
    expect(() => store.addHolder(queueHolder(long))).toThrow('the most is 250')
    expect(() => store.add(message('m', { queue: long }), 1)).toThrow('the most is 250')
    expect(() => store.begin().add(message('m', { queue: long }))).toThrow('the most is 250')
    for (const holder of [
      subscriptionHolder(long, 'c', 's'),
      subscriptionHolder('t', long, 's'),
      subscriptionHolder('t', 'c', long),
    ])
      expect(() => store.addSubscription(holder, terms)).toThrow('the most is 250')
    const selector = `a = '${'x'.repeat(storeLimits.selectorBytes)}'`
    expect(() => store.addSubscription(subscriptionHolder('t', 'c', 's'), { ...terms, selector })).toThrow(
      `limit selectorBytes ${storeLimits.selectorBytes}`,
    )
    await durable(store)
    expect(database.written).toEqual([])
    await store.close()
  })

  test('transactions that would fill the memory, until one of them ends', async () => {
    const { database, store } = await opened()
    await store.close()
    database.largestBlob = 2 ** 30
    const again = createSqlStore({ database, openTables: database.openTables })
    await again.open(soleOwner(2))
    const bytes = Buffer.alloc(sqlStoreLimits.uncommittedBytes / 4)
    const [one, other] = [again.begin(), again.begin()]
    for (let n = 0; n < 4; n++) (n % 2 ? one : other).add({ ...numbered(n), bytes })
    expect(() => one.add({ ...numbered(9), bytes: Buffer.alloc(1) })).toThrow('limit uncommittedBytes')
    // As that of a dead letter, which must have its place.
    const brief = again.begin('Brief')
    brief.add({ ...numbered(9), bytes: Buffer.alloc(1) })
    brief.commit(1)
    await durable(again)
    expect(database.rows.messages.size).toBe(1)
    other.rollback()
    one.add({ ...numbered(9), bytes: Buffer.alloc(1) })
    one.rollback()
    await again.close()
  })
})

test('producers that were quiet longest are forgotten in the database, too', async () => {
  const { database, store } = await opened()
  for (let n = 1; n <= storeLimits.producers + 2; n++) store.add(numbered(1, `ID:p-${n}:1:1:1`), n)
  await durable(store)
  expect(database.rows.producers.size).toBe(storeLimits.producers)
  expect(database.rows.producers.has('ID:p-2:1:1:1')).toBe(false)
  expect(database.rows.producers.has('ID:p-3:1:1:1')).toBe(true)
  await store.close()
})

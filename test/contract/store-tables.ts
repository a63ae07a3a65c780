// What the SQL store expects of its tables, whichever database they are in: broker/store/sql/store-tables.ts.
import { describe, expect, test } from '@jest/globals'
import { tableLimits } from '../../broker/store/sql/limits.ts'
import type { FoundMessageRow } from '../../broker/store/sql/store-tables.ts'
import { activemqRows } from './activemq-rows.ts'
import { fencedTables } from './store-tables-fencing.ts'
import { keyOf, marker, message, queue, subscription, TablesSetting, type TablesUnderTest } from './tables-setting.ts'

const awkward = `l'été "quoted" \\ %_ ; -- 🚢 \u00df\u4e2d \t?`

export function storeTablesContract(start: () => Promise<TablesUnderTest>): void {
  const setting = new TablesSetting(start)

  test('new tables have nothing in them', async () => {
    expect(await setting.load()).toEqual({
      lastId: 0,
      largestId: 0,
      queues: [],
      subscriptions: [],
      producers: [],
      arrivals: [],
      preparedMessages: 0,
      preparedAcknowledgements: 0,
    })
    expect(await setting.scan()).toEqual([])
    expect(await setting.tables.read([])).toEqual([])
    expect(await setting.tables.read([1])).toEqual([])
    expect(await setting.tables.producersOfMessages(10)).toEqual([])
  })

  describe('messages', () => {
    test('are there as they were written, and in the columns of ActiveMQ', async () => {
      const blob = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
      await setting.write({
        lastId: 1,
        addedMessages: [message(1, { blob, expiration: 1_900_000_000_000, priority: 9 })],
      })
      expect(await setting.tables.read([1])).toEqual([{ id: 1, blob }])
      expect(await setting.scan()).toEqual([{ id: 1, ...queue, priority: 9, bytes: 512 }])
      const columns = 'ID, CONTAINER, MSGID_PROD, MSGID_SEQ, EXPIRATION, PRIORITY, XID'
      expect(await setting.run(`SELECT ${columns} FROM ${setting.names.messages}`)).toEqual([
        [1, 'queue://A', 'ID:p-1', 1, 1_900_000_000_000, 9, null],
      ])
    })

    test('are read by their ids, of which some are not there', async () => {
      await setting.write({ addedMessages: [message(3), message(5), message(9)] })
      expect(await setting.blobs(9, 4, 3)).toEqual({ 3: 'message 3', 9: 'message 9' })
    })

    test('get other bytes', async () => {
      await setting.write({ addedMessages: [message(1), message(2)] })
      await setting.write({
        updatedMessages: [
          { id: 2, blob: Buffer.from('second') },
          { id: 3, blob: Buffer.from('not there') },
        ],
      })
      expect(await setting.blobs(1, 2, 3)).toEqual({ 1: 'message 1', 2: 'second' })
    })

    test('are removed, whether they are there or not', async () => {
      await setting.write({ addedMessages: [message(1), message(2), message(3)] })
      await setting.write({ addedMessages: [message(4)], removedMessages: [1, 3, 77] })
      expect((await setting.scan()).map(({ id }) => id)).toEqual([2, 4])
    })

    test('may have an empty blob', async () => {
      await setting.write({ addedMessages: [message(1, { blob: Buffer.alloc(0) })] })
      expect(await setting.blobs(1)).toEqual({ 1: '' })
      expect((await setting.scan())[0]).toMatchObject({ bytes: 0 })
    })

    test('may be as large as is said', async () => {
      await setting.load()
      const blob = Buffer.alloc(Math.min(setting.tables.largestBlob, 12_000_000), 0x27)
      const container = `queue://${'🚢'.repeat(242)}`
      await setting.write({ addedMessages: [message(1, { blob, container, producerId: '🚢'.repeat(250) })] })
      expect((await setting.tables.read([1]))[0]!.blob.equals(blob)).toBe(true)
    })

    test('may have numbers of clients that no double and no database has room for', async () => {
      await setting.write({ addedMessages: [message(1, { expiration: 2 ** 63, producerSequenceId: -(2 ** 63) })] })
      expect(await setting.run(`SELECT EXPIRATION, MSGID_SEQ FROM ${setting.names.messages}`)).toEqual([
        [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
      ])
    })

    test('come in pages, in the order of their ids', async () => {
      const count = tableLimits.scannedRows + 10
      const rows = Array.from({ length: count }, (_, index) =>
        message(2 ** 40 + index, {
          container: index % 3 ? 'queue://B' : 'topic://C',
          priority: index % 2,
          blob: Buffer.of(1),
        }),
      )
      await setting.write({ addedMessages: rows })
      const pages: number[] = []
      const found: FoundMessageRow[] = []
      await setting.tables.scan((page) => {
        pages.push(page.length)
        found.push(...page)
      })
      expect(pages.length).toBeGreaterThan(1)
      expect(found).toEqual(rows.map(({ id, container, priority }) => ({ id, container, priority, bytes: 1 })))
    })

    test('tell what their producers sent last', async () => {
      await setting.write({
        addedMessages: [
          message(1, { producerId: 'a', producerSequenceId: 9 }),
          message(2, { producerId: 'b', producerSequenceId: 3 }),
          message(3, { producerId: 'a', producerSequenceId: 4 }),
          message(4, { producerId: 'c', producerSequenceId: 1 }),
        ],
      })
      await setting.run(`UPDATE ${setting.names.messages} SET MSGID_PROD = NULL WHERE ID = 4`)
      expect(await setting.tables.producersOfMessages(10)).toEqual([
        { producerId: 'b', producerSequenceId: 3, id: 2 },
        { producerId: 'a', producerSequenceId: 9, id: 3 },
      ])
      expect((await setting.tables.producersOfMessages(1)).map(({ producerId }) => producerId)).toEqual(['a'])
    })
  })

  describe('ids', () => {
    test('never go back', async () => {
      await setting.write({ lastId: 9 })
      await setting.write({ lastId: 4 })
      expect(await setting.load()).toMatchObject({ lastId: 9, largestId: 0 })
    })

    test('of another broker are seen, in both of its tables', async () => {
      await setting.write({ lastId: 2, addedMessages: [message(4)] })
      expect(await setting.load()).toMatchObject({ lastId: 2, largestId: 4 })
      await setting.write({ addedSubscriptions: [{ ...subscription, lastAckedId: 11 }] })
      expect(await setting.load()).toMatchObject({ largestId: 11 })
    })
  })

  test('queues are known and forgotten', async () => {
    const level = { ...queue, priority: 9 }
    await setting.write({ addedQueues: [queue, level] })
    await setting.write({ addedQueues: [queue] })
    await setting.write({ removedQueues: [queue, { container: 'queue://none', priority: 0 }] })
    expect((await setting.load()).queues).toEqual([level])
  })

  describe('subscriptions', () => {
    test('are there with all that they are, and for ActiveMQ', async () => {
      const row = { ...subscription, selector: "a = 'b'", noLocal: true, acked: Buffer.of(1, 0, 255) }
      await setting.write({ addedSubscriptions: [row] })
      expect((await setting.load()).subscriptions).toEqual([row])
      const columns = 'CONTAINER, SUB_DEST, CLIENT_ID, SUB_NAME, SELECTOR, LAST_ACKED_ID, PRIORITY, XID'
      expect(await setting.run(`SELECT ${columns} FROM ${setting.names.acks}`)).toEqual([
        ['topic://T', 'topic://T', 'client', 'name', "a = 'b'", 5, 0, null],
      ])
    })

    test('have a row for each priority', async () => {
      const rows = Array.from({ length: 10 }, (_, priority) => ({ ...subscription, priority, lastAckedId: priority }))
      await setting.write({ addedSubscriptions: rows })
      await setting.write({ progress: [{ ...keyOf(rows[7]!), lastAckedId: 70, acked: null }] })
      const found = (await setting.load()).subscriptions.toSorted((one, another) => one.priority - another.priority)
      expect(found.map(({ lastAckedId }) => lastAckedId)).toEqual([0, 1, 2, 3, 4, 5, 6, 70, 8, 9])
    })

    test('may have a selector that is longer than ActiveMQ takes', async () => {
      const row = { ...subscription, selector: `a = '${'🚢'.repeat(5000)}'` }
      await setting.write({ addedSubscriptions: [row] })
      expect((await setting.load()).subscriptions).toEqual([row])
      expect(await setting.run(`SELECT SELECTOR FROM ${setting.names.acks}`)).toEqual([[null]])
    })

    test('to several topics have a marker, which is not in the table of ActiveMQ', async () => {
      const covered = { ...subscription, container: 'topic://T.A', subscribedDestination: 'topic://T.>' }
      await setting.write({ addedSubscriptions: [marker] })
      expect((await setting.load()).subscriptions).toEqual([marker])
      await setting.write({ addedSubscriptions: [covered] })
      expect(new Set((await setting.load()).subscriptions)).toEqual(new Set([marker, covered]))
      expect(await setting.run(`SELECT CONTAINER, SUB_DEST FROM ${setting.names.acks}`)).toEqual([
        ['topic://T.A', 'topic://T.>'],
      ])
      await setting.write({ removedSubscriptions: [keyOf(marker), keyOf(covered)] })
      expect((await setting.load()).subscriptions).toEqual([])
      await setting.expectEmpty(setting.names.subscriptions)
    })

    test('come further, with ranges and without', async () => {
      const second = { ...subscription, name: 'second' }
      const third = { ...subscription, name: 'third', acked: Buffer.of(3) }
      await setting.write({ addedSubscriptions: [subscription, second, third] })
      const moved = [
        { ...keyOf(subscription), lastAckedId: 6, acked: Buffer.of(1, 2) },
        { ...keyOf(second), lastAckedId: 7, acked: null },
        { ...keyOf(third), lastAckedId: 8, acked: null },
      ]
      await setting.write({ progress: moved })
      const found = (await setting.load()).subscriptions.toSorted(
        (one, another) => one.lastAckedId - another.lastAckedId,
      )
      expect(found).toMatchObject(moved)
      await setting.write({ progress: [{ ...moved[0]!, acked: Buffer.of(9) }] })
      expect((await setting.load()).subscriptions.find(({ name }) => name === 'name')).toMatchObject({
        acked: Buffer.of(9),
      })
    })

    test('that another broker made come further, too, and keep what they asked for', async () => {
      await setting.run(
        `INSERT INTO ${setting.names.acks} (CONTAINER, SUB_DEST, CLIENT_ID, SUB_NAME, SELECTOR, LAST_ACKED_ID, PRIORITY)` +
          ` VALUES ('topic://T', 'topic://T', 'client', 'name', 'a = 1', -1, 0)`,
      )
      const row = { ...subscription, selector: 'a = 1', noLocal: null }
      expect((await setting.load()).subscriptions).toEqual([{ ...row, lastAckedId: 0 }])
      await setting.write({ progress: [{ ...keyOf(row), lastAckedId: 3, acked: Buffer.of(4, 1) }] })
      expect((await setting.load()).subscriptions).toEqual([{ ...row, lastAckedId: 3, acked: Buffer.of(4, 1) }])
    })

    test('that are removed leave nothing, and may be made anew', async () => {
      const other = { ...subscription, clientId: 'other' }
      await setting.write({ addedSubscriptions: [{ ...subscription, acked: Buffer.of(1) }, other] })
      await setting.write({ removedSubscriptions: [keyOf(subscription), { ...keyOf(subscription), name: 'none' }] })
      expect((await setting.load()).subscriptions).toEqual([other])
      await setting.write({ addedSubscriptions: [subscription] })
      expect((await setting.load()).subscriptions).toContainEqual(subscription)
    })
  })

  test('producers keep the largest sequence, in the order in which they sent last', async () => {
    const a = { producerId: 'a', producerSequenceId: 5, id: 10 }
    const b = { producerId: 'b', producerSequenceId: 1, id: 11 }
    await setting.write({ producers: [a, b] })
    expect((await setting.load()).producers).toEqual([a, b])
    await setting.write({ producers: [{ ...a, producerSequenceId: 3, id: 12 }] })
    expect((await setting.load()).producers).toEqual([b, { ...a, id: 12 }])
    await setting.write({ producers: [{ ...a, producerSequenceId: 8, id: 13 }], forgottenProducers: ['b', 'none'] })
    expect((await setting.load()).producers).toEqual([{ ...a, producerSequenceId: 8, id: 13 }])
  })

  test('arrivals come back in the order of their ids', async () => {
    const arrival = (id: number) => ({ ...queue, id, producerId: 'p', producerSequenceId: id * 2 })
    await setting.write({ addedArrivals: [arrival(3), arrival(1), arrival(2)] })
    await setting.write({ addedArrivals: [arrival(4)], removedArrivals: [2, 9] })
    expect((await setting.load()).arrivals).toEqual([arrival(1), arrival(3), arrival(4)])
  })

  test('texts come back as they were, whatever they are', async () => {
    const container = { container: `queue://${awkward}`, priority: 0 }
    const producerId = `${awkward}1`
    const row = {
      ...subscription,
      container: `topic://${awkward}`,
      subscribedDestination: `topic://${awkward}`,
      clientId: awkward,
      name: awkward,
      selector: awkward,
    }
    await setting.write({
      addedMessages: [message(1, { ...container, producerId })],
      addedQueues: [container],
      addedSubscriptions: [row],
      producers: [{ producerId, producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...container, id: 1, producerId, producerSequenceId: 1 }],
    })
    expect(await setting.scan()).toMatchObject([container])
    expect(await setting.load()).toMatchObject({
      queues: [container],
      subscriptions: [row],
      producers: [{ producerId }],
      arrivals: [{ ...container, producerId }],
    })
    await setting.write({
      removedQueues: [container],
      removedSubscriptions: [keyOf(row)],
      forgottenProducers: [producerId],
    })
    expect(await setting.load()).toMatchObject({ queues: [], subscriptions: [], producers: [] })
  })

  test('names differ by case and by accents', async () => {
    const containers = ['queue://a', 'queue://A', 'queue://á'].map((container) => ({ container, priority: 0 }))
    await setting.write({
      addedQueues: containers,
      producers: ['a', 'A', 'á'].map((id) => ({ producerId: id, producerSequenceId: 1, id: 1 })),
    })
    await setting.write({ removedQueues: [containers[0]!], forgottenProducers: ['A'] })
    const { queues, producers } = await setting.load()
    expect(queues.map(({ container }) => container).toSorted()).toEqual(['queue://A', 'queue://á'])
    expect(producers.map(({ producerId }) => producerId).toSorted()).toEqual(['a', 'á'])
  })

  test('everything in one batch is written', async () => {
    const key = keyOf(subscription)
    await setting.write({
      addedMessages: [message(1), message(2)],
      addedQueues: [queue],
      addedSubscriptions: [subscription, { ...subscription, name: 'second' }],
      producers: [{ producerId: 'a', producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...queue, id: 1, producerId: 'p', producerSequenceId: 1 }],
    })
    await setting.write({
      lastId: 3,
      addedMessages: [message(3)],
      updatedMessages: [{ id: 2, blob: Buffer.from('other') }],
      removedMessages: [1],
      addedQueues: [{ container: 'queue://B', priority: 0 }],
      removedQueues: [queue],
      addedSubscriptions: [{ ...subscription, name: 'third' }],
      removedSubscriptions: [{ ...key, name: 'second' }],
      progress: [{ ...key, lastAckedId: 6, acked: Buffer.of(1) }],
      producers: [{ producerId: 'b', producerSequenceId: 1, id: 3 }],
      forgottenProducers: ['a'],
      addedArrivals: [{ ...queue, id: 3, producerId: 'p', producerSequenceId: 3 }],
      removedArrivals: [1],
    })
    expect(await setting.blobs(1, 2, 3)).toEqual({ 2: 'other', 3: 'message 3' })
    const found = await setting.load()
    expect(found).toMatchObject({
      lastId: 3,
      queues: [{ container: 'queue://B' }],
      producers: [{ producerId: 'b' }],
      arrivals: [{ id: 3 }],
    })
    expect(found.subscriptions.map(({ name, lastAckedId }) => `${name} ${lastAckedId}`).toSorted()).toEqual([
      'name 6',
      'third 5',
    ])
  })

  describe('a batch that fails', () => {
    test('leaves nothing, and the next one is written', async () => {
      await setting.write({ addedMessages: [message(2)] })
      const failed = setting.write({
        lastId: 9,
        removedMessages: [2],
        addedQueues: [queue],
        addedMessages: [message(1), message(1)],
      })
      await expect(failed).rejects.toMatchObject({ kind: 'Duplicate' })
      expect((await setting.scan()).map(({ id }) => id)).toEqual([2])
      expect(await setting.load()).toMatchObject({ lastId: 0, queues: [] })
      await setting.write({ addedMessages: [message(3)] })
      expect((await setting.scan()).map(({ id }) => id)).toEqual([2, 3])
    })
  })

  fencedTables(setting)
  activemqRows(setting)

  describe('rows of prepared transactions', () => {
    const add = Buffer.from('+rest of it').toString('base64')
    const acknowledgement = Buffer.from('-rest of it').toString('base64')

    test('are told of, and left alone', async () => {
      await setting.write({ addedMessages: [message(1), message(2), message(3)], addedSubscriptions: [subscription] })
      await setting.run(`UPDATE ${setting.names.messages} SET XID = '${add}' WHERE ID = 1`)
      await setting.run(`UPDATE ${setting.names.messages} SET XID = '${acknowledgement}' WHERE ID = 2`)
      await setting.run(`UPDATE ${setting.names.acks} SET XID = '${acknowledgement}'`)
      expect(await setting.load()).toMatchObject({ preparedMessages: 1, preparedAcknowledgements: 2 })
      expect((await setting.scan()).map(({ id }) => id)).toEqual([3])
      expect(await setting.blobs(1, 2, 3)).toEqual({ 3: 'message 3' })
      expect((await setting.tables.producersOfMessages(9)).map(({ id }) => id)).toEqual([3])
      await setting.write({ removedMessages: [1], updatedMessages: [{ id: 2, blob: Buffer.from('x') }] })
      const rows = await setting.run(`SELECT ID, XID, MSG FROM ${setting.names.messages} ORDER BY ID`)
      expect(rows.slice(0, 2)).toEqual([
        [1, add, Buffer.from('message 1')],
        [2, acknowledgement, Buffer.from('message 2')],
      ])
    })

    test('a subscription that has one is a subscription', async () => {
      await setting.write({ addedSubscriptions: [subscription] })
      await setting.run(`UPDATE ${setting.names.acks} SET XID = '${acknowledgement}'`)
      await setting.write({ progress: [{ ...keyOf(subscription), lastAckedId: 9, acked: null }] })
      expect((await setting.load()).subscriptions).toEqual([{ ...subscription, lastAckedId: 9 }])
      expect(await setting.run(`SELECT XID FROM ${setting.names.acks}`)).toEqual([[acknowledgement]])
    })
  })

  test('rows of old releases, without what came later, are read', async () => {
    await setting.run(`INSERT INTO ${setting.names.messages} (ID, CONTAINER) VALUES (1, 'queue://A')`)
    await setting.run(
      `INSERT INTO ${setting.names.acks} (CONTAINER, CLIENT_ID, SUB_NAME) VALUES ('topic://T', 'client', 'name')`,
    )
    expect(await setting.scan()).toEqual([{ id: 1, ...queue, bytes: 0 }])
    expect(await setting.blobs(1)).toEqual({ 1: '' })
    expect(await setting.load()).toMatchObject({
      largestId: 1,
      subscriptions: [{ ...subscription, noLocal: null, priority: 5, lastAckedId: 0 }],
    })
  })

  test('a batch of any size is written, or nothing of it', async () => {
    await setting.load()
    const blob = Buffer.alloc(1_000_000, 0x27)
    const rows = Array.from({ length: 20 }, (_, index) => message(index + 1, { blob }))
    const failed = setting.write({ lastId: 20, addedMessages: [...rows, message(1)] })
    await expect(failed).rejects.toMatchObject({ kind: 'Duplicate' })
    expect(await setting.scan()).toEqual([])
    await expect(setting.write({ addedMessages: rows }, { ...setting.proof, term: 6 })).rejects.toMatchObject({
      kind: 'Fenced',
    })
    expect(await setting.scan()).toEqual([])
    await setting.write({ lastId: 20, addedMessages: rows, addedQueues: [queue] })
    expect(await setting.scan()).toHaveLength(20)
    expect((await setting.tables.read([20]))[0]!.blob.equals(blob)).toBe(true)
    expect((await setting.load()).lastId).toBe(20)
  })
}

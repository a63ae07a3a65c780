// What the SQL store expects of its tables, whichever database they are in: broker/store/sql/store-tables.ts.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTables } from '../../broker/sql/create-tables.ts'
import type { SqlSession } from '../../broker/sql/database.ts'
import { tableNames, type TableNames } from '../../broker/sql/table-names.ts'
import { tableLimits } from '../../broker/store/sql/limits.ts'
import type {
  FoundMessageRow,
  MessageRow,
  StoreTables,
  SubscriptionRow,
  WriteBatch,
  WriterProof,
} from '../../broker/store/sql/store-tables.ts'

export interface TablesUnderTest {
  /** Another one with each call. */
  connect(): Promise<SqlSession>
  open(session: SqlSession, names: TableNames): StoreTables
  /** Counts the statements that wait for a lock and have this text in them. */
  waitingWith(text: string): string
  close(): Promise<void>
}

const nothing: WriteBatch = {
  lastId: 0,
  addedMessages: [],
  updatedMessages: [],
  removedMessages: [],
  addedQueues: [],
  removedQueues: [],
  addedSubscriptions: [],
  removedSubscriptions: [],
  progress: [],
  producers: [],
  forgottenProducers: [],
  addedArrivals: [],
  removedArrivals: [],
}

const queue = { container: 'queue://A', priority: 0 }

const message = (id: number, change: Partial<MessageRow> = {}): MessageRow => ({
  ...queue,
  id,
  producerId: 'ID:p-1',
  producerSequenceId: id,
  expiration: 0,
  blob: Buffer.from(`message ${id}`),
  ...change,
})

const subscription: SubscriptionRow = {
  container: 'topic://T',
  priority: 0,
  clientId: 'client',
  name: 'name',
  subscribedDestination: 'topic://T',
  selector: null,
  noLocal: false,
  lastAckedId: 5,
  acked: null,
}

const marker: SubscriptionRow = {
  ...subscription,
  container: 'topic://T.>',
  subscribedDestination: 'topic://T.>',
  lastAckedId: 0,
}

const keyOf = ({ container, priority, clientId, name }: SubscriptionRow) => ({ container, priority, clientId, name })

const awkward = `l'été "quoted" \\ %_ ; -- 🚢 \u00df\u4e2d \t?`

let runs = 0

export function storeTablesContract(start: () => Promise<TablesUnderTest>): void {
  let under: TablesUnderTest
  let session: SqlSession
  let other: SqlSession
  let names: TableNames
  let tables: StoreTables
  const proof: WriterProof = { term: 7, leaseHolder: undefined }

  beforeAll(async () => {
    under = await start()
    other = await under.connect()
  })

  afterEach(() => session.close())

  afterAll(async () => {
    await other.close()
    await under.close()
  })

  beforeEach(async () => {
    session = await under.connect()
    names = tableNames(`T${process.pid}_${++runs}_`)
    for (const statement of createTables(session.kind, names)) await session.run(statement)
    await run(`UPDATE ${names.state} SET TERM = 7 WHERE ID = 1`)
    tables = under.open(session, names)
  })

  const run = async (text: string): Promise<readonly (readonly unknown[])[]> => (await other.run({ text }))[0]!.rows
  const write = (batch: Partial<WriteBatch>, by = proof): Promise<void> => tables.write({ ...nothing, ...batch }, by)
  const load = (by = proof) => tables.load(by)

  async function scan(): Promise<FoundMessageRow[]> {
    const found: FoundMessageRow[] = []
    await tables.scan((rows) => found.push(...rows))
    return found
  }

  async function blobs(...ids: number[]): Promise<Record<number, string>> {
    const found = await tables.read(ids)
    return Object.fromEntries(found.map(({ id, blob }) => [id, blob.toString()]))
  }

  const all = (table: string): Promise<readonly (readonly unknown[])[]> => run(`SELECT * FROM ${table}`)

  test('new tables have nothing in them', async () => {
    expect(await load()).toEqual({
      lastId: 0,
      largestId: 0,
      queues: [],
      subscriptions: [],
      producers: [],
      arrivals: [],
      preparedMessages: 0,
      preparedAcknowledgements: 0,
    })
    expect(await scan()).toEqual([])
    expect(await tables.read([])).toEqual([])
    expect(await tables.read([1])).toEqual([])
    expect(await tables.producersOfMessages(10)).toEqual([])
  })

  describe('messages', () => {
    test('are there as they were written, and in the columns of ActiveMQ', async () => {
      const blob = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
      await write({ lastId: 1, addedMessages: [message(1, { blob, expiration: 1_900_000_000_000, priority: 9 })] })
      expect(await tables.read([1])).toEqual([{ id: 1, blob }])
      expect(await scan()).toEqual([{ id: 1, ...queue, priority: 9, bytes: 512 }])
      const columns = 'ID, CONTAINER, MSGID_PROD, MSGID_SEQ, EXPIRATION, PRIORITY, XID'
      expect(await run(`SELECT ${columns} FROM ${names.messages}`)).toEqual([
        [1, 'queue://A', 'ID:p-1', 1, 1_900_000_000_000, 9, null],
      ])
    })

    test('are read by their ids, of which some are not there', async () => {
      await write({ addedMessages: [message(3), message(5), message(9)] })
      expect(await blobs(9, 4, 3)).toEqual({ 3: 'message 3', 9: 'message 9' })
    })

    test('get other bytes', async () => {
      await write({ addedMessages: [message(1), message(2)] })
      await write({
        updatedMessages: [
          { id: 2, blob: Buffer.from('second') },
          { id: 3, blob: Buffer.from('not there') },
        ],
      })
      expect(await blobs(1, 2, 3)).toEqual({ 1: 'message 1', 2: 'second' })
    })

    test('are removed, whether they are there or not', async () => {
      await write({ addedMessages: [message(1), message(2), message(3)] })
      await write({ addedMessages: [message(4)], removedMessages: [1, 3, 77] })
      expect((await scan()).map(({ id }) => id)).toEqual([2, 4])
    })

    test('may have an empty blob', async () => {
      await write({ addedMessages: [message(1, { blob: Buffer.alloc(0) })] })
      expect(await blobs(1)).toEqual({ 1: '' })
      expect((await scan())[0]).toMatchObject({ bytes: 0 })
    })

    test('may have numbers of clients that no double and no database has room for', async () => {
      await write({ addedMessages: [message(1, { expiration: 2 ** 63, producerSequenceId: -(2 ** 63) })] })
      expect(await run(`SELECT EXPIRATION, MSGID_SEQ FROM ${names.messages}`)).toEqual([
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
      await write({ addedMessages: rows })
      const pages: number[] = []
      const found: FoundMessageRow[] = []
      await tables.scan((page) => {
        pages.push(page.length)
        found.push(...page)
      })
      expect(pages).toEqual([tableLimits.scannedRows, 10])
      expect(found).toEqual(rows.map(({ id, container, priority }) => ({ id, container, priority, bytes: 1 })))
    })

    test('tell what their producers sent last', async () => {
      await write({
        addedMessages: [
          message(1, { producerId: 'a', producerSequenceId: 9 }),
          message(2, { producerId: 'b', producerSequenceId: 3 }),
          message(3, { producerId: 'a', producerSequenceId: 4 }),
          message(4, { producerId: 'c', producerSequenceId: 1 }),
        ],
      })
      await run(`UPDATE ${names.messages} SET MSGID_PROD = NULL WHERE ID = 4`)
      expect(await tables.producersOfMessages(10)).toEqual([
        { producerId: 'b', producerSequenceId: 3, id: 2 },
        { producerId: 'a', producerSequenceId: 9, id: 3 },
      ])
      expect((await tables.producersOfMessages(1)).map(({ producerId }) => producerId)).toEqual(['a'])
    })
  })

  describe('ids', () => {
    test('never go back', async () => {
      await write({ lastId: 9 })
      await write({ lastId: 4 })
      expect(await load()).toMatchObject({ lastId: 9, largestId: 0 })
    })

    test('of another broker are seen, in both of its tables', async () => {
      await write({ lastId: 2, addedMessages: [message(4)] })
      expect(await load()).toMatchObject({ lastId: 2, largestId: 4 })
      await write({ addedSubscriptions: [{ ...subscription, lastAckedId: 11 }] })
      expect(await load()).toMatchObject({ largestId: 11 })
    })
  })

  test('queues are known and forgotten', async () => {
    const level = { ...queue, priority: 9 }
    await write({ addedQueues: [queue, level] })
    await write({ addedQueues: [queue] })
    await write({ removedQueues: [queue, { container: 'queue://none', priority: 0 }] })
    expect((await load()).queues).toEqual([level])
  })

  describe('subscriptions', () => {
    test('are there with all that they are, and for ActiveMQ', async () => {
      const row = { ...subscription, selector: "a = 'b'", noLocal: true, acked: Buffer.of(1, 0, 255) }
      await write({ addedSubscriptions: [row] })
      expect((await load()).subscriptions).toEqual([row])
      const columns = 'CONTAINER, SUB_DEST, CLIENT_ID, SUB_NAME, SELECTOR, LAST_ACKED_ID, PRIORITY, XID'
      expect(await run(`SELECT ${columns} FROM ${names.acks}`)).toEqual([
        ['topic://T', 'topic://T', 'client', 'name', "a = 'b'", 5, 0, null],
      ])
    })

    test('have a row for each priority', async () => {
      const rows = Array.from({ length: 10 }, (_, priority) => ({ ...subscription, priority, lastAckedId: priority }))
      await write({ addedSubscriptions: rows })
      await write({ progress: [{ ...keyOf(rows[7]!), lastAckedId: 70, acked: null }] })
      const found = (await load()).subscriptions.toSorted((one, another) => one.priority - another.priority)
      expect(found.map(({ lastAckedId }) => lastAckedId)).toEqual([0, 1, 2, 3, 4, 5, 6, 70, 8, 9])
    })

    test('may have a selector that is longer than ActiveMQ takes', async () => {
      const row = { ...subscription, selector: `a = '${'🚢'.repeat(5000)}'` }
      await write({ addedSubscriptions: [row] })
      expect((await load()).subscriptions).toEqual([row])
      expect(await run(`SELECT SELECTOR FROM ${names.acks}`)).toEqual([[null]])
    })

    test('to several topics have a marker, which is not in the table of ActiveMQ', async () => {
      const covered = { ...subscription, container: 'topic://T.A', subscribedDestination: 'topic://T.>' }
      await write({ addedSubscriptions: [marker] })
      expect((await load()).subscriptions).toEqual([marker])
      await write({ addedSubscriptions: [covered] })
      expect(new Set((await load()).subscriptions)).toEqual(new Set([marker, covered]))
      expect(await run(`SELECT CONTAINER, SUB_DEST FROM ${names.acks}`)).toEqual([['topic://T.A', 'topic://T.>']])
      await write({ removedSubscriptions: [keyOf(marker), keyOf(covered)] })
      expect((await load()).subscriptions).toEqual([])
      expect(await all(names.subscriptions)).toEqual([])
    })

    test('come further, with ranges and without', async () => {
      const second = { ...subscription, name: 'second' }
      const third = { ...subscription, name: 'third', acked: Buffer.of(3) }
      await write({ addedSubscriptions: [subscription, second, third] })
      const moved = [
        { ...keyOf(subscription), lastAckedId: 6, acked: Buffer.of(1, 2) },
        { ...keyOf(second), lastAckedId: 7, acked: null },
        { ...keyOf(third), lastAckedId: 8, acked: null },
      ]
      await write({ progress: moved })
      const found = (await load()).subscriptions.toSorted((one, another) => one.lastAckedId - another.lastAckedId)
      expect(found).toMatchObject(moved)
      await write({ progress: [{ ...moved[0]!, acked: Buffer.of(9) }] })
      expect((await load()).subscriptions.find(({ name }) => name === 'name')).toMatchObject({ acked: Buffer.of(9) })
    })

    test('that another broker made come further, too, and keep what they asked for', async () => {
      await run(
        `INSERT INTO ${names.acks} (CONTAINER, SUB_DEST, CLIENT_ID, SUB_NAME, SELECTOR, LAST_ACKED_ID, PRIORITY)` +
          ` VALUES ('topic://T', 'topic://T', 'client', 'name', 'a = 1', -1, 0)`,
      )
      const row = { ...subscription, selector: 'a = 1' }
      expect((await load()).subscriptions).toEqual([{ ...row, lastAckedId: 0 }])
      await write({ progress: [{ ...keyOf(row), lastAckedId: 3, acked: Buffer.of(4, 1) }] })
      expect((await load()).subscriptions).toEqual([{ ...row, lastAckedId: 3, acked: Buffer.of(4, 1) }])
    })

    test('that are removed leave nothing, and may be made anew', async () => {
      const other = { ...subscription, clientId: 'other' }
      await write({ addedSubscriptions: [{ ...subscription, acked: Buffer.of(1) }, other] })
      await write({ removedSubscriptions: [keyOf(subscription), { ...keyOf(subscription), name: 'none' }] })
      expect((await load()).subscriptions).toEqual([other])
      await write({ addedSubscriptions: [subscription] })
      expect((await load()).subscriptions).toContainEqual(subscription)
    })
  })

  test('producers keep the largest sequence, in the order in which they sent last', async () => {
    const a = { producerId: 'a', producerSequenceId: 5, id: 10 }
    const b = { producerId: 'b', producerSequenceId: 1, id: 11 }
    await write({ producers: [a, b] })
    expect((await load()).producers).toEqual([a, b])
    await write({ producers: [{ ...a, producerSequenceId: 3, id: 12 }] })
    expect((await load()).producers).toEqual([b, { ...a, id: 12 }])
    await write({ producers: [{ ...a, producerSequenceId: 8, id: 13 }], forgottenProducers: ['b', 'none'] })
    expect((await load()).producers).toEqual([{ ...a, producerSequenceId: 8, id: 13 }])
  })

  test('arrivals come back in the order of their ids', async () => {
    const arrival = (id: number) => ({ ...queue, id, producerId: 'p', producerSequenceId: id * 2 })
    await write({ addedArrivals: [arrival(3), arrival(1), arrival(2)] })
    await write({ addedArrivals: [arrival(4)], removedArrivals: [2, 9] })
    expect((await load()).arrivals).toEqual([arrival(1), arrival(3), arrival(4)])
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
    await write({
      addedMessages: [message(1, { ...container, producerId })],
      addedQueues: [container],
      addedSubscriptions: [row],
      producers: [{ producerId, producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...container, id: 1, producerId, producerSequenceId: 1 }],
    })
    expect(await scan()).toMatchObject([container])
    expect(await load()).toMatchObject({
      queues: [container],
      subscriptions: [row],
      producers: [{ producerId }],
      arrivals: [{ ...container, producerId }],
    })
    await write({
      removedQueues: [container],
      removedSubscriptions: [keyOf(row)],
      forgottenProducers: [producerId],
    })
    expect(await load()).toMatchObject({ queues: [], subscriptions: [], producers: [] })
  })

  test('names differ by case and by accents', async () => {
    const containers = ['queue://a', 'queue://A', 'queue://á'].map((container) => ({ container, priority: 0 }))
    await write({
      addedQueues: containers,
      producers: ['a', 'A', 'á'].map((id) => ({ producerId: id, producerSequenceId: 1, id: 1 })),
    })
    await write({ removedQueues: [containers[0]!], forgottenProducers: ['A'] })
    const { queues, producers } = await load()
    expect(queues.map(({ container }) => container).toSorted()).toEqual(['queue://A', 'queue://á'])
    expect(producers.map(({ producerId }) => producerId).toSorted()).toEqual(['a', 'á'])
  })

  test('everything in one batch is written', async () => {
    const key = keyOf(subscription)
    await write({
      addedMessages: [message(1), message(2)],
      addedQueues: [queue],
      addedSubscriptions: [subscription, { ...subscription, name: 'second' }],
      producers: [{ producerId: 'a', producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...queue, id: 1, producerId: 'p', producerSequenceId: 1 }],
    })
    await write({
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
    expect(await blobs(1, 2, 3)).toEqual({ 2: 'other', 3: 'message 3' })
    const found = await load()
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
      await write({ addedMessages: [message(2)] })
      const failed = write({
        lastId: 9,
        removedMessages: [2],
        addedQueues: [queue],
        addedMessages: [message(1), message(1)],
      })
      await expect(failed).rejects.toMatchObject({ kind: 'Duplicate' })
      expect((await scan()).map(({ id }) => id)).toEqual([2])
      expect(await load()).toMatchObject({ lastId: 0, queues: [] })
      await write({ addedMessages: [message(3)] })
      expect((await scan()).map(({ id }) => id)).toEqual([2, 3])
    })
  })

  describe('a larger term', () => {
    const full: Partial<WriteBatch> = {
      lastId: 50,
      addedMessages: [message(50)],
      removedMessages: [1],
      updatedMessages: [{ id: 2, blob: Buffer.from('other') }],
      addedQueues: [queue],
      addedSubscriptions: [subscription],
      producers: [{ producerId: 'a', producerSequenceId: 1, id: 1 }],
      addedArrivals: [{ ...queue, id: 1, producerId: 'p', producerSequenceId: 1 }],
    }

    async function nothingOfIt(): Promise<void> {
      expect(await blobs(1, 2, 50)).toEqual({ 1: 'message 1', 2: 'message 2' })
      for (const table of [names.queues, names.acks, names.subscriptions, names.producers, names.arrivals])
        expect({ table, rows: await all(table) }).toEqual({ table, rows: [] })
      expect(await run(`SELECT LAST_ID FROM ${names.state}`)).toEqual([[0]])
    }

    test('lets nobody of a smaller one write or load', async () => {
      await write({ addedMessages: [message(1), message(2)] })
      await run(`UPDATE ${names.state} SET TERM = 8 WHERE ID = 1`)
      await expect(write(full)).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(load()).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
      await write({ addedMessages: [message(3)] }, { ...proof, term: 8 })
      expect(await blobs(3)).toEqual({ 3: 'message 3' })
    })

    test('lets nobody write who waited for it to be there', async () => {
      await write({ addedMessages: [message(1), message(2)] })
      await run('BEGIN')
      await run(`UPDATE ${names.state} SET TERM = 8 WHERE ID = 1`)
      const writing = write(full)
      await waitingFor(names.state)
      await run('COMMIT')
      await expect(writing).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
    })

    test('that does not come to be lets the one who waited write', async () => {
      await write({ addedMessages: [message(1), message(2)] })
      await run('BEGIN')
      await run(`UPDATE ${names.state} SET TERM = 8 WHERE ID = 1`)
      const writing = write(full)
      await waitingFor(names.state)
      await run('ROLLBACK')
      await writing
      expect(await blobs(1, 2, 50)).toEqual({ 2: 'other', 50: 'message 50' })
    })

    test('another name in the lock table is as good', async () => {
      const ours = { ...proof, leaseHolder: "flotilla:it's/me" }
      await run(`UPDATE ${names.lock} SET BROKER_NAME = 'flotilla:it''s/me' WHERE ID = 1`)
      await write({ addedMessages: [message(1), message(2)] }, ours)
      await load(ours)
      await run('BEGIN')
      await run(`UPDATE ${names.lock} SET BROKER_NAME = 'somebody' WHERE ID = 1`)
      const writing = write(full, ours)
      await waitingFor(names.lock)
      await run('COMMIT')
      await expect(writing).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(write(full, ours)).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(load(ours)).rejects.toMatchObject({ kind: 'Fenced' })
      await nothingOfIt()
      await run(`UPDATE ${names.lock} SET BROKER_NAME = NULL WHERE ID = 1`)
      await expect(write(full, ours)).rejects.toMatchObject({ kind: 'Fenced' })
    })

    test('tables without their rows are nobody’s', async () => {
      await run(`DELETE FROM ${names.lock}`)
      await expect(write({ addedQueues: [queue] }, { ...proof, leaseHolder: 'me' })).rejects.toMatchObject({
        kind: 'Fenced',
      })
      await run(`DELETE FROM ${names.state}`)
      await expect(write({ addedQueues: [queue] })).rejects.toMatchObject({ kind: 'Fenced' })
      await expect(load()).rejects.toMatchObject({ kind: 'Fenced' })
      expect(await all(names.queues)).toEqual([])
    })

    async function waitingFor(table: string): Promise<void> {
      while (Number((await run(under.waitingWith(table)))[0]![0]) === 0);
    }
  })

  describe('rows of prepared transactions', () => {
    const add = Buffer.from('+rest of it').toString('base64')
    const acknowledgement = Buffer.from('-rest of it').toString('base64')

    test('are told of, and left alone', async () => {
      await write({ addedMessages: [message(1), message(2), message(3)], addedSubscriptions: [subscription] })
      await run(`UPDATE ${names.messages} SET XID = '${add}' WHERE ID = 1`)
      await run(`UPDATE ${names.messages} SET XID = '${acknowledgement}' WHERE ID = 2`)
      await run(`UPDATE ${names.acks} SET XID = '${acknowledgement}'`)
      expect(await load()).toMatchObject({ preparedMessages: 1, preparedAcknowledgements: 2 })
      expect((await scan()).map(({ id }) => id)).toEqual([3])
      expect(await blobs(1, 2, 3)).toEqual({ 3: 'message 3' })
      expect((await tables.producersOfMessages(9)).map(({ id }) => id)).toEqual([3])
      await write({ removedMessages: [1], updatedMessages: [{ id: 2, blob: Buffer.from('x') }] })
      const rows = await run(`SELECT ID, XID, MSG FROM ${names.messages} ORDER BY ID`)
      expect(rows.slice(0, 2)).toEqual([
        [1, add, Buffer.from('message 1')],
        [2, acknowledgement, Buffer.from('message 2')],
      ])
    })

    test('a subscription that has one is a subscription', async () => {
      await write({ addedSubscriptions: [subscription] })
      await run(`UPDATE ${names.acks} SET XID = '${acknowledgement}'`)
      await write({ progress: [{ ...keyOf(subscription), lastAckedId: 9, acked: null }] })
      expect((await load()).subscriptions).toEqual([{ ...subscription, lastAckedId: 9 }])
      expect(await run(`SELECT XID FROM ${names.acks}`)).toEqual([[acknowledgement]])
    })
  })

  test('rows of old releases, without what came later, are read', async () => {
    await run(`INSERT INTO ${names.messages} (ID, CONTAINER) VALUES (1, 'queue://A')`)
    await run(`INSERT INTO ${names.acks} (CONTAINER, CLIENT_ID, SUB_NAME) VALUES ('topic://T', 'client', 'name')`)
    expect(await scan()).toEqual([{ id: 1, ...queue, bytes: 0 }])
    expect(await blobs(1)).toEqual({ 1: '' })
    expect(await load()).toMatchObject({
      largestId: 1,
      subscriptions: [{ ...subscription, priority: 5, lastAckedId: 0 }],
    })
  })

  test('a batch of any size is written, or nothing of it', async () => {
    await load()
    const blob = Buffer.alloc(1_000_000, 0x27)
    const rows = Array.from({ length: 20 }, (_, index) => message(index + 1, { blob }))
    const failed = write({ lastId: 20, addedMessages: [...rows, message(1)] })
    await expect(failed).rejects.toMatchObject({ kind: 'Duplicate' })
    expect(await scan()).toEqual([])
    await expect(write({ addedMessages: rows }, { ...proof, term: 6 })).rejects.toMatchObject({ kind: 'Fenced' })
    expect(await scan()).toEqual([])
    await write({ lastId: 20, addedMessages: rows, addedQueues: [queue] })
    expect(await scan()).toHaveLength(20)
    expect((await tables.read([20]))[0]!.blob.equals(blob)).toBe(true)
    expect((await load()).lastId).toBe(20)
  })
}

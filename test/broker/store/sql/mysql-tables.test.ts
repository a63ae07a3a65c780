// The tables in a real MySQL or MariaDB, where this machine has one; and what needs a server that is far larger, played.
import { describe, expect, test } from '@jest/globals'
import { constants } from 'node:buffer'
import { silentLogger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import type { SqlResult, SqlSession } from '../../../../broker/sql/database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { CollectedBatch } from '../../../../broker/store/sql/collected-batch.ts'
import { sqlStoreLimits, tableLimits } from '../../../../broker/store/sql/limits.ts'
import { MysqlTables } from '../../../../broker/store/sql/mysql-tables.ts'
import { openTables } from '../../../../broker/store/sql/open-tables.ts'
import { storeTablesContract } from '../../../contract/store-tables.ts'
import { freshDatabase, testDatabases, type TestDatabase } from '../../../support/databases.ts'
import { message } from '../../../support/store-content.ts'

const server = (await testDatabases()).find(({ kind }) => kind === 'mysql')

const options = { applicationName: 'flotilla/test', answerTimeoutMs: 60_000 }

async function openDatabase(of: TestDatabase): Promise<{ readonly database: MysqlDatabase; drop(): Promise<void> }> {
  const { url, drop } = await freshDatabase(of)
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  return { database: new MysqlDatabase({ source, clock: systemClock, logger: silentLogger }), drop }
}

if (server) {
  storeTablesContract(async () => {
    const { database, drop } = await openDatabase(server)
    return {
      connect: () => database.connect(options),
      open: openTables,
      // What waits is seen in INNODB_TRX only by those who look less often than every 0.1 s.
      waitingWith: (text) =>
        `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE '%${text}%'`,
      close: drop,
    }
  })

  test('a column that ActiveMQ made too small, and a server that takes small packets, say how large a blob may be', async () => {
    const { database, drop } = await openDatabase(server)
    const session = await database.connect(options)
    const names = tableNames('')
    for (const statement of createTables('mysql', names)) await session.run(statement)
    const tables = openTables(session, names)
    await tables.load({ term: 0, leaseHolder: undefined })
    const [packet] = await session.run({ text: 'SELECT @@max_allowed_packet' })
    expect(tables.largestBlob).toBe(tables.largestBatch)
    expect(tables.largestBatch * 2).toBeLessThan(packet!.rows[0]![0] as number)
    await session.run({ text: `ALTER TABLE ${names.messages} MODIFY MSG BLOB` })
    await tables.load({ term: 0, leaseHolder: undefined })
    expect(tables.largestBlob).toBe(65_535)
    await session.close()
    await drop()
  })
} else describe.skip('MySQL', () => test('this machine has none', () => {}))

const playedSession = (answer: (text: string) => readonly SqlResult[]): SqlSession => ({
  kind: 'mysql',
  run: ({ text }) => Promise.resolve(answer(text)),
  lost: new Promise(() => {}),
  close: () => Promise.resolve(),
})

describe('a large server', () => {
  test('whose packets are larger than any text of ours gets none that cannot be made', async () => {
    const session = playedSession((text) => {
      if (text.includes('@@max_allowed_packet'))
        return [
          { rows: [[2 ** 30]], changed: 0 },
          { rows: [[2 ** 32 - 1]], changed: 0 },
        ]
      return [
        { rows: [[null]], changed: 0 },
        { rows: [[1, 0]], changed: 0 },
        ...Array.from({ length: 8 }, () => ({ rows: [], changed: 0 })),
      ]
    })
    const tables = new MysqlTables(session, tableNames(''))
    await tables.load({ term: 1, leaseHolder: undefined })
    expect(2 * tables.largestBatch).toBeLessThan(constants.MAX_STRING_LENGTH)
    expect(tables.largestBlob).toBeGreaterThan(100 * 2 ** 20)
  })

  test('has the row of the lock locked at the end of a large batch only: meanwhile the lease is to be renewed', async () => {
    const texts: string[] = []
    const session = playedSession((text) => {
      texts.push(text)
      if (text.includes('@@max_allowed_packet'))
        return [
          { rows: [[2 ** 30]], changed: 0 },
          { rows: [[2 ** 32 - 1]], changed: 0 },
        ]
      return [
        { rows: [['me']], changed: 0 },
        { rows: [[1, 0]], changed: 0 },
        ...Array.from({ length: 8 }, () => ({ rows: [], changed: 0 })),
      ]
    })
    const tables = new MysqlTables(session, tableNames(''))
    const proof = { term: 1, leaseHolder: 'me' }
    await tables.load(proof)
    const collected = new CollectedBatch()
    for (const sequence of [1, 2])
      collected.addMessage(
        { container: 'queue://X', priority: 0 },
        { ...message('large'), bytes: Buffer.alloc(tableLimits.mysqlQuickText / 2) },
        sequence,
      )
    const removing = new CollectedBatch()
    for (let sequence = 1; sequence <= sqlStoreLimits.removedAtOnce; sequence++) removing.removeMessage(sequence)
    for (const batch of [collected.build(2), removing.build(2)]) {
      texts.length = 0
      await tables.write(batch, proof)
      expect(texts.length).toBeGreaterThan(1)
      expect(texts.filter((text) => text.includes('LOCK IN SHARE MODE'))).toEqual([texts.at(-1)])
      expect(texts.at(-1)!.length).toBeLessThan(4096)
      // A member that is paused in between does not keep the next one from its rows.
      expect(texts[0]!.includes('SET SESSION wait_timeout = 10;\nSTART TRANSACTION')).toBe(true)
      expect(texts.at(-1)).toMatch(/COMMIT;\nSET SESSION wait_timeout = /)
    }
  })

  test('reads pages that are the smaller the larger its messages are: to tell their sizes it reads them', async () => {
    const bytes = [...Array.from({ length: 5000 }, () => 1000), ...Array.from({ length: 5000 }, () => 10_000_000)]
    const pages: number[] = []
    const session = playedSession((text) => {
      const [after, limit] = [/ID > (-?\d+)/, /LIMIT (\d+)/].map((found) => Number(found.exec(text)![1]))
      const first = Math.max(0, after! + 1)
      const rows = bytes.slice(first, first + limit!).map((size, index) => [first + index, 'queue://X', 0, size])
      pages.push(rows.reduce((sum, row) => sum + (row[3] as number), 0))
      return [{ rows, changed: 0 }]
    })
    let count = 0
    await new MysqlTables(session, tableNames('')).scan((rows) => (count += rows.length))
    expect(count).toBe(10_000)
    // The one that comes upon them knows nothing of it.
    expect(pages.filter((size) => size > 2 * tableLimits.mysqlScannedBytes)).toHaveLength(1)
    expect(Math.max(...pages)).toBeLessThanOrEqual(tableLimits.mysqlScannedRows * 10_000_000)
    expect(pages.length).toBeLessThan(250)
  })
})

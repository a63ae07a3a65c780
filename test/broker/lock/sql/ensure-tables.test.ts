// Tables on real databases: made once, by however many; mended where ActiveMQ's are of an old release; and left alone where they are all there.
import { afterAll, describe, expect, test } from '@jest/globals'
import { ensureTables } from '../../../../broker/lock/sql/ensure-tables.ts'
import type { SqlSession } from '../../../../broker/sql/database.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { openTestDatabase } from '../../../support/observed-database.ts'
import { runSql } from '../../../support/run-sql.ts'

const databases = await Promise.all((await testDatabases()).map((server) => freshDatabase(server)))
const sessions: SqlSession[] = []
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()))
  await Promise.all(databases.map(({ drop }) => drop()))
})

describe.each(databases)('on $kind', ({ kind, url }) => {
  async function connect(): Promise<SqlSession> {
    const database = await openTestDatabase({ kind, url })
    const session = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 60_000 })
    sessions.push(session)
    return session
  }

  test('several members that make them at the same moment all come through, and find all of them', async () => {
    const names = tableNames('many_')
    const members = await Promise.all(Array.from({ length: 4 }, connect))
    await Promise.all(members.map((session) => ensureTables(session, names, connect)))
    await ensureTables(members[0]!, names)
    for (const table of [names.lock, names.state])
      expect((await members[0]!.run({ text: `SELECT ID FROM ${table}` }))[0]!.rows).toEqual([[1]])
  })

  test('what is missing is named, and the option that makes it', async () => {
    const names = tableNames('none_')
    const session = await connect()
    await expect(ensureTables(session, names)).rejects.toMatchObject({
      kind: 'Missing',
      message:
        'Cannot use the database: table none_ACTIVEMQ_MSGS is not there; create it, or set createTables: true for a user who may',
    })
    await ensureTables(session, names, connect)
    await session.run({ text: `DROP TABLE ${names.producers}` })
    await expect(ensureTables(session, names)).rejects.toThrow('table none_FLOTILLA_PRODUCERS is not there')
  })

  test("ActiveMQ's of an old release get the columns that they lack, and keep their rows", async () => {
    const names = tableNames('old_')
    const blob = kind === 'postgresql' ? 'BYTEA' : 'LONGBLOB'
    await runSql(
      url,
      `CREATE TABLE ${names.messages} (ID BIGINT NOT NULL, CONTAINER VARCHAR(250), MSGID_PROD VARCHAR(250), MSGID_SEQ BIGINT, EXPIRATION BIGINT, MSG ${blob}, PRIMARY KEY (ID))`,
    )
    await runSql(
      url,
      `CREATE TABLE ${names.acks} (CONTAINER VARCHAR(250) NOT NULL, SUB_DEST VARCHAR(250), CLIENT_ID VARCHAR(250) NOT NULL, SUB_NAME VARCHAR(250) NOT NULL, SELECTOR VARCHAR(250), LAST_ACKED_ID BIGINT, CONSTRAINT pk_old_acks PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME))`,
    )
    await runSql(url, `INSERT INTO ${names.acks} (CONTAINER, CLIENT_ID, SUB_NAME) VALUES ('topic://a', 'c', 's')`)
    const session = await connect()
    await ensureTables(session, names, connect)
    const [found] = await session.run({ text: `SELECT CLIENT_ID, PRIORITY, XID FROM ${names.acks}` })
    expect(found!.rows).toEqual([['c', 5, null]])
    await ensureTables(session, names)
  })

  test('a user without the right to make any goes on where all are there, while the active writes', async () => {
    const names = tableNames('all_')
    await ensureTables(await connect(), names, connect)
    const active = await connect()
    await active.run({ text: 'BEGIN' })
    await active.run({ text: `INSERT INTO ${names.messages} (ID, CONTAINER) VALUES (1, 'queue://a')` })
    await ensureTables(await connect(), names, () => Promise.reject(new Error('nothing is to be made')))
    await active.run({ text: 'ROLLBACK' })
  })

  if (kind === 'mysql')
    test('a table without transactions is refused, with what mends it', async () => {
      const names = tableNames('isam_')
      await ensureTables(await connect(), names, connect)
      await runSql(url, `ALTER TABLE ${names.lock} ENGINE=MyISAM`)
      await expect(ensureTables(await connect(), names)).rejects.toThrow(
        'its engine MyISAM has no transactions; ALTER TABLE isam_ACTIVEMQ_LOCK ENGINE=InnoDB',
      )
    })
})

// Tables exactly as ActiveMQ 5.17 makes them, by its adapters for PostgreSQL and MySQL and by the one that it takes for unknown drivers.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLogger, type Logger } from '../../../../broker/base/logger.ts'
import { systemClock } from '../../../../broker/base/clock.ts'
import type { Database } from '../../../../broker/sql/database.ts'
import { JdbcSource } from '../../../../broker/sql/jdbc-source.ts'
import { MysqlDatabase } from '../../../../broker/sql/mysql/mysql-database.ts'
import { PostgresDatabase } from '../../../../broker/sql/postgres/postgres-database.ts'
import { createTables } from '../../../../broker/sql/create-tables.ts'
import { tableNames } from '../../../../broker/sql/table-names.ts'
import { mendTables } from '../../../../broker/store/sql/mend-tables.ts'
import { freshDatabase, testDatabases } from '../../../support/databases.ts'
import { runSql } from '../../../support/run-sql.ts'

interface Place {
  readonly database: Database
  readonly url: string
  /** What was done to the tables, as the log tells it. */
  mend(): Promise<readonly unknown[]>
  drop(): Promise<void>
}

const servers = await testDatabases()

async function placeOf(kind: Database['kind'], statements: readonly string[]): Promise<Place> {
  const { url, drop } = await freshDatabase(servers.find((server) => server.kind === kind)!)
  for (const statement of statements) await runSql(url, statement)
  const source = await JdbcSource.open({ url }, () => Promise.reject(new Error('no file')))
  const parts = { source, clock: systemClock, logger: silentLogger }
  const database = kind === 'postgresql' ? new PostgresDatabase(parts) : new MysqlDatabase(parts)
  const mend = async (): Promise<readonly unknown[]> => {
    const done: unknown[] = []
    const logger: Logger = { ...silentLogger, info: (_, fields) => done.push(fields!.statement) }
    const looking = await database.connect({ applicationName: 'flotilla/test', answerTimeoutMs: 10_000 })
    await mendTables(looking, { database, names: tableNames(''), logger, applicationName: 'flotilla/test' })
    await looking.close()
    return done
  }
  return { database, url, mend, drop }
}

const lock = 'CREATE TABLE ACTIVEMQ_LOCK(ID BIGINT NOT NULL, TIME BIGINT, BROKER_NAME VARCHAR(250), PRIMARY KEY (ID))'

/** Statements.getCreateSchemaStatements, without those that fail and without indexes. */
const activemqTables = (binary: string, changes: readonly string[], end = ''): string[] => [
  `CREATE TABLE ACTIVEMQ_MSGS(ID BIGINT NOT NULL, CONTAINER VARCHAR(250) NOT NULL, MSGID_PROD VARCHAR(250), MSGID_SEQ BIGINT, EXPIRATION BIGINT, MSG ${binary}, PRIMARY KEY (ID))${end}`,
  `CREATE TABLE ACTIVEMQ_ACKS(CONTAINER VARCHAR(250) NOT NULL, SUB_DEST VARCHAR(250), CLIENT_ID VARCHAR(250) NOT NULL, SUB_NAME VARCHAR(250) NOT NULL, SELECTOR VARCHAR(250), LAST_ACKED_ID BIGINT, CONSTRAINT PK_ACTIVEMQ_ACKS PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME))${end}`,
  lock + end,
  'ALTER TABLE ACTIVEMQ_MSGS ADD PRIORITY BIGINT',
  'ALTER TABLE ACTIVEMQ_MSGS ADD XID VARCHAR(250)',
  'ALTER TABLE ACTIVEMQ_ACKS ADD PRIORITY BIGINT DEFAULT 5 NOT NULL',
  ...changes,
  'ALTER TABLE ACTIVEMQ_ACKS ADD XID VARCHAR(250)',
]

const subscription = (priority: number): string =>
  `INSERT INTO ACTIVEMQ_ACKS (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY) VALUES ('topic://T', 'c', 's', ${priority})`

describe('PostgreSQL', () => {
  let place: Place
  beforeAll(async () => {
    place = await placeOf('postgresql', [...activemqTables('BYTEA', []), subscription(0)])
  })
  afterAll(() => place.drop())

  test('the key of subscriptions gets the priority, whatever its name, and rows stay', async () => {
    await expect(runSql(place.url, subscription(1))).rejects.toThrow('pk_activemq_acks')
    expect(await place.mend()).toEqual([
      'ALTER TABLE ACTIVEMQ_ACKS DROP CONSTRAINT pk_activemq_acks, ADD PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)',
    ])
    await runSql(place.url, subscription(1))
    expect(await runSql(place.url, 'SELECT * FROM ACTIVEMQ_ACKS')).toHaveLength(2)
  })

  test('a second time nothing is done, nor to tables of ours', async () => {
    expect(await place.mend()).toEqual([])
    const ours = await placeOf(
      'postgresql',
      createTables('postgresql', tableNames('')).map(({ text }) => text),
    )
    expect(await ours.mend()).toEqual([])
    await ours.drop()
  })
})

const mysql = servers.some(({ kind }) => kind === 'mysql') ? describe : describe.skip
mysql('MySQL and MariaDB', () => {
  const wholeKey = [
    'ALTER TABLE ACTIVEMQ_ACKS DROP PRIMARY KEY',
    'ALTER TABLE ACTIVEMQ_ACKS ADD PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)',
  ]
  const old = ' ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci'
  let place: Place
  beforeAll(async () => {
    place = await placeOf('mysql', [
      ...activemqTables('BLOB', wholeKey, old),
      `INSERT INTO ACTIVEMQ_MSGS (ID, CONTAINER, MSG, PRIORITY) VALUES (1, 'queue://größe', x'00ff', 0)`,
    ])
  })
  afterAll(() => place.drop())

  test('MSG becomes a LONGBLOB, and names are Unicode that differs by case; what is there stays', async () => {
    const unicode = 'CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'
    expect(await place.mend()).toEqual([
      `ALTER TABLE ACTIVEMQ_MSGS MODIFY MSG LONGBLOB, ${unicode}`,
      `ALTER TABLE ACTIVEMQ_ACKS ${unicode}`,
    ])
    await runSql(
      place.url,
      `INSERT INTO ACTIVEMQ_MSGS (ID, CONTAINER, MSG) VALUES (2, 'queue://GRÖßE 🚀', REPEAT('x', 70000))`,
    )
    const found = await runSql(
      place.url,
      `SELECT ID AS id, MSG AS msg FROM ACTIVEMQ_MSGS WHERE CONTAINER = 'queue://größe'`,
    )
    expect(found).toEqual([{ id: 1, msg: Buffer.from([0, 255]) }])
  })

  test('a second time nothing is done, nor to tables of ours', async () => {
    expect(await place.mend()).toEqual([])
    const ours = await placeOf(
      'mysql',
      createTables('mysql', tableNames('')).map(({ text }) => text),
    )
    expect(await ours.mend()).toEqual([])
    await ours.drop()
  })

  test('the table of the lock is left alone, whose row our own lock may have', async () => {
    const ours = await placeOf('mysql', activemqTables('LONGBLOB', wholeKey, old))
    const holder = await ours.database.connect({ applicationName: 'flotilla/test/lock', answerTimeoutMs: 60_000 })
    await holder.run({ text: 'BEGIN' })
    await holder.run({ text: 'SELECT ID FROM ACTIVEMQ_LOCK FOR UPDATE' })
    expect(await ours.mend()).toHaveLength(2)
    await holder.close()
    await ours.drop()
  })

  test('a key without the priority gets it', async () => {
    const early = await placeOf('mysql', activemqTables('LONGBLOB', [], ' DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin'))
    expect(await early.mend()).toEqual([
      'ALTER TABLE ACTIVEMQ_ACKS DROP PRIMARY KEY, ADD PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)',
    ])
    await early.drop()
  })
})

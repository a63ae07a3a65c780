// The statements that make the tables which are not there. ActiveMQ's have its columns, types, indexes and names
// (org.apache.activemq.store.jdbc.Statements and the adapters of PostgreSQL and MySQL), so that either broker goes on where the other one
// stopped; what it has no place for stands in tables of our own beside them.
import type { DatabaseKind, SqlStatement } from './database.ts'
import type { TableNames } from './table-names.ts'

interface Types {
  readonly binary: string
  readonly longText: string
  /** Behind the closing bracket. */
  readonly end: string
}

const types: Readonly<Record<DatabaseKind, Types>> = {
  postgresql: { binary: 'BYTEA', longText: 'TEXT', end: '' },
  // Names differ by case, as destinations do.
  mysql: {
    binary: 'LONGBLOB',
    longText: 'LONGTEXT',
    end: ' ENGINE=INNODB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin',
  },
}

/** In order; each may be run again when all is there: of mysql an index that is there already is an error of the kind Duplicate. */
export function createTables(kind: DatabaseKind, names: TableNames): readonly SqlStatement[] {
  return [...activemqTables(kind, names), ...ownTables(kind, names)].map((text) => ({ text }))
}

function activemqTables(kind: DatabaseKind, { messages, acks, lock }: TableNames): string[] {
  const { binary, end } = types[kind]
  const index = (table: string, name: string, columns: string): string =>
    `CREATE INDEX ${kind === 'postgresql' ? 'IF NOT EXISTS ' : ''}${table}_${name} ON ${table} (${columns})`
  const made = [
    `CREATE TABLE IF NOT EXISTS ${messages} (ID BIGINT NOT NULL, CONTAINER VARCHAR(250) NOT NULL, MSGID_PROD VARCHAR(250),` +
      ` MSGID_SEQ BIGINT, EXPIRATION BIGINT, MSG ${binary}, PRIORITY BIGINT, XID VARCHAR(250), PRIMARY KEY (ID))${end}`,
    `CREATE TABLE IF NOT EXISTS ${acks} (CONTAINER VARCHAR(250) NOT NULL, SUB_DEST VARCHAR(250), CLIENT_ID VARCHAR(250) NOT NULL,` +
      ` SUB_NAME VARCHAR(250) NOT NULL, SELECTOR VARCHAR(250), LAST_ACKED_ID BIGINT, PRIORITY BIGINT DEFAULT 5 NOT NULL,` +
      ` XID VARCHAR(250), PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY))${end}`,
    `CREATE TABLE IF NOT EXISTS ${lock} (ID BIGINT NOT NULL, TIME BIGINT, BROKER_NAME VARCHAR(250), PRIMARY KEY (ID))${end}`,
  ]
  const indexes = [
    index(messages, 'MIDX', 'MSGID_PROD, MSGID_SEQ'),
    index(messages, 'CIDX', 'CONTAINER'),
    index(messages, 'EIDX', 'EXPIRATION'),
    index(messages, 'PIDX', 'PRIORITY'),
    index(messages, 'XIDX', 'XID'),
    index(messages, 'IIDX', 'ID, XID, CONTAINER'),
    index(acks, 'XIDX', 'XID'),
  ]
  return [...made, ...indexes, insertOnce(kind, lock, 'ID', '1')]
}

function ownTables(kind: DatabaseKind, names: TableNames): string[] {
  const { binary, longText, end } = types[kind]
  const subscription =
    'CONTAINER VARCHAR(250) NOT NULL, CLIENT_ID VARCHAR(250) NOT NULL, SUB_NAME VARCHAR(250) NOT NULL, PRIORITY BIGINT NOT NULL'
  return [
    `CREATE TABLE IF NOT EXISTS ${names.state} (ID BIGINT NOT NULL, TERM BIGINT NOT NULL, LAST_ID BIGINT NOT NULL, BROKER_NAME VARCHAR(250),` +
      ` MEMBER VARCHAR(250), WATCH_URL VARCHAR(250), PRIMARY KEY (ID))${end}`,
    insertOnce(kind, names.state, 'ID, TERM, LAST_ID', '1, 0, 0'),
    `CREATE TABLE IF NOT EXISTS ${names.queues} (CONTAINER VARCHAR(250) NOT NULL, PRIORITY BIGINT NOT NULL, PRIMARY KEY (CONTAINER, PRIORITY))${end}`,
    `CREATE TABLE IF NOT EXISTS ${names.subscriptions} (${subscription}, NO_LOCAL BIGINT NOT NULL, SELECTOR ${longText}, ACKED ${binary},` +
      ` PRIMARY KEY (CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY))${end}`,
    `CREATE TABLE IF NOT EXISTS ${names.producers} (MSGID_PROD VARCHAR(250) NOT NULL, MSGID_SEQ BIGINT NOT NULL, ID BIGINT NOT NULL, PRIMARY KEY (MSGID_PROD))${end}`,
    `CREATE TABLE IF NOT EXISTS ${names.arrivals} (ID BIGINT NOT NULL, CONTAINER VARCHAR(250) NOT NULL, PRIORITY BIGINT NOT NULL,` +
      ` MSGID_PROD ${longText} NOT NULL, MSGID_SEQ BIGINT NOT NULL, PRIMARY KEY (ID))${end}`,
  ]
}

const insertOnce = (kind: DatabaseKind, table: string, columns: string, values: string): string =>
  kind === 'postgresql'
    ? `INSERT INTO ${table} (${columns}) VALUES (${values}) ON CONFLICT DO NOTHING`
    : `INSERT IGNORE INTO ${table} (${columns}) VALUES (${values})`

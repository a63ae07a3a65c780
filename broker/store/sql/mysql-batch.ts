// A batch as statements of MySQL and MariaDB, with all values in their texts. The first ones fail where the term or the lease is another one's:
// of a text with several statements those behind one that failed are not run.
//
// A batch that one packet has no room for (max_allowed_packet), or that takes long, is several, of which the last one has the proof and the
// commit: so that nobody has to wait for a row of everybody's meanwhile, as whoever renews the lease does.
import { literal, literalList, textLiteral } from '../../sql/mysql-text.ts'
import type { SqlValue } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { batchLists, listNames, rowsOfBatch, unknownNoLocal, type List, type ListName } from './batch-lists.ts'
import { tableLimits } from './limits.ts'
import { unprepared } from './load-tables.ts'
import type { WriteBatch, WriterProof } from './store-tables.ts'

export class MysqlBatches {
  readonly #names: TableNames
  readonly #writes: Readonly<Record<ListName, Write>>

  constructor(names: TableNames) {
    this.#names = names
    this.#writes = writesOf(names)
  }

  /** Texts, to be run in their order: one, if it has at most so many bytes. */
  texts(batch: WriteBatch, proof: WriterProof, largestText: number): readonly string[] {
    const writes = listNames.flatMap((name) => this.#statements(name, batch))
    const proven = [...this.#proof(proof), this.#lastId(batch)]
    const sizes = writes.map((text) => Buffer.byteLength(text) + separator.length)
    const quickText = isQuick(batch) ? Math.min(largestText, tableLimits.mysqlQuickText) : 0
    if (sizes.reduce((sum, size) => sum + size, largestProof) <= quickText)
      return [joined([start, ...proven, ...writes, commit])]
    return [
      ...packed([longStart, ...writes], [longStart.length, ...sizes], largestText),
      joined([...proven, commit, restoredWait]),
    ]
  }

  #statements(name: ListName, batch: WriteBatch): string[] {
    const { rows, columns }: List = batchLists[name]
    const found = rows(batch)
    if (found.length === 0) return []
    const values = found.map((row) => columns.map(({ of }) => (of as (row: unknown) => SqlValue)(row)))
    return this.#writes[name](values)
  }

  #proof({ term, leaseHolder }: WriterProof): string[] {
    const { lock, state } = this.#names
    const isOurs = `IF(COUNT(*) = 1, 1, (SELECT 1 UNION ALL SELECT 1))`
    const ofState = `SELECT ${isOurs} FROM ${state} WHERE ID = 1 AND TERM = ${term} FOR UPDATE`
    if (leaseHolder === undefined) return [ofState]
    const name = textLiteral(leaseHolder)
    return [`SELECT ${isOurs} FROM ${lock} WHERE ID = 1 AND BROKER_NAME = ${name} LOCK IN SHARE MODE`, ofState]
  }

  #lastId({ lastId }: WriteBatch): string {
    return `UPDATE ${this.#names.state} SET LAST_ID = GREATEST(LAST_ID, ${lastId}) WHERE ID = 1`
  }
}

/** ER_SUBQUERY_NO_1_ROW: whichever settings a server has, it is an error, and of no other statement here. */
export const notOurs = 1242

type Row = readonly SqlValue[]
type Write = (rows: readonly Row[]) => string[]

const start = 'START TRANSACTION'
const commit = 'COMMIT'
const separator = ';\n'
/** Of several texts: who is paused between two of them has rows locked that the next owner may need, until the server ends the session. */
const longStart = [
  'SET @flotilla_wait_timeout = @@SESSION.wait_timeout',
  `SET SESSION wait_timeout = ${tableLimits.mysqlOpenSeconds}`,
  start,
].join(separator)
/** What the session had before; also where nothing was changed. */
export const restoredWait =
  'SET SESSION wait_timeout = CAST(IFNULL(@flotilla_wait_timeout, @@SESSION.wait_timeout) AS UNSIGNED)'
/** Bytes of what stands in front of the writes, and behind them. */
const largestProof = 4096

const isQuick = (batch: WriteBatch): boolean => rowsOfBatch(batch) <= tableLimits.mysqlQuickRows

const joined = (statements: readonly string[]): string => statements.join(separator)

function packed(statements: readonly string[], sizes: readonly number[], largestText: number): string[] {
  const texts: string[] = []
  let group: string[] = []
  let bytes = 0
  for (const [index, statement] of statements.entries()) {
    const size = sizes[index]!
    if (group.length > 0 && bytes + size > largestText) {
      texts.push(joined(group))
      group = []
      bytes = 0
    }
    group.push(statement)
    bytes += size
  }
  return [...texts, joined(group)]
}

/** Lists of keys that are not too long: the optimizers have limits, behind which they read a table from end to end. */
function chunks<R>(rows: readonly R[]): (readonly R[])[] {
  const made: (readonly R[])[] = []
  for (let at = 0; at < rows.length; at += tableLimits.mysqlListedRows)
    made.push(rows.slice(at, at + tableLimits.mysqlListedRows))
  return made
}

/** Rows of prepared transactions are left alone. */
function writesOf({ messages, acks, queues, subscriptions, producers, arrivals }: TableNames): Record<ListName, Write> {
  const key = 'CONTAINER, PRIORITY, CLIENT_ID, SUB_NAME'
  return {
    addMessages: inserts(messages, 'addMessages'),
    updateMessages: updates(messages, ['ID'], ['MSG'], ` AND ${unprepared}`),
    removeMessages: deletes(messages, 'ID', ` AND ${unprepared}`),
    addQueues: inserts(queues, 'addQueues', ' ON DUPLICATE KEY UPDATE PRIORITY = VALUES(PRIORITY)'),
    removeQueues: deletes(queues, 'CONTAINER, PRIORITY'),
    addAcks: inserts(acks, 'addAcks'),
    addSubscriptions: inserts(
      subscriptions,
      'addSubscriptions',
      ' ON DUPLICATE KEY UPDATE NO_LOCAL = VALUES(NO_LOCAL), SELECTOR = VALUES(SELECTOR), ACKED = VALUES(ACKED)',
    ),
    removeAcks: deletes(acks, key),
    removeSubscriptions: deletes(subscriptions, key),
    moveAcks: updates(acks, subscriptionKey, ['LAST_ACKED_ID']),
    setRanges: (rows) =>
      inserts(
        subscriptions,
        'setRanges',
        ' ON DUPLICATE KEY UPDATE ACKED = VALUES(ACKED)',
        ', NO_LOCAL',
      )(rows.map((row) => [...row, unknownNoLocal])),
    clearRanges: updates(subscriptions, subscriptionKey, [], ' AND ACKED IS NOT NULL', 'ACKED = NULL'),
    setProducers: inserts(
      producers,
      'setProducers',
      ' ON DUPLICATE KEY UPDATE MSGID_SEQ = GREATEST(MSGID_SEQ, VALUES(MSGID_SEQ)), ID = GREATEST(ID, VALUES(ID))',
    ),
    forgetProducers: deletes(producers, 'MSGID_PROD'),
    addArrivals: inserts(arrivals, 'addArrivals', ' ON DUPLICATE KEY UPDATE ID = VALUES(ID)'),
    removeArrivals: deletes(arrivals, 'ID'),
  }
}

const subscriptionKey: readonly string[] = ['CONTAINER', 'PRIORITY', 'CLIENT_ID', 'SUB_NAME']

/** As many rows in one as make some hundred kB: a row alone may be as large as a packet. */
function inserts(table: string, name: ListName, end = '', more = ''): Write {
  const columns = batchLists[name].columns.map((column) => column.name).join(', ')
  const head = `INSERT INTO ${table} (${columns}${more}) VALUES `
  return (rows) => {
    const statements: string[] = []
    let group: string[] = []
    let length = 0
    for (const row of rows) {
      const text = literalList(row)
      if (group.length > 0 && length + text.length > tableLimits.mysqlInsertCharacters) {
        statements.push(`${head}${group.join(',')}${end}`)
        group = []
        length = 0
      }
      group.push(text)
      length += text.length
    }
    return [...statements, `${head}${group.join(',')}${end}`]
  }
}

const deletes =
  (table: string, keys: string, end = ''): Write =>
  (rows) => {
    const isOne = !keys.includes(',')
    return chunks(rows).map((some) => {
      const list = isOne ? literalList(some.map(([value]) => value!)) : `(${some.map(literalList).join(',')})`
      return `DELETE FROM ${table} WHERE ${isOne ? keys : `(${keys})`} IN ${list}${end}`
    })
  }

/** A statement for each row: `keys` and `columns` are those of the list, in its order. */
const updates =
  (table: string, keys: readonly string[], columns: readonly string[], end = '', constant = ''): Write =>
  (rows) =>
    rows.map((row) => {
      const set = columns.map((name, index) => `${name} = ${literal(row[keys.length + index]!)}`).join(', ')
      const where = keys.map((name, index) => `${name} = ${literal(row[index]!)}`).join(' AND ')
      return `UPDATE ${table} SET ${set}${constant} WHERE ${where}${end}`
    })

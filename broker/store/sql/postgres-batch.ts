// A batch as one statement of PostgreSQL: a common table expression that updates the state's row where the term is ours, and one for each
// list that is not empty, which writes only when the first one hit its row. All of them see the tables as they were before, so none
// may need what another one writes.
//
// An UPDATE that had to wait for its row looks at its WHERE again, with what stands there then (PostgreSQL manual, 13.2.1): a term that was
// raised meanwhile is seen. So does the SELECT of the lease.
//
// Which lists are empty makes the text; few combinations ever come up, and each of those is prepared once.
import { byteaArray, int8Array, textArray } from '../../sql/binary-array.ts'
import type { SqlStatement } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import { batchLists, listNames, unknownNoLocal, type ColumnType, type List, type ListName } from './batch-lists.ts'
import { tableLimits } from './limits.ts'
import { unprepared } from './load-tables.ts'
import type { WriteBatch, WriterProof } from './store-tables.ts'

export class PostgresBatches {
  readonly #names: TableNames
  readonly #writes: Readonly<Record<ListName, string>>
  /** By the lists that are not empty. */
  readonly #texts = new Map<string, { readonly text: string; readonly name?: string }>()

  constructor(names: TableNames) {
    this.#names = names
    this.#writes = writesOf(names)
  }

  /** Returns one row, with how many rows of the state it has changed. */
  statement(batch: WriteBatch, { term, leaseHolder }: WriterProof): SqlStatement {
    const isLeased = leaseHolder !== undefined
    const proof = isLeased ? [term, batch.lastId, leaseHolder] : [term, batch.lastId]
    return this.#statement(batch, isLeased ? 'lease and term' : 'term', proof)
  }

  /** Without any proof, which another statement of the same transaction has. */
  unproven(batch: WriteBatch): SqlStatement {
    return this.#statement(batch, 'none', [])
  }

  #statement(batch: WriteBatch, proven: Proven, proof: readonly (number | string)[]): SqlStatement {
    const values: (number | string | Buffer)[] = [...proof]
    const used: ListName[] = []
    for (const name of listNames) {
      const { rows, columns }: List = batchLists[name]
      const found = rows(batch)
      if (found.length === 0) continue
      used.push(name)
      for (const { type, of } of columns) values.push(arrayOf(type, found.map(of as (row: unknown) => unknown)))
    }
    return { ...this.#textOf(used, proven), values }
  }

  #textOf(used: readonly ListName[], proven: Proven): { readonly text: string; readonly name?: string } {
    const key = `${proven}: ${used.join(' ')}`
    const known = this.#texts.get(key)
    if (known) return known
    const text = this.#makeText(used, proven)
    // Each costs the server memory for as long as the session lasts.
    if (this.#texts.size >= tableLimits.preparedStatements) return { text }
    const made = { text, name: `flotilla_write_${this.#texts.size}` }
    this.#texts.set(key, made)
    return made
  }

  #makeText(used: readonly ListName[], proven: Proven): string {
    const isLeased = proven === 'lease and term'
    const { lock, state } = this.#names
    const lease = `lease AS (SELECT 1 FROM ${lock} WHERE ID = 1 AND BROKER_NAME = $3::text FOR SHARE), `
    const fence =
      proven === 'none'
        ? 'fence AS (SELECT 1)'
        : `fence AS (UPDATE ${state} SET LAST_ID = GREATEST(LAST_ID, $2::bigint) WHERE ID = 1 AND TERM = $1::bigint` +
          `${isLeased ? ' AND EXISTS (SELECT 1 FROM lease)' : ''} RETURNING 1)`
    let place = parameters[proven]
    const writes = used.map((name) => {
      const { columns }: List = batchLists[name]
      const arrays = columns.map(({ type }) => `$${++place}::${type}[]`)
      const given = `unnest(${arrays.join(', ')}) AS given(${columns.map((column) => column.name).join(', ')})`
      return `, ${name} AS (${this.#writes[name].replace('ONLY', () => arrays[0]!).replace('GIVEN', () => given)})`
    })
    return `WITH ${isLeased ? lease : ''}${fence}${writes.join('')} SELECT count(*) FROM fence`
  }
}

type Proven = 'none' | 'term' | 'lease and term'

/** Those of the proof. */
const parameters: Readonly<Record<Proven, number>> = { none: 0, term: 2, 'lease and term': 3 }

const arrayOf = (type: ColumnType, values: readonly unknown[]): Buffer => {
  if (type === 'bigint') return int8Array(values as readonly (number | null)[])
  return type === 'text'
    ? textArray(values as readonly (string | null)[])
    : byteaArray(values as readonly (Buffer | null)[])
}

const holds = 'EXISTS (SELECT 1 FROM fence)'

/** `GIVEN`: the rows; `ONLY`: an array, of those with one column. Rows of prepared transactions are left alone. */
function writesOf({
  messages,
  acks,
  queues,
  subscriptions,
  producers,
  arrivals,
}: TableNames): Record<ListName, string> {
  const byId = 'ID = ANY(ONLY)'
  const bySubscription = (table: string): string =>
    ['CONTAINER', 'CLIENT_ID', 'SUB_NAME', 'PRIORITY'].map((key) => `${table}.${key} = given.${key}`).join(' AND ')
  const insert = (table: string, name: ListName): string => {
    const columns = batchLists[name].columns.map((column) => column.name).join(', ')
    return `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM GIVEN WHERE ${holds}`
  }
  const key = '(CONTAINER, CLIENT_ID, SUB_NAME, PRIORITY)'
  return {
    addMessages: insert(messages, 'addMessages'),
    updateMessages: `UPDATE ${messages} SET MSG = given.MSG FROM GIVEN WHERE ${messages}.ID = given.ID AND ${unprepared} AND ${holds}`,
    removeMessages: `DELETE FROM ${messages} WHERE ${byId} AND ${unprepared} AND ${holds}`,
    addQueues: `${insert(queues, 'addQueues')} ON CONFLICT DO NOTHING`,
    removeQueues: `DELETE FROM ${queues} USING GIVEN WHERE ${queues}.CONTAINER = given.CONTAINER AND ${queues}.PRIORITY = given.PRIORITY AND ${holds}`,
    addAcks: insert(acks, 'addAcks'),
    addSubscriptions:
      `${insert(subscriptions, 'addSubscriptions')} ON CONFLICT ${key} DO UPDATE SET NO_LOCAL = excluded.NO_LOCAL,` +
      ` SELECTOR = excluded.SELECTOR, ACKED = excluded.ACKED`,
    removeAcks: `DELETE FROM ${acks} USING GIVEN WHERE ${bySubscription(acks)} AND ${holds}`,
    removeSubscriptions: `DELETE FROM ${subscriptions} USING GIVEN WHERE ${bySubscription(subscriptions)} AND ${holds}`,
    moveAcks: `UPDATE ${acks} SET LAST_ACKED_ID = given.LAST_ACKED_ID FROM GIVEN WHERE ${bySubscription(acks)} AND ${holds}`,
    setRanges:
      `INSERT INTO ${subscriptions} (CONTAINER, PRIORITY, CLIENT_ID, SUB_NAME, ACKED, NO_LOCAL) SELECT given.*, ${unknownNoLocal} FROM GIVEN` +
      ` WHERE ${holds} ON CONFLICT ${key} DO UPDATE SET ACKED = excluded.ACKED`,
    clearRanges:
      `UPDATE ${subscriptions} SET ACKED = NULL FROM GIVEN WHERE ${bySubscription(subscriptions)}` +
      ` AND ${subscriptions}.ACKED IS NOT NULL AND ${holds}`,
    setProducers:
      `${insert(producers, 'setProducers')} ON CONFLICT (MSGID_PROD) DO UPDATE SET` +
      ` MSGID_SEQ = GREATEST(${producers}.MSGID_SEQ, excluded.MSGID_SEQ), ID = GREATEST(${producers}.ID, excluded.ID)`,
    forgetProducers: `DELETE FROM ${producers} WHERE MSGID_PROD = ANY(ONLY) AND ${holds}`,
    addArrivals: `${insert(arrivals, 'addArrivals')} ON CONFLICT DO NOTHING`,
    removeArrivals: `DELETE FROM ${arrivals} WHERE ${byId} AND ${holds}`,
  }
}

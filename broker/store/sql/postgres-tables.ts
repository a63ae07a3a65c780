// The tables in PostgreSQL. What is asked for by many ids, and what is written, goes as arrays in one statement.
import { int8Array } from '../../sql/binary-array.ts'
import type { SqlRow, SqlSession } from '../../sql/database.ts'
import type { TableNames } from '../../sql/table-names.ts'
import type { Sequence } from '../held-message.ts'
import { tableLimits } from './limits.ts'
import { fencedError, loadTables, producerRow, producersStatement, unprepared } from './load-tables.ts'
import { onlyLastId, rowsOfBatch } from './batch-lists.ts'
import { PostgresBatches } from './postgres-batch.ts'
import type {
  FoundMessageRow,
  LoadedTables,
  ProducerRow,
  StoreTables,
  WriteBatch,
  WriterProof,
} from './store-tables.ts'

/** Of a message in a page: its id, and the bytes of its blob. */
const entryBytes = 12

export class PostgresTables implements StoreTables {
  readonly largestBlob = tableLimits.postgresBlobBytes
  readonly largestBatch = tableLimits.postgresBatchBytes
  readonly #session: SqlSession
  readonly #names: TableNames
  readonly #batches: PostgresBatches
  #planned: Promise<unknown> | null = null

  constructor(session: SqlSession, names: TableNames) {
    this.#session = session
    this.#names = names
    this.#batches = new PostgresBatches(names)
  }

  async load(proof: WriterProof): Promise<LoadedTables> {
    await this.#plan()
    return loadTables(this.#session, this.#names, proof)
  }

  async scan(visit: (rows: readonly FoundMessageRow[]) => void): Promise<void> {
    await this.#plan()
    for (let after = -1; ;) {
      const [result] = await this.#session.run({
        text: pageStatement(this.#names.messages),
        values: [after, tableLimits.scannedRows],
        name: 'flotilla_scan',
      })
      const page = result!.rows.flatMap(rowsOf).sort((one, other) => one.id - other.id)
      if (page.length > 0) visit(page)
      if (page.length < tableLimits.scannedRows) return
      after = page.at(-1)!.id
    }
  }

  async producersOfMessages(limit: number): Promise<readonly ProducerRow[]> {
    // It reads all rows, for which there is no index.
    const text = `SET enable_seqscan = on; ${producersStatement(this.#names, limit)}; SET enable_seqscan = off`
    await this.#plan()
    const [, found] = await this.#session.run({ text })
    return found!.rows.map(producerRow).toReversed()
  }

  async write(batch: WriteBatch, proof: WriterProof): Promise<void> {
    await this.#plan()
    if (isQuick(batch)) return this.#writeProven(batch, proof)
    const { postgresOpenMs } = tableLimits
    try {
      // Who is paused within it has rows locked that the next owner may need, until the server ends the session.
      await this.#session.run({
        text: `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${postgresOpenMs}`,
      })
      await this.#session.run(this.#batches.unproven(batch))
      await this.#writeProven(onlyLastId(batch.lastId), proof)
      await this.#session.run({ text: 'COMMIT' })
    } catch (error) {
      await this.#rollBack()
      throw error
    }
  }

  async #writeProven(batch: WriteBatch, proof: WriterProof): Promise<void> {
    const [result] = await this.#session.run(this.#batches.statement(batch, proof))
    if (result!.rows[0]![0] !== 1) throw fencedError(proof)
  }

  /** Of a session that is lost the server does so itself. */
  async #rollBack(): Promise<void> {
    try {
      await this.#session.run({ text: 'ROLLBACK' })
    } catch {
      // What failed before is what matters.
    }
  }

  async read(ids: readonly Sequence[]): Promise<readonly { readonly id: Sequence; readonly blob: Buffer }[]> {
    await this.#plan()
    const [result] = await this.#session.run({
      text: `SELECT ID, MSG FROM ${this.#names.messages} WHERE ID = ANY($1::bigint[]) AND ${unprepared}`,
      values: [int8Array(ids)],
      name: 'flotilla_read',
    })
    return result!.rows.map(([id, blob]) => ({ id: id as number, blob: (blob as Buffer | null) ?? Buffer.alloc(0) }))
  }

  /**
   * A plan that is made while the tables are empty reads them from end to end, and is kept when they are large: everything here is found
   * by a key. What is prepared is planned once, whatever its parameters.
   */
  #plan(): Promise<unknown> {
    const text =
      'SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;' +
      ' SET plan_cache_mode = force_generic_plan'
    this.#planned ??= this.#session.run({ text })
    return this.#planned
  }
}

function isQuick(batch: WriteBatch): boolean {
  const { postgresQuickBytes, postgresQuickRows } = tableLimits
  const blobs = [...batch.addedMessages, ...batch.updatedMessages]
  return (
    rowsOfBatch(batch) <= postgresQuickRows &&
    blobs.reduce((sum, { blob }) => sum + blob.length, 0) <= postgresQuickBytes
  )
}

/** A row for each container and priority in the page, with its messages in one binary value. */
const pageStatement = (messages: string): string =>
  `SELECT CONTAINER, PRIORITY, string_agg(int8send(ID) || int4send(BYTES), ''::bytea) FROM (SELECT ID, CONTAINER, COALESCE(PRIORITY, 0) AS PRIORITY,` +
  ` COALESCE(octet_length(MSG), 0) AS BYTES FROM ${messages} WHERE ID > $1::bigint AND ${unprepared} ORDER BY ID LIMIT $2::bigint)` +
  ` AS page GROUP BY CONTAINER, PRIORITY`

function rowsOf([container, priority, entries]: SqlRow): FoundMessageRow[] {
  const bytes = entries as Buffer
  const rows: FoundMessageRow[] = []
  for (let at = 0; at < bytes.length; at += entryBytes)
    rows.push({
      id: bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4),
      container: container as string,
      priority: priority as number,
      bytes: bytes.readInt32BE(at + 8),
    })
  return rows
}

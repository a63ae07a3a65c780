// The tables in MySQL and MariaDB. Values stand in the texts of the statements, because only texts hold several.
import type { SqlRow, SqlSession } from '../../sql/database.ts'
import { literalList, textLiteral } from '../../sql/mysql-text.ts'
import { SqlError } from '../../sql/sql-error.ts'
import type { TableNames } from '../../sql/table-names.ts'
import type { Sequence } from '../held-message.ts'
import { tableLimits } from './limits.ts'
import { fencedError, loadTables, producerRow, producersStatement, unprepared } from './load-tables.ts'
import { MysqlBatches, notOurs, restoredWait } from './mysql-batch.ts'
import type {
  FoundMessageRow,
  LoadedTables,
  ProducerRow,
  StoreTables,
  WriteBatch,
  WriterProof,
} from './store-tables.ts'

export class MysqlTables implements StoreTables {
  readonly #session: SqlSession
  readonly #names: TableNames
  readonly #batches: MysqlBatches
  /** Bytes of a text. */
  #largestText = tableLimits.mysqlSmallestPacket
  /** Of the column: ActiveMQ makes it as BLOB where it does not know the driver. */
  #largestColumn = Infinity

  constructor(session: SqlSession, names: TableNames) {
    this.#session = session
    this.#names = names
    this.#batches = new MysqlBatches(names)
  }

  get largestBlob(): number {
    return Math.min(this.#largestColumn, this.largestBatch)
  }

  /** Blobs are written in hexadecimal digits. */
  get largestBatch(): number {
    return Math.floor((this.#largestText - tableLimits.mysqlPacketReserve) / 2)
  }

  async load(proof: WriterProof): Promise<LoadedTables> {
    const table = textLiteral(this.#names.messages)
    const [packet, column] = await this.#session.run({
      text:
        'SELECT @@max_allowed_packet; SELECT CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()' +
        ` AND LOWER(TABLE_NAME) = LOWER(${table}) AND UPPER(COLUMN_NAME) = 'MSG'`,
    })
    this.#largestText =
      Math.min(packet!.rows[0]![0] as number, tableLimits.mysqlLargestText) - tableLimits.mysqlPacketHead
    this.#largestColumn = (column!.rows[0]?.[0] as number | undefined) ?? Infinity
    return loadTables(this.#session, this.#names, proof)
  }

  async scan(visit: (rows: readonly FoundMessageRow[]) => void): Promise<void> {
    const { messages } = this.#names
    let limit: number = tableLimits.mysqlFirstRows
    for (let after = -1; ;) {
      const [result] = await this.#session.run({
        text:
          `SELECT ID, CONTAINER, COALESCE(PRIORITY, 0), COALESCE(LENGTH(MSG), 0) FROM ${messages} WHERE ID > ${after} AND ${unprepared}` +
          ` ORDER BY ID LIMIT ${limit}`,
      })
      const page = result!.rows.map(foundRow)
      if (page.length > 0) visit(page)
      if (page.length < limit) return
      limit = nextLimit(page)
      after = page.at(-1)!.id
    }
  }

  async producersOfMessages(limit: number): Promise<readonly ProducerRow[]> {
    const [found] = await this.#session.run({ text: producersStatement(this.#names, limit) })
    return found!.rows.map(producerRow).toReversed()
  }

  async write(batch: WriteBatch, proof: WriterProof): Promise<void> {
    try {
      for (const text of this.#batches.texts(batch, proof, this.#largestText)) await this.#session.run({ text })
    } catch (error) {
      await this.#rollBack()
      throw error instanceof SqlError && error.vendorCode === notOurs ? fencedError(proof) : error
    }
  }

  async read(ids: readonly Sequence[]): Promise<readonly { readonly id: Sequence; readonly blob: Buffer }[]> {
    const found: { readonly id: Sequence; readonly blob: Buffer }[] = []
    for (let at = 0; at < ids.length; at += tableLimits.mysqlListedRows) {
      const some = literalList(ids.slice(at, at + tableLimits.mysqlListedRows))
      const text = `SELECT ID, MSG FROM ${this.#names.messages} WHERE ID IN ${some} AND ${unprepared}`
      const [result] = await this.#session.run({ text })
      for (const [id, blob] of result!.rows)
        found.push({ id: id as number, blob: (blob as Buffer | null) ?? Buffer.alloc(0) })
    }
    return found
  }

  /** Of a session that is lost the server has done so itself. */
  async #rollBack(): Promise<void> {
    try {
      await this.#session.run({ text: `ROLLBACK; ${restoredWait}` })
    } catch {
      // What failed before is what matters.
    }
  }
}

/** As many rows as have the bytes of a page, if they are like the last ones of this one. */
function nextLimit(page: readonly FoundMessageRow[]): number {
  const { mysqlScannedRows, mysqlScannedBytes, mysqlTellingRows } = tableLimits
  const last = page.slice(-mysqlTellingRows)
  const bytes = last.reduce((sum, row) => sum + row.bytes, 1)
  const rows = Math.floor(mysqlScannedBytes / (bytes / last.length))
  return Math.max(1, Math.min(rows, 2 * page.length, mysqlScannedRows))
}

const foundRow = ([id, container, priority, bytes]: SqlRow): FoundMessageRow => ({
  id: id as number,
  container: container as string,
  priority: priority as number,
  bytes: bytes as number,
})

// Rows for the contract of the SQL store's tables, and what its tests have in common.
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { createTables } from '../../broker/sql/create-tables.ts'
import type { DatabaseKind, SqlSession } from '../../broker/sql/database.ts'
import { tableNames, type TableNames } from '../../broker/sql/table-names.ts'
import { onlyLastId } from '../../broker/store/sql/batch-lists.ts'
import type {
  FoundMessageRow,
  LoadedTables,
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
  /** Counts the statements of others that are being run and have this text in them: those that wait, where it can be told. */
  waitingWith(text: string): string
  close(): Promise<void>
}

const nothing = onlyLastId(0)

export const queue = { container: 'queue://A', priority: 0 }

export const message = (id: number, change: Partial<MessageRow> = {}): MessageRow => ({
  ...queue,
  id,
  producerId: 'ID:p-1',
  producerSequenceId: id,
  expiration: 0,
  blob: Buffer.from(`message ${id}`),
  ...change,
})

export const subscription: SubscriptionRow = {
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

export const marker: SubscriptionRow = {
  ...subscription,
  container: 'topic://T.>',
  subscribedDestination: 'topic://T.>',
  lastAckedId: 0,
}

export const keyOf = ({ container, priority, clientId, name }: SubscriptionRow) => ({
  container,
  priority,
  clientId,
  name,
})

/** Tables of term 7, new for each test, and what is written and read there. */
export class TablesSetting {
  readonly proof: WriterProof = { term: 7, leaseHolder: undefined }
  names: TableNames = tableNames('')
  #under!: TablesUnderTest
  #session!: SqlSession
  #other!: SqlSession
  #tables!: StoreTables
  #runs = 0

  constructor(start: () => Promise<TablesUnderTest>) {
    beforeAll(async () => {
      this.#under = await start()
      this.#other = await this.#under.connect()
    })
    beforeEach(() => this.#begin())
    afterEach(() => this.#session.close())
    afterAll(async () => {
      await this.#other.close()
      await this.#under.close()
    })
  }

  get kind(): DatabaseKind {
    return this.#session.kind
  }

  get tables(): StoreTables {
    return this.#tables
  }

  /** By another session. */
  async run(text: string): Promise<readonly (readonly unknown[])[]> {
    const [result] = await this.#other.run({ text })
    return result!.rows
  }

  write(batch: Partial<WriteBatch>, proof = this.proof): Promise<void> {
    return this.#tables.write({ ...nothing, ...batch }, proof)
  }

  load(proof = this.proof): Promise<LoadedTables> {
    return this.#tables.load(proof)
  }

  async scan(): Promise<FoundMessageRow[]> {
    const found: FoundMessageRow[] = []
    await this.#tables.scan((rows) => found.push(...rows))
    return found
  }

  async blobs(...ids: number[]): Promise<Record<number, string>> {
    const found = await this.#tables.read(ids)
    return Object.fromEntries(found.map(({ id, blob }) => [id, blob.toString()]))
  }

  async expectEmpty(...tables: string[]): Promise<void> {
    for (const table of tables)
      expect({ table, rows: await this.run(`SELECT * FROM ${table}`) }).toEqual({ table, rows: [] })
  }

  /** Resolves when a statement waits for a row of this table. */
  async waitingFor(table: string): Promise<void> {
    while (Number((await this.run(this.#under.waitingWith(table)))[0]![0]) === 0);
  }

  async #begin(): Promise<void> {
    this.#session = await this.#under.connect()
    this.names = tableNames(`T${++this.#runs}_`)
    for (const statement of createTables(this.#session.kind, this.names)) await this.#session.run(statement)
    await this.run(`UPDATE ${this.names.state} SET TERM = 7 WHERE ID = 1`)
    this.#tables = this.#under.open(this.#session, this.names)
  }
}

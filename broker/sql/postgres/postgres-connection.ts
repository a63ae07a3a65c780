// A connection of pg, in our terms.
//
// pg decodes each column as text, so binary comes in hexadecimal digits; parameters that are binary go as they are.
import { Client, type ClientConfig, type QueryArrayResult } from 'pg'
import type { SqlResult, SqlRow, SqlStatement } from '../database.ts'
import { hostText, type DatabaseHost } from '../jdbc-url.ts'
import type { DriverConnection } from '../queued-session.ts'
import { SqlError } from '../sql-error.ts'
import { postgresError } from './postgres-errors.ts'

/** Numbers of types in pg_type: the same in each database. */
const numbers = new Set([20, 21, 23, 26, 700, 701, 1700])
const boolean = 16
const bytea = 17

type Parser = (text: string) => unknown

function parserOf(type: number): Parser {
  if (numbers.has(type)) return Number
  if (type === boolean) return (text) => text === 't'
  if (type === bytea) return (text) => Buffer.from(text.slice(2), 'hex')
  return (text) => text
}

export class PostgresConnection implements DriverConnection {
  readonly kind = 'postgresql'
  readonly host: string
  readonly #client: Client
  readonly #prepares: boolean
  #isOver = false
  onLost: (error: SqlError) => void = () => {}

  private constructor(client: Client, host: string, prepares: boolean) {
    this.#client = client
    this.#prepares = prepares
    this.host = host
  }

  /** Nothing is sent before `open`. */
  static to(host: DatabaseHost, config: ClientConfig, prepares: boolean): PostgresConnection {
    const types = { getTypeParser: parserOf as never }
    const client = new Client({ ...config, host: host.host, port: host.port, types })
    const connection = new PostgresConnection(client, hostText(host), prepares)
    const doing = `go on with the database at ${connection.host}`
    client.on('error', (error) => connection.#gone(postgresError(error, doing)))
    client.on('end', () => connection.#gone(new SqlError('Unreachable', `Cannot ${doing}: it closed the connection`)))
    return connection
  }

  /** Rejects with what pg says. */
  async open(): Promise<void> {
    await this.#client.connect()
  }

  async execute({ text, values, name }: SqlStatement): Promise<readonly SqlResult[]> {
    try {
      const found = await this.#client.query({
        text,
        rowMode: 'array',
        ...(values && { values: values as unknown[] }),
        ...(name !== undefined && this.#prepares && { name }),
      })
      return asArray(found).map(resultOf)
    } catch (error) {
      throw postgresError(error, `run a statement at ${this.host}`)
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#client.end()
  }

  destroy(): void {
    this.#isOver = true
    this.#client.connection.stream.destroy()
  }

  /** `error` comes before `end`, and again when the socket is destroyed: only the first one tells anything. */
  #gone(error: SqlError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.onLost(error.kind === 'Unreachable' ? error : new SqlError('Unreachable', error.message, { cause: error }))
  }
}

/** pg gives an array when a text has several statements. */
const asArray = (found: QueryArrayResult): QueryArrayResult[] =>
  Array.isArray(found) ? (found as QueryArrayResult[]) : [found]

const resultOf = ({ rows, rowCount, command }: QueryArrayResult): SqlResult => ({
  rows: rows as SqlRow[],
  changed: command === 'SELECT' ? 0 : (rowCount ?? 0),
})

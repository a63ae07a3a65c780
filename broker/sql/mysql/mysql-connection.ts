// A connection of mysql2, in our terms.
import mysql from 'mysql2'
import type { Connection, ConnectionOptions, FieldPacket, QueryError, ResultSetHeader } from 'mysql2'
import type { Duplex } from 'node:stream'
import type { SqlResult, SqlRow, SqlStatement, SqlValue } from '../database.ts'
import { hostText, type DatabaseHost } from '../jdbc-url.ts'
import { withLiterals } from '../mysql-text.ts'
import type { DriverConnection } from '../queued-session.ts'
import { SqlError } from '../sql-error.ts'
import { mysqlError } from './mysql-errors.ts'

/** What comes from all statements: numbers as numbers, everything else that is not binary as text. */
const results: ConnectionOptions = {
  rowsAsArray: true,
  decimalNumbers: true,
  dateStrings: true,
  jsonStrings: true,
  // Values stand in the text already; it would look through all of it for places to put some.
  queryFormat: (text) => text,
}

/** FOUND_ROWS is among the defaults: a row that had these values before counts as changed. */
const flags = ['-LOCAL_FILES']

type Found = readonly unknown[] | ResultSetHeader
type Fields = readonly (FieldPacket | readonly FieldPacket[] | undefined)[] | undefined

export class MysqlConnection implements DriverConnection {
  readonly kind = 'mysql'
  readonly host: string
  readonly #connection: Connection
  #isOver = false
  onLost: (error: SqlError) => void = () => {}

  /** It connects at once. */
  constructor(host: DatabaseHost, options: ConnectionOptions) {
    this.host = hostText(host)
    this.#connection = mysql.createConnection({
      ...options,
      ...results,
      host: host.host,
      port: host.port,
      flags,
      multipleStatements: true,
    })
    const doing = `go on with the database at ${this.host}`
    this.#connection.on('error', (error) => this.#gone(mysqlError(error, doing)))
    this.#connection.on('end', () =>
      this.#gone(new SqlError('Unreachable', `Cannot ${doing}: it closed the connection`)),
    )
  }

  /** Rejects with what mysql2 says. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connection.connect((error) => (error ? reject(error) : resolve()))
    })
  }

  execute({ text, values, name }: SqlStatement): Promise<readonly SqlResult[]> {
    return new Promise((resolve, reject) => {
      const done = (error: QueryError | null, found: unknown, fields: unknown): void => {
        if (error) reject(mysqlError(error, `run a statement at ${this.host}`))
        else resolve(resultsOf(found as Found, fields as Fields))
      }
      if (name !== undefined && values) this.#connection.execute({ sql: text }, values.map(parameter), done)
      else this.#connection.query({ sql: values ? withLiterals(text, values) : text }, done)
    })
  }

  end(): Promise<void> {
    this.#isOver = true
    return new Promise((resolve) => {
      this.#stream.once('close', resolve)
      this.#connection.end()
    })
  }

  destroy(): void {
    this.#isOver = true
    this.#connection.destroy()
    // `destroy` only sends the end, which nobody answers where the wire is dead.
    this.#stream.destroy()
  }

  get #stream(): Duplex {
    return (this.#connection as Connection & { readonly stream: Duplex }).stream
  }

  /** Whatever comes first of `error` and `end` tells why. */
  #gone(error: SqlError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.onLost(error.kind === 'Unreachable' ? error : new SqlError('Unreachable', error.message, { cause: error }))
  }
}

/** A number would go as DOUBLE, with which a BIGINT is compared by rounding both. */
const parameter = (value: SqlValue) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? mysql.TypedParameter.BIGINT(value) : value

/** mysql2 gives one result without a list around it; its list of fields tells which it is. */
function resultsOf(found: Found, fields: Fields): SqlResult[] {
  const isList = fields !== undefined && fields.some((field) => field === undefined || Array.isArray(field))
  return isList ? (found as readonly Found[]).map(resultOf) : [resultOf(found)]
}

const resultOf = (found: Found): SqlResult =>
  Array.isArray(found)
    ? { rows: found as SqlRow[], changed: 0 }
    : { rows: [], changed: (found as ResultSetHeader).affectedRows }

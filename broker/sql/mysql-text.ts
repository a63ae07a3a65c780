// Statements of MySQL and MariaDB with their values in the text: several statements go to the server in one round trip only so.
//
// A literal means the same in every sql_mode: what has a quote, a backslash or a control character is written in hexadecimal digits.
import type { SqlValue } from './database.ts'

// oxlint-disable-next-line no-control-regex
const plainText = /^[^\x00-\x1f'"\\\x7f]*$/

export const textLiteral = (text: string): string =>
  plainText.test(text) ? `'${text}'` : `_utf8mb4 ${binaryLiteral(Buffer.from(text))}`

export const binaryLiteral = (bytes: Buffer): string => `X'${bytes.toString('hex')}'`

export function literal(value: SqlValue): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return textLiteral(value)
  if (Buffer.isBuffer(value)) return binaryLiteral(value)
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError(`Cannot write ${value} as a number of SQL`)
  return String(value)
}

/** With brackets, for IN. Of none: a list that nothing is in. */
export const literalList = (values: readonly SqlValue[]): string =>
  values.length === 0 ? '(NULL)' : `(${values.map(literal).join(', ')})`

/** The text with a literal in place of each `?` that is not within quotes. */
export function withLiterals(text: string, values: readonly SqlValue[]): string {
  let used = 0
  const filled = text.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`|\?/g, (part) => {
    if (part !== '?') return part
    if (used === values.length)
      throw new RangeError(`Cannot fill in the statement: it has more ? than its ${values.length} values`)
    return literal(values[used++]!)
  })
  if (used < values.length)
    throw new RangeError(`Cannot fill in the statement: it has ${used} ?, and ${values.length} values`)
  return filled
}

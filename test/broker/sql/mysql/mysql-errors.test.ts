import { describe, expect, test } from '@jest/globals'
import { mysqlError } from '../../../../broker/sql/mysql/mysql-errors.ts'
import { SqlError } from '../../../../broker/sql/sql-error.ts'

const said = (errno: number, sqlMessage = 'it says', sqlState = 'HY000') =>
  Object.assign(new Error(sqlMessage), { errno, sqlState, sqlMessage, code: 'ER_X' })

test.each([
  [1044, 'Denied'],
  [1045, 'Denied'],
  [1049, 'Denied'],
  [1698, 'Denied'],
  [1836, 'ReadOnly'],
  [1021, 'NoSpace'],
  [1114, 'NoSpace'],
  [1205, 'Conflict'],
  [1213, 'Conflict'],
  [1317, 'Conflict'],
  [1146, 'Missing'],
  [1054, 'Missing'],
  [1061, 'Duplicate'],
  [1062, 'Duplicate'],
  [1040, 'Unreachable'],
  [1203, 'Unreachable'],
  [1053, 'Unreachable'],
  [1927, 'Unreachable'],
  [1047, 'Unreachable'],
  [1048, 'Invalid'],
  [1064, 'Invalid'],
  [1153, 'Invalid'],
] as const)('error %i is %s', (errno, kind) => {
  expect(mysqlError(said(errno, 'it says', '23000'), 'run a statement')).toMatchObject({
    kind,
    vendorCode: errno,
    sqlState: '23000',
    message: `Cannot run a statement: it says (error ${errno})`,
  })
})

test.each([
  [1026, `Error writing file './x.ibd' (errno: 28 "No space left on device")`],
  [1030, 'Got error 28 "No space left on device" from storage engine InnoDB'],
  [3, `Error writing file '/tmp/x' (Errcode: 28 "No space left on device")`],
  [1026, `Error writing file 'x' (errno: 122 - Disk quota exceeded)`],
])('no space, by the error of the operating system: %i %s', (errno, message) => {
  expect(mysqlError(said(errno, message)).kind).toBe('NoSpace')
})

test('a number that is not an error of the operating system is none', () => {
  expect(mysqlError(said(1064, 'syntax error near 28')).kind).toBe('Invalid')
})

test('an option that prevents a statement is another one than --read-only, too', () => {
  const prevented = (option: string) =>
    mysqlError(said(1290, `The server is running with the --${option} option so it cannot execute this statement`)).kind
  expect(['read-only', 'super-read-only', 'read_only', 'innodb-read-only'].map(prevented)).toEqual(
    Array(4).fill('ReadOnly'),
  )
  expect(prevented('secure-file-priv')).toBe('Invalid')
})

describe('what no server has said', () => {
  test.each([
    [{ code: 'ECONNREFUSED', errno: -111 }, 'Unreachable'],
    [{ code: 'PROTOCOL_CONNECTION_LOST', fatal: true }, 'Unreachable'],
    [{ fatal: true }, 'Unreachable'],
    [{ code: 'HANDSHAKE_NO_SSL_SUPPORT', fatal: true }, 'Denied'],
    [{ code: 'HANDSHAKE_SSL_ERROR', fatal: true }, 'Denied'],
    [{}, 'Invalid'],
  ])('%j', (fields, kind) => {
    const error = mysqlError(Object.assign(new Error('failed'), fields))
    expect(error).toMatchObject({ kind, message: 'failed', vendorCode: undefined })
  })
})

test('an error of ours stays', () => {
  const error = new SqlError('Fenced', 'another one')
  expect(mysqlError(error, 'x')).toBe(error)
})

import { describe, expect, test } from '@jest/globals'
import { postgresError } from '../../../../broker/sql/postgres/postgres-errors.ts'
import { SqlError } from '../../../../broker/sql/sql-error.ts'

const said = (code: string, severity = 'ERROR', detail?: string) =>
  Object.assign(new Error('it says'), { code, severity, detail })

test.each([
  ['28P01', 'Denied'],
  ['28000', 'Denied'],
  ['3D000', 'Denied'],
  ['42501', 'Denied'],
  ['25006', 'ReadOnly'],
  ['53100', 'NoSpace'],
  ['40001', 'Conflict'],
  ['40P01', 'Conflict'],
  ['55P03', 'Conflict'],
  ['57014', 'Conflict'],
  ['42P01', 'Missing'],
  ['42703', 'Missing'],
  ['23505', 'Duplicate'],
  ['42P07', 'Duplicate'],
  ['57P01', 'Unreachable'],
  ['57P03', 'Unreachable'],
  ['53300', 'Unreachable'],
  ['08006', 'Unreachable'],
  ['42601', 'Invalid'],
  ['22021', 'Invalid'],
] as const)('SQLSTATE %s is %s', (sqlState, kind) => {
  const error = postgresError(said(sqlState), 'run a statement')
  expect(error).toMatchObject({ kind, sqlState, message: `Cannot run a statement: it says (SQLSTATE ${sqlState})` })
})

test('what is fatal ends the session, unless it is what somebody has to change', () => {
  expect(postgresError(said('XX000', 'FATAL')).kind).toBe('Unreachable')
  expect(postgresError(said('28P01', 'FATAL')).kind).toBe('Denied')
})

test('the detail is told, too', () => {
  expect(postgresError(said('23505', 'ERROR', 'Key (a)=(1)')).message).toBe('it says (Key (a)=(1)) (SQLSTATE 23505)')
})

describe('what no server has said', () => {
  const failed = (message: string, code?: string) => postgresError(Object.assign(new Error(message), code && { code }))

  test.each([
    ['connect ECONNREFUSED', 'ECONNREFUSED', 'Unreachable'],
    ['getaddrinfo ENOTFOUND db', 'ENOTFOUND', 'Unreachable'],
    ['Connection terminated unexpectedly', undefined, 'Unreachable'],
    ['The server does not support SSL connections', undefined, 'Denied'],
    ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string', undefined, 'Denied'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'Denied'],
    ['Hostname/IP does not match', 'ERR_TLS_CERT_ALTNAME_INVALID', 'Denied'],
    ["Prepared statements must be unique - 'a'", undefined, 'Invalid'],
  ])('%s', (message, code, kind) => {
    expect(failed(message, code)).toMatchObject({ kind, message, sqlState: undefined })
  })

  test('of a name with several addresses, what was wrong with each', () => {
    const errors = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')]
    const error = postgresError(Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' }))
    expect(error.message).toBe('connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1')
  })
})

test('an error of ours stays', () => {
  const error = new SqlError('Fenced', 'another one')
  expect(postgresError(error, 'x')).toBe(error)
})

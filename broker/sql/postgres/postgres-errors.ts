// What PostgreSQL's SQLSTATEs (its manual, appendix "PostgreSQL Error Codes") mean for us.
import { errorCode, errorMessage, isError } from '../../base/errors.ts'
import { SqlError, type SqlErrorKind } from '../sql-error.ts'

const kinds: Readonly<Record<string, SqlErrorKind>> = {
  // invalid_authorization_specification (also: no line in pg_hba.conf), invalid_password, invalid_catalog_name, insufficient_privilege
  '28000': 'Denied',
  '28P01': 'Denied',
  '3D000': 'Denied',
  '42501': 'Denied',
  // read_only_sql_transaction
  '25006': 'ReadOnly',
  // disk_full
  '53100': 'NoSpace',
  // serialization_failure, deadlock_detected, lock_not_available, query_canceled: by somebody, or by statement_timeout
  '40001': 'Conflict',
  '40P01': 'Conflict',
  '55P03': 'Conflict',
  '57014': 'Conflict',
  // invalid_schema_name, undefined_table, undefined_column
  '3F000': 'Missing',
  '42P01': 'Missing',
  '42703': 'Missing',
  // unique_violation; duplicate_table, duplicate_object: two members that make the tables at the same moment
  '23505': 'Duplicate',
  '42P07': 'Duplicate',
  '42710': 'Duplicate',
  // too_many_connections, out_of_memory, cannot_connect_now
  '53300': 'Unreachable',
  '53200': 'Unreachable',
  '57P03': 'Unreachable',
  // admin_shutdown, crash_shutdown, database_dropped, idle_session_timeout
  '57P01': 'Unreachable',
  '57P02': 'Unreachable',
  '57P04': 'Unreachable',
  '57P05': 'Unreachable',
  // idle_in_transaction_session_timeout
  '25P03': 'Unreachable',
  // system_error, io_error
  '58000': 'Unreachable',
  '58030': 'Unreachable',
}

/** 08: connection exceptions. */
const connectionClass = '08'

/** What pg says of a connection that is gone, without any code. */
const goneTexts =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|There was an error establishing an SSL connection)/

/** What pg says of a password that there is not, and of a server that cannot do TLS. */
const deniedTexts = /^(SASL|The server does not support SSL connections)/

/** What OpenSSL says, and Node of certificates. */
const tlsCodes = /^(ERR_(SSL|TLS|OSSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/

interface FromServer {
  readonly code: string
  readonly severity: string
  readonly detail?: string | undefined
}

export function postgresError(error: unknown, doing?: string): SqlError {
  if (error instanceof SqlError) return error
  const start = doing === undefined ? '' : `Cannot ${doing}: `
  const said = fromServer(error)
  if (said) {
    const { code: sqlState, severity, detail } = said
    const text = detail === undefined ? errorMessage(error) : `${errorMessage(error)} (${detail})`
    return new SqlError(kindOf(sqlState, severity), `${start}${text} (SQLSTATE ${sqlState})`, {
      sqlState,
      cause: error,
    })
  }
  return new SqlError(localKind(error), `${start}${localText(error)}`, { cause: error })
}

/** FATAL and worse end the session, whatever the reason. */
function kindOf(sqlState: string, severity: string): SqlErrorKind {
  const kind = kinds[sqlState] ?? (sqlState.startsWith(connectionClass) ? 'Unreachable' : 'Invalid')
  const endsSession = severity === 'FATAL' || severity === 'PANIC'
  return endsSession && kind !== 'Denied' && kind !== 'ReadOnly' ? 'Unreachable' : kind
}

function fromServer(error: unknown): FromServer | undefined {
  const { code, severity } = (isError(error) ? error : {}) as Partial<FromServer>
  return typeof severity === 'string' && typeof code === 'string' ? (error as FromServer) : undefined
}

function localKind(error: unknown): SqlErrorKind {
  const code = errorCode(error)
  if (code !== undefined) return tlsCodes.test(code) ? 'Denied' : 'Unreachable'
  const text = errorMessage(error)
  if (deniedTexts.test(text)) return 'Denied'
  return goneTexts.test(text) ? 'Unreachable' : 'Invalid'
}

/** Of a name with several addresses, Node says what was wrong with each in `errors`, and nothing itself. */
function localText(error: unknown): string {
  const { errors } = (isError(error) ? error : {}) as { errors?: readonly unknown[] }
  return errorMessage(error) || errors?.map(errorMessage).join(', ') || errorCode(error) || 'unknown error'
}

// What the errors of MySQL and MariaDB (MySQL's "Server Error Message Reference", the same numbers in MariaDB) mean for us.
import { errorCode, errorMessage, isError } from '../../base/errors.ts'
import { SqlError, type SqlErrorKind } from '../sql-error.ts'

const numbers: Readonly<Partial<Record<SqlErrorKind, readonly number[]>>> = {
  Denied: [
    // ER_DBACCESS_DENIED, ER_ACCESS_DENIED, ER_BAD_DB, ER_HOST_NOT_PRIVILEGED, ER_ACCESS_DENIED_NO_PASSWORD
    1044, 1045, 1049, 1130, 1698,
    // ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED
    1142, 1143, 1227,
    // ER_MUST_CHANGE_PASSWORD, ER_MUST_CHANGE_PASSWORD_LOGIN, ER_ACCOUNT_HAS_BEEN_LOCKED of MySQL and of MariaDB
    1820, 1862, 3118, 4151,
    // ER_SECURE_TRANSPORT_REQUIRED
    3159,
  ],
  // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE, ER_INNODB_READ_ONLY
  ReadOnly: [1792, 1836, 1874],
  // ER_DISK_FULL, ER_RECORD_FILE_FULL: the table is full
  NoSpace: [1021, 1114],
  // ER_CHECKREAD: the row has changed; ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT of
  // MariaDB, ER_LOCK_NOWAIT
  Conflict: [1020, 1205, 1213, 1317, 1969, 3572],
  // ER_NO_DB, ER_BAD_TABLE, ER_BAD_FIELD, ER_NO_SUCH_TABLE
  Missing: [1046, 1051, 1054, 1146],
  // ER_TABLE_EXISTS, ER_DUP_KEYNAME, ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME
  Duplicate: [1050, 1061, 1062, 1586],
  Unreachable: [
    // ER_CON_COUNT, ER_OUT_OF_RESOURCES, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
    1040, 1041, 1203, 1226,
    // ER_BAD_HOST, ER_HANDSHAKE, ER_HOST_IS_BLOCKED
    1042, 1043, 1129,
    // ER_UNKNOWN_COM: a node of Galera that does not belong to its cluster at this moment
    1047,
    // ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE, ER_FORCING_CLOSE
    1053, 1077, 1079, 1080,
    // ER_ABORTING_CONNECTION, ER_NEW_ABORTING_CONNECTION, ER_CONNECTION_KILLED of MariaDB, ER_SERVER_ISNT_AVAILABLE,
    // ER_CLIENT_INTERACTION_TIMEOUT
    1152, 1184, 1927, 3168, 4031,
  ],
}

const kinds = new Map(
  Object.entries(numbers).flatMap(([kind, list]) => list.map((number) => [number, kind as SqlErrorKind] as const)),
)

/** ENOSPC and EDQUOT of the operating system, as ER_ERROR_ON_WRITE, ER_GET_ERRNO and others quote them. */
const noSpace = /\b(?:errno|error|errcode):? ?"?(?:28|122)\b|No space left on device|Disk quota exceeded/i

/** ER_OPTION_PREVENTS_STATEMENT, which is said of many options. */
const optionPrevents = 1290
const readOnlyOption = /--[\w-]*read[-_]only\b/

/** What mysql2 says itself. */
const ownCodes: Readonly<Record<string, SqlErrorKind>> = {
  HANDSHAKE_NO_SSL_SUPPORT: 'Denied',
  HANDSHAKE_SSL_ERROR: 'Denied',
  AUTH_SWITCH_PLUGIN_ERROR: 'Denied',
}

export function mysqlError(error: unknown, doing?: string): SqlError {
  if (error instanceof SqlError) return error
  const start = doing === undefined ? '' : `Cannot ${doing}: `
  const said = fromServer(error)
  if (!said) return new SqlError(localKind(error), `${start}${localText(error)}`, { cause: error })
  const { errno, sqlState, sqlMessage } = said
  return new SqlError(kindOf(said), `${start}${sqlMessage} (error ${errno})`, {
    sqlState: sqlState || undefined,
    vendorCode: errno,
    cause: error,
  })
}

function kindOf({ errno, sqlMessage }: FromServer): SqlErrorKind {
  if (noSpace.test(sqlMessage)) return 'NoSpace'
  if (errno === optionPrevents && readOnlyOption.test(sqlMessage)) return 'ReadOnly'
  return kinds.get(errno) ?? 'Invalid'
}

interface FromServer {
  readonly errno: number
  readonly sqlState: string
  readonly sqlMessage: string
}

function fromServer(error: unknown): FromServer | undefined {
  const { errno, sqlMessage } = (isError(error) ? error : {}) as Partial<FromServer>
  return typeof errno === 'number' && typeof sqlMessage === 'string' ? (error as FromServer) : undefined
}

function localKind(error: unknown): SqlErrorKind {
  const code = errorCode(error)
  if (code !== undefined) return ownCodes[code] ?? 'Unreachable'
  const isFatal = isError(error) && (error as { fatal?: boolean }).fatal === true
  return isFatal ? 'Unreachable' : 'Invalid'
}

/** Of a name with several addresses, Node says what was wrong with each in `errors`, and nothing itself. */
function localText(error: unknown): string {
  const { errors } = (isError(error) ? error : {}) as { errors?: readonly unknown[] }
  return errorMessage(error) || errors?.map(errorMessage).join(', ') || errorCode(error) || 'unknown error'
}

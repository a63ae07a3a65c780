// JDBC URLs, as their three drivers take them:
//
//   jdbc:postgresql:[//host[:port][,host[:port]…]/][database][?name=value[&name=value…]]
//   jdbc:mysql:    //[user[:password]@]host[:port][,…]/[database][?…]
//   jdbc:mariadb:  //host[:port][,…]/[database][?…]
//
// An IPv6 address stands in brackets. What the options mean is said by postgres/postgres-options.ts and mysql/mysql-options.ts. No error quotes
// more of a URL than a name: the rest may hold a password.
import type { DatabaseKind } from './database.ts'
import { sqlLimits } from './limits.ts'
import { SqlError } from './sql-error.ts'

export type JdbcDriver = 'postgresql' | 'mysql' | 'mariadb'

export interface DatabaseHost {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

export interface JdbcUrl {
  readonly kind: DatabaseKind
  /** Whose names and defaults the options have. */
  readonly driver: JdbcDriver
  /** At least one, in the order in which they are tried. */
  readonly hosts: readonly DatabaseHost[]
  /** Undefined where the URL names none. */
  readonly database: string | undefined
  /** Decoded. Of a name that is there twice, the last. */
  readonly options: ReadonlyMap<string, string>
}

const defaultPorts: Readonly<Record<JdbcDriver, number>> = { postgresql: 5432, mysql: 3306, mariadb: 3306 }

/** Between the driver's name and `//`. Ways to spread reads over servers make no sense for one writer. */
const failoverModes = new Set(['', 'sequential:', 'failover:'])

export function parseJdbcUrl(text: string): JdbcUrl {
  const found = /^jdbc:(postgresql|mysql|mariadb):([^?]*)(?:\?(.*))?$/s.exec(text)
  if (!found) throw badUrl('expected jdbc:postgresql://…, jdbc:mysql://… or jdbc:mariadb://…')
  const driver = found[1] as JdbcDriver
  const { hosts, database } = placeIn(found[2]!, driver)
  const options = optionsIn(found[3] ?? '', driver)
  const credentials = driver === 'mysql' ? /^[^/]*\/\/([^/@]*)@/.exec(found[2]!)?.[1] : undefined
  if (credentials !== undefined) takeCredentials(credentials, options)
  return { kind: driver === 'postgresql' ? 'postgresql' : 'mysql', driver, hosts, database, options }
}

/** For people: without any credentials. */
export const placeOf = ({ driver, hosts, database }: JdbcUrl): string =>
  `${driver}://${hosts.map(hostText).join(',')}/${database ?? ''}`

export const hostText = ({ host, port }: DatabaseHost): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

function placeIn(text: string, driver: JdbcDriver): Pick<JdbcUrl, 'hosts' | 'database'> {
  const port = defaultPorts[driver]
  const found = /^([a-z+-]*:)?\/\/([^/]*)(?:\/(.*))?$/s.exec(text)
  if (!found) {
    if (driver !== 'postgresql' || text.includes('//'))
      throw badUrl('expected // and the host behind the name of the driver')
    return { hosts: [{ host: 'localhost', port }], database: databaseIn(text.replace(/^\//, ''), driver) }
  }
  const [, mode = '', authority = '', database = ''] = found
  if (driver === 'postgresql' ? mode !== '' : !failoverModes.has(mode))
    throw badUrl(`${mode}// is not supported; give all hosts behind //, in the order in which they are to be tried`)
  // Before any error quotes a part of it as a host.
  if (database.includes('@')) throw badUrl('a / in the password before the host is %2F')
  const hosts = (driver === 'mysql' ? authority.replace(/^[^@]*@/, '') : authority).split(',')
  if (hosts.length > sqlLimits.maxHosts) throw badUrl(`at most ${sqlLimits.maxHosts} hosts, not ${hosts.length}`)
  return { hosts: hosts.map((host) => hostIn(host, port)), database: databaseIn(database, driver) }
}

function hostIn(text: string, defaultPort: number): DatabaseHost {
  if (text.includes('@')) throw badUrl('user and password are options: ?user=…&password=…')
  if (text.includes('=') || text.includes('(')) throw badUrl('expected host:port, not (host=…)(port=…)')
  const found = /^(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^:[\]\s]*))(?::(\d*))?$/.exec(text)
  if (!found) throw badUrl(`host "${text}": expected host:port, and an IPv6 address in brackets`)
  const port = found[3] === undefined || found[3] === '' ? defaultPort : Number(found[3])
  if (port < 1 || port > 65_535) throw badUrl(`port ${found[3]} of host "${text}": expected 1 to 65535`)
  return { host: found[1] ?? (found[2] || 'localhost'), port }
}

const databaseIn = (text: string, driver: JdbcDriver): string | undefined =>
  text === '' ? undefined : decodedBy(driver, text, 'the name of the database')

function optionsIn(text: string, driver: JdbcDriver): Map<string, string> {
  const options = new Map<string, string>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const [name = '', ...value] = part.split('=')
    options.set(name, decodedBy(driver, value.join('='), `option ${name}`))
  }
  return options
}

/** As java.net.URLDecoder, where a + is a space; MariaDB's driver (org.mariadb.jdbc.Configuration) decodes nothing. */
const decodedBy = (driver: JdbcDriver, text: string, what: string): string =>
  driver === 'mariadb' ? text : decoded(text.replaceAll('+', ' '), what)

function takeCredentials(text: string, options: Map<string, string>): void {
  const [user = '', ...password] = text.split(':')
  if (!options.has('user')) options.set('user', decoded(user, 'the user'))
  if (password.length > 0 && !options.has('password'))
    options.set('password', decoded(password.join(':'), 'the password'))
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl(`${what} has a % that is not followed by two hexadecimal digits of UTF-8; a % itself is %25`)
  }
}

const badUrl = (reason: string): SqlError => new SqlError('Invalid', `Cannot use the JDBC URL: ${reason}`)

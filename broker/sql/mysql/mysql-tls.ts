// What sslMode means of MySQL and MariaDB, with the certificates that belong to it.
import type { JdbcSource, JdbcTarget } from '../jdbc-source.ts'
import { SqlError } from '../sql-error.ts'
import type { TlsAttempt, TlsSettings } from '../tls-attempt.ts'
import type { MysqlOptions, MysqlSslMode } from './mysql-options.ts'

const checks: Readonly<Record<Exclude<MysqlSslMode, 'Disabled'>, TlsSettings['checks']>> = {
  Preferred: 'Nothing',
  Required: 'Nothing',
  VerifyCa: 'Authority',
  VerifyIdentity: 'Identity',
}

/** Somebody who gives a CA wants the server to prove itself; else each driver has its own idea of what to do. */
export async function mysqlTls(
  { sslMode, serverCertificate }: MysqlOptions,
  { authority: ofStore, url }: Pick<JdbcTarget, 'authority' | 'url'>,
  files: Pick<JdbcSource, 'file'>,
): Promise<readonly TlsAttempt[]> {
  const authority = ofStore ?? (await certificateIn(serverCertificate, files))
  const byDefault = url.driver === 'mariadb' ? 'Disabled' : 'Preferred'
  const mode = sslMode ?? (authority === undefined ? byDefault : 'VerifyIdentity')
  if (ofStore !== undefined && (mode === 'Disabled' || checks[mode] === 'Nothing')) {
    const reason = 'the options of the JDBC URL ask for no check of the certificate'
    throw new SqlError('Invalid', `Cannot use caFile: ${reason}`)
  }
  if (mode === 'Disabled') return [null]
  const tls: TlsSettings = {
    authority,
    certificate: undefined,
    key: undefined,
    keyPassword: undefined,
    checks: checks[mode],
  }
  return mode === 'Preferred' ? [tls, null] : [tls]
}

async function certificateIn(given: string | undefined, files: Pick<JdbcSource, 'file'>): Promise<string | undefined> {
  if (given === undefined || given.startsWith('-----BEGIN ')) return given
  return files.file('serverSslCert', given)
}

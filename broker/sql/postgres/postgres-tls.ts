// What PostgreSQL's sslmode means, with the files that belong to it.
import type { JdbcSource, JdbcTarget } from '../jdbc-source.ts'
import { SqlError } from '../sql-error.ts'
import type { TlsAttempt, TlsSettings } from '../tls-attempt.ts'
import type { PostgresOptions, PostgresSslMode } from './postgres-options.ts'

type Files = Pick<JdbcSource, 'file'>

/**
 * Somebody who gives a CA wants the server to prove itself: without a word on sslmode everything is checked, and with
 * `require` who signed, as libpq does it.
 */
export async function postgresTls(
  options: PostgresOptions,
  { authority: ofStore }: Pick<JdbcTarget, 'authority'>,
  files: Files,
): Promise<readonly TlsAttempt[]> {
  const { rootCertificateFile: rootFile } = options
  const authority = ofStore ?? (rootFile === undefined ? undefined : await files.file('sslrootcert', rootFile))
  const mode = options.sslMode ?? (authority === undefined ? 'prefer' : 'verify-full')
  if (ofStore !== undefined && (mode === 'disable' || mode === 'allow' || mode === 'prefer'))
    throw new SqlError('Invalid', `Cannot use caFile: the JDBC URL says sslmode=${mode}, with which nothing is checked`)
  if (mode === 'disable') return [null]
  const tls: TlsSettings = {
    authority,
    certificate: await pem('sslcert', options.certificateFile, files),
    key: await pem('sslkey', options.keyFile, files),
    keyPassword: options.keyPassword,
    checks: checksOf(mode, authority !== undefined),
  }
  if (mode === 'allow') return [null, tls]
  return mode === 'prefer' ? [tls, null] : [tls]
}

function checksOf(mode: PostgresSslMode, hasAuthority: boolean): TlsSettings['checks'] {
  if (mode === 'verify-full') return 'Identity'
  return mode === 'verify-ca' || (mode === 'require' && hasAuthority) ? 'Authority' : 'Nothing'
}

/** PostgreSQL's JDBC driver takes keys as PKCS #8 in DER and as PKCS #12, which are binary. */
async function pem(option: string, path: string | undefined, files: Files): Promise<string | undefined> {
  if (path === undefined) return undefined
  const text = await files.file(option, path)
  if (text.includes('-----BEGIN ')) return text
  throw new SqlError('Denied', `Cannot use ${option} ${path}: expected PEM, not DER or PKCS #12`)
}

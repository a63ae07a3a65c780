import { describe, expect, test } from '@jest/globals'
import { parseJdbcUrl, type JdbcDriver } from '../../../../broker/sql/jdbc-url.ts'
import { mysqlOptions } from '../../../../broker/sql/mysql/mysql-options.ts'
import { mysqlTls } from '../../../../broker/sql/mysql/mysql-tls.ts'

const optionsOf = (query: string, driver: JdbcDriver = 'mysql') =>
  mysqlOptions(parseJdbcUrl(`jdbc:${driver}://db/x?${query}`))

test('all that have an effect, of both drivers', () => {
  const common = 'user=a&password=b&connectTimeout=2000&socketTimeout=3000&sessionVariables=a=1,b=2'
  const expected = { connectTimeoutMs: 2000, socketTimeoutMs: 3000, sessionVariables: 'a=1,b=2' }
  expect(optionsOf(`${common}&sslMode=REQUIRED`)).toEqual({
    ...expected,
    sslMode: 'Required',
    serverCertificate: undefined,
  })
  expect(optionsOf(`${common}&sslMode=verify-ca&serverSslCert=/ca`, 'mariadb')).toEqual({
    ...expected,
    sslMode: 'VerifyCa',
    serverCertificate: '/ca',
  })
})

test('what is harmless is accepted, in any case of its letters', () => {
  const usual =
    'relaxAutoCommit=true&useUnicode=true&characterEncoding=utf8&serverTimezone=UTC&autoReconnect=true&rewriteBatchedStatements=true'
  expect(() => optionsOf(usual)).not.toThrow()
  expect(() => optionsOf(`${usual}&usePipelineAuth=false&USESSL=false`, 'mariadb')).not.toThrow()
})

test.each([
  ['mysql', 'sslMod=REQUIRED', 'option sslMod of the JDBC URL: it is not known; sslMode is'],
  [
    'mysql',
    'sslMode=trust',
    'option sslMode of the JDBC URL: expected DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY, not "trust"',
  ],
  [
    'mariadb',
    'sslMode=REQUIRED',
    'option sslMode of the JDBC URL: expected disable, trust, verify-ca, verify-full, not "REQUIRED"',
  ],
  [
    'mysql',
    'connectTimeout=5s',
    'option connectTimeout of the JDBC URL: expected whole milliseconds of at most a day, not "5s"',
  ],
  [
    'mysql',
    'trustCertificateKeyStoreUrl=file:/a',
    'option trustCertificateKeyStoreUrl of the JDBC URL: key stores of Java cannot be read here; give the CA in PEM, as caFile of the store',
  ],
  ['mariadb', 'localSocket=/a', 'option localSocket of the JDBC URL: sockets of Unix are not supported'],
  [
    'mysql',
    'createDatabaseIfNotExist=true',
    'option createDatabaseIfNotExist of the JDBC URL: the database has to be there',
  ],
] as const)('%s: %s is refused', (driver, query, reason) => {
  expect(() => optionsOf(query, driver)).toThrow(`Cannot use ${reason}`)
})

describe('TLS', () => {
  const files = { file: (field: string, path: string) => Promise.resolve(`${field} ${path}`) }
  const tlsOf = (driver: JdbcDriver, query: string, authority?: string) => {
    const url = parseJdbcUrl(`jdbc:${driver}://db/x?${query}`)
    return mysqlTls(mysqlOptions(url), { url, authority }, files)
  }
  const attempts = async (driver: JdbcDriver, query: string, authority?: string) =>
    (await tlsOf(driver, query, authority)).map((attempt) => attempt?.checks ?? 'Plain')

  test.each([
    ['mysql', '', ['Nothing', 'Plain']],
    ['mysql', 'sslMode=disabled', ['Plain']],
    ['mysql', 'sslMode=REQUIRED', ['Nothing']],
    ['mysql', 'sslMode=VERIFY_CA', ['Authority']],
    ['mysql', 'sslMode=VERIFY_IDENTITY&useSSL=false', ['Identity']],
    ['mysql', 'useSSL=false', ['Plain']],
    ['mysql', 'useSSL=true', ['Nothing', 'Plain']],
    ['mysql', 'useSSL=true&requireSSL=true', ['Nothing']],
    ['mysql', 'useSSL=true&requireSSL=true&verifyServerCertificate=true', ['Authority']],
    ['mariadb', '', ['Plain']],
    ['mariadb', 'sslMode=trust', ['Nothing']],
    ['mariadb', 'sslMode=verify-full', ['Identity']],
    ['mariadb', 'useSsl=true', ['Identity']],
    ['mariadb', 'useSsl=true&trustServerCertificate=true', ['Nothing']],
    ['mariadb', 'useSsl=true&disableSslHostnameVerification=true', ['Authority']],
    ['mariadb', 'serverSslCert=/ca', ['Identity']],
  ] as const)('%s: "%s"', async (driver, query, expected) => {
    expect(await attempts(driver, query)).toEqual(expected)
  })

  test('a caFile wants a check', async () => {
    expect(await attempts('mariadb', '', 'PEM')).toEqual(['Identity'])
    const reason = 'Cannot use caFile: the options of the JDBC URL ask for no check of the certificate'
    await expect(attempts('mysql', 'sslMode=REQUIRED', 'PEM')).rejects.toThrow(reason)
  })

  test('the certificate of the server stands in the URL, or in a file', async () => {
    const query = 'sslMode=verify-ca&serverSslCert='
    expect((await tlsOf('mariadb', `${query}/ca`))[0]!.authority).toBe('serverSslCert /ca')
    expect((await tlsOf('mariadb', `${query}-----BEGIN x`))[0]!.authority).toBe('-----BEGIN x')
  })
})

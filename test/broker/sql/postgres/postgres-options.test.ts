import { describe, expect, test } from '@jest/globals'
import { parseJdbcUrl } from '../../../../broker/sql/jdbc-url.ts'
import { postgresOptions } from '../../../../broker/sql/postgres/postgres-options.ts'
import { postgresTls } from '../../../../broker/sql/postgres/postgres-tls.ts'

const optionsOf = (query: string) => postgresOptions(parseJdbcUrl(`jdbc:postgresql://db/x?${query}`))

test('all that have an effect', () => {
  expect(
    optionsOf(
      'user=a&password=b&sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k&sslpassword=p&currentSchema=s,t&connectTimeout=2' +
        '&loginTimeout=3&socketTimeout=4&targetServerType=primary&ApplicationName=app&options=-c%20a=b&prepareThreshold=0',
    ),
  ).toEqual({
    sslMode: 'verify-ca',
    rootCertificateFile: '/ca',
    certificateFile: '/c',
    keyFile: '/k',
    keyPassword: 'p',
    searchPath: 's,t',
    connectTimeoutMs: 2000,
    loginTimeoutMs: 3000,
    socketTimeoutMs: 4000,
    applicationName: 'app',
    serverOptions: '-c a=b',
    prepares: false,
  })
})

test('none; 0 is without a limit', () => {
  expect(optionsOf('connectTimeout=0&prepareThreshold=5')).toMatchObject({
    sslMode: undefined,
    connectTimeoutMs: undefined,
    prepares: true,
  })
})

test('what concerns the inside of the driver is accepted', () => {
  expect(() => optionsOf('preparedStatementCacheQueries=0&tcpKeepAlive=true&reWriteBatchedInserts=true')).not.toThrow()
})

test.each([
  ['sslmod=require', 'option sslmod of the JDBC URL: it is not known; sslmode is'],
  ['SSLMODE=require', 'option SSLMODE of the JDBC URL: it is not known; sslmode is'],
  ['abcdefgh=1', 'option abcdefgh of the JDBC URL: it is not known'],
  [
    'sslmode=full',
    'option sslmode of the JDBC URL: expected disable, allow, prefer, require, verify-ca, verify-full, not "full"',
  ],
  ['ssl=perhaps', 'option ssl of the JDBC URL: expected true or false, not "perhaps"'],
  ['connectTimeout=5s', 'option connectTimeout of the JDBC URL: expected whole seconds of at most a day, not "5s"'],
  ['socketTimeout=-1', 'option socketTimeout of the JDBC URL: expected whole seconds of at most a day, not "-1"'],
  [
    'targetServerType=secondary',
    'option targetServerType of the JDBC URL: a broker writes; expected any, primary, master, preferPrimary, not "secondary"',
  ],
  ['socketFactory=a.B', 'option socketFactory of the JDBC URL: classes of Java cannot be run here'],
  [
    'sslfactory=a.B',
    'option sslfactory of the JDBC URL: classes of Java cannot be run here; expected sslmode, and caFile of the store',
  ],
  [
    'channelBinding=require',
    'option channelBinding of the JDBC URL: it is not supported; sslmode=verify-full proves the server, too',
  ],
  [
    'gssEncMode=require',
    'option gssEncMode of the JDBC URL: GSS encryption is not supported; expected TLS, by sslmode',
  ],
])('%s is refused', (query, reason) => {
  expect(() => optionsOf(query)).toThrow(`Cannot use ${reason}`)
})

describe('TLS', () => {
  const files = { file: (field: string, path: string) => Promise.resolve(`-----BEGIN of ${field} ${path}`) }
  const attempts = async (query: string, authority?: string) =>
    (await postgresTls(optionsOf(query), { authority }, files)).map((attempt) => attempt?.checks ?? 'Plain')

  test.each([
    ['', ['Nothing', 'Plain']],
    ['ssl=true', ['Identity']],
    ['ssl', ['Identity']],
    ['ssl=false', ['Nothing', 'Plain']],
    ['sslmode=disable', ['Plain']],
    ['sslmode=allow', ['Plain', 'Nothing']],
    ['sslmode=prefer', ['Nothing', 'Plain']],
    ['sslmode=require', ['Nothing']],
    ['sslmode=verify-ca', ['Authority']],
    ['sslmode=verify-full', ['Identity']],
    ['ssl=true&sslmode=require', ['Nothing']],
    ['sslrootcert=/ca', ['Identity']],
    ['ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory', ['Nothing']],
    ['ssl=true&sslfactory=org.postgresql.ssl.LibPQFactory', ['Identity']],
    ['sslmode=require&sslrootcert=/ca', ['Authority']],
  ])('"%s"', async (query, expected) => {
    expect(await attempts(query)).toEqual(expected)
  })

  test('a caFile wants a check', async () => {
    expect(await attempts('', 'PEM')).toEqual(['Identity'])
    expect(await attempts('sslmode=require', 'PEM')).toEqual(['Authority'])
    const reason = 'Cannot use caFile: the JDBC URL says sslmode=prefer, with which nothing is checked'
    await expect(attempts('sslmode=prefer', 'PEM')).rejects.toThrow(reason)
  })

  test('certificate and key of the client come from files, in PEM', async () => {
    const options = optionsOf('sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k')
    expect(await postgresTls(options, { authority: undefined }, files)).toEqual([
      {
        authority: '-----BEGIN of sslrootcert /ca',
        certificate: '-----BEGIN of sslcert /c',
        key: '-----BEGIN of sslkey /k',
        keyPassword: undefined,
        checks: 'Authority',
      },
    ])
    const binary = postgresTls(options, { authority: undefined }, { file: () => Promise.resolve('\u0030\u0082') })
    await expect(binary).rejects.toThrow('Cannot use sslcert /c: expected PEM, not DER or PKCS #12')
  })
})

// The files of TLS: which are taken, and what somebody is told whose file is not.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSecureContext, type SslContext } from '../../../../broker/client/transport/ssl-context.ts'
import { TransportError } from '../../../../broker/client/transport/transport-error.ts'
import { makeAuthority } from '../../../support/certificates.ts'

const password = 'secret'
/**
 * Of a certificate that ends in 2126, with that password:
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=broker-p12 -days 36500
 * openssl pkcs12 -export -in c.pem -inkey k.pem -passout pass:secret
 */
const keyStoreText = [
  'MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcB',
  'MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhp1de8KWfDsgICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDD/',
  'W1utI6xZaoiTZ/MhTnCAggHgFSonp8sz8WGBTVjZNxUBFJHP6QmGauopgTh2ctSDa02pVTVl999M4otCrgvFfQ8LUfctogUNZZxh',
  'oiuTU7Onn5yWp8vICR/KiwQMf8ENXRIY+Vwq1u4mPmyOJEhrHlancMgL9BMeGtdgQafzxQ1SvO5vKTJ1EYh+t6xxoRZldEyCl1xr',
  'PERkeLyejox70F2qf+C9ShsB0gVoAAEQRkPYIFqyQWwSTcrPnSVR8zHrg5cA1kV5d0841bmn6ySFq98z7KfoSl9NXLPV7x+WXsUN',
  'fvjtFt+CyO+htv+FRvUHr9BHoa2VvAUmEKG7tFoO9lh+xGBDbOSYz4yCvT2TUL7aZcXgVrMtJq8jhbzhZLoom2H9y0PktohkGNwu',
  'nnFsMPTxKZKxTjuWZ6XpF6tLeglLh9vVmHy29UnyrsRa8t/bEvKLrN/TvHunSbcV58MpZr8dJLtYA3rTXPsDwHcLau0jOo1GyrI7',
  'inwhirPdkMOv4tVwOUZbDhPbT/+I8Mlv3wFrZhKPEEzIKWR4XLjt3cmcri9Lsd3oNxoF/0OE5saIqzRLo5H7c16C8QhN2kYdivvx',
  'i4wKZz7tHuqO8NhhTRDs/bRk3LCJ6HO8Z2xMlrci9Vy6v0d/F/kLIhsVtcveNw7UMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEq',
  'MIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECJvrhyks4KvDAgIIADAMBggqhkiG',
  '9w0CCQUAMB0GCWCGSAFlAwQBKgQQZ81DdGSRhUVBTdTNoK+AGgSBkMRU+wDEnoDreuMJb/vPmsPe8ngycvnESgMdatfVI6LM27ey',
  'LNdRHOWDx4bQZ8wwPTh0/Mi+IcrSNfp6JoLzyfYZ3iFM0VLNP3hZrWcAxNcIvIjsqGNKLBz4VxFAh2xezUTXfEY7cSJSi0h8tZIb',
  'av9nVAYy1L0d2KNCXTBNh6LaHsUs1EMdEq/MjAZCjW3OhzElMCMGCSqGSIb3DQEJFTEWBBS5NJjJ1FH8hjEwv+31UlYxwNZGkzBB',
  'MDEwDQYJYIZIAWUDBAIBBQAEIIZD1hOgrfTztKwM7ouLWXkcR/VfYWMPs9/XCXLJdTyIBAhpW/qPOwQTYgICCAA=',
].join('')

let folder: string
const authority = makeAuthority('Test CA')
const issued = authority.issue({ names: ['a'] })
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-ssl-'))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files: Record<string, string | Buffer> = {
    'ca.crt': authority.certificate,
    'tls.crt': issued.certificate + authority.certificate,
    'tls.key': issued.key,
    'other.key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'encrypted.key': privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password }),
    'broken.crt': issued.certificate.replace(/MII?[A-Z]/, 'AAAA'),
    'store.p12': Buffer.from(keyStoreText, 'base64'),
    'store.jks': Buffer.from('feedfeed00000002', 'hex'),
    empty: '',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content)
})

afterAll(() => rm(folder, { recursive: true }))

const load = (context: SslContext) => loadSecureContext(context, ['TLSv1.2', 'TLSv1.3'])

test('what a Secret of type kubernetes.io/tls has, or a PKCS #12 key store', async () => {
  await load({})
  await load({ trustStore: at('ca.crt'), certificate: at('tls.crt'), key: at('tls.key') })
  await load({ trustStore: at('ca.crt'), keyStore: at('store.p12'), keyStorePassword: password })
})

test('what was made of the same bytes is taken again, and nothing else', async () => {
  const path = at('changing.crt')
  await writeFile(path, authority.certificate)
  const context = { trustStore: path }
  const first = await load(context)
  expect(await load(context)).toBe(first)
  expect(await loadSecureContext(context, ['TLSv1.3'])).not.toBe(first)
  await writeFile(path, makeAuthority('Test CA').certificate)
  expect(await load(context)).not.toBe(first)
})

test.each<[string, (path: typeof at) => SslContext, string]>([
  [
    'that there is not',
    (path) => ({ trustStore: path('none') }),
    'trustStore FOLDER/none of sslContext: there is no such file',
  ],
  ['that is a folder', (path) => ({ trustStore: path('') }), 'trustStore FOLDER of sslContext: EISDIR'],
  [
    'without certificates',
    (path) => ({ trustStore: path('empty') }),
    'trustStore FOLDER/empty of sslContext: it has no certificate in PEM',
  ],
  ['with a broken one', (path) => ({ trustStore: path('broken.crt') }), 'certificate 1 in it cannot be read'],
  [
    'in PKCS #12 where PEM stands',
    (path) => ({ trustStore: path('store.p12') }),
    'no certificate in PEM: it is binary; keytool',
  ],
  [
    'of Java’s own kind to trust',
    (path) => ({ trustStore: path('store.jks') }),
    'it is a JKS store; keytool -importkeystore',
  ],
  [
    'of Java’s own kind to show',
    (path) => ({ keyStore: path('store.jks') }),
    'it is no PKCS #12 file: it is a JKS store; keytool',
  ],
  ['that is no key store', (path) => ({ keyStore: path('tls.crt') }), 'it cannot be read as PKCS #12'],
  [
    'that needs a password',
    (path) => ({ keyStore: path('store.p12') }),
    'it has a password, and there is no keyStorePassword',
  ],
  [
    'with another password',
    (path) => ({ keyStore: path('store.p12'), keyStorePassword: 'wrong' }),
    'keyStore FOLDER/store.p12 of sslContext: keyStorePassword does not open it',
  ],
  ['without a key', (path) => ({ certificate: path('tls.crt'), key: path('tls.crt') }), 'it has no private key in PEM'],
  [
    'with no key beside it',
    (path) => ({ certificate: path('tls.crt') }),
    'certificate FOLDER/tls.crt of sslContext: no key is named',
  ],
  [
    'with a key alone',
    (path) => ({ key: path('tls.key') }),
    'key FOLDER/tls.key of sslContext: no certificate is named',
  ],
  [
    'with the key of another one',
    (path) => ({ certificate: path('tls.crt'), key: path('other.key') }),
    'key FOLDER/other.key of sslContext: it is not the key of the certificate in FOLDER/tls.crt',
  ],
  [
    'with a key that needs a password',
    (path) => ({ certificate: path('tls.crt'), key: path('encrypted.key') }),
    'it is encrypted, and there is no keyPassword',
  ],
  [
    'with a key and another password',
    (path) => ({ certificate: path('tls.crt'), key: path('encrypted.key'), keyPassword: 'wrong' }),
    'keyPassword does not open it',
  ],
  [
    'with a key that its password opens',
    (path) => ({ certificate: path('tls.crt'), key: path('encrypted.key'), keyPassword: password }),
    'it is not the key of the certificate',
  ],
])('a file %s is told by name and field', async (_, context, problem) => {
  const error = await load(context(at)).then(
    () => null,
    (reason: unknown) => reason as TransportError,
  )
  expect(error).toBeInstanceOf(TransportError)
  expect(error!.code).toBe('TLS_FAILED')
  expect(error!.message.replaceAll(folder, 'FOLDER')).toMatch(/^Cannot use /)
  expect(error!.message.replaceAll(folder, 'FOLDER')).toContain(problem)
})

// Whom a TLS connection trusts and who it is itself, from files: those of a Kubernetes Secret of type kubernetes.io/tls (PEM), or a
// PKCS #12 key store. They are read for each connection, so that the next one uses what was renewed. Each file is looked at by
// itself first: what OpenSSL says of all of them together names neither file nor field.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { errorCode, errorMessage } from '../../base/errors.ts'
import { TransportError } from './transport-error.ts'
import type { TlsProtocol } from './transport-options.ts'

/** Paths of files, and what opens them; names as in the broker's configuration. */
export interface SslContext {
  /** PEM: certificates of the CAs that are trusted. Left out: those of the system. */
  readonly trustStore?: string | undefined
  /** PEM: the certificate to show, with those between it and its CA behind it. */
  readonly certificate?: string | undefined
  /** PEM: its private key. */
  readonly key?: string | undefined
  readonly keyPassword?: string | undefined
  /** Instead of certificate and key: both in PKCS #12. */
  readonly keyStore?: string | undefined
  readonly keyStorePassword?: string | undefined
}

/** Rejects with TransportError that names the file, and the field that it stands in. */
export async function loadSecureContext(
  context: SslContext,
  protocols: readonly TlsProtocol[],
): Promise<SecureContext> {
  const { trustStore, certificate, key, keyPassword, keyStore, keyStorePassword } = context
  const [ca, cert, privateKey, pfx] = await Promise.all([
    trustStore === undefined ? systemTrust() : readCertificates('trustStore', trustStore),
    certificate === undefined ? undefined : readCertificates('certificate', certificate),
    key === undefined ? undefined : read('key', key),
    keyStore === undefined ? undefined : read('keyStore', keyStore),
  ])
  if (cert && privateKey) checkKey(context, cert[0]!, privateKey)
  if (pfx) checkKeyStore(keyStore!, pfx, keyStorePassword)
  return createSecureContext({
    ca: ca.map(String),
    minVersion: protocols.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: protocols.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ...(cert && { cert: cert.join('') }),
    ...(privateKey && { key: privateKey, passphrase: keyPassword }),
    ...(pfx && { pfx, passphrase: keyStorePassword }),
  })
}

/** Read once: hundreds of certificates. */
let systemCertificates: readonly string[] | null = null

const systemTrust = (): readonly string[] =>
  (systemCertificates ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])])

async function read(field: keyof SslContext, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw wrongFile(field, path, errorCode(error) === 'ENOENT' ? 'there is no such file' : errorMessage(error), error)
  }
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

async function readCertificates(field: keyof SslContext, path: string): Promise<readonly X509Certificate[]> {
  const bytes = await read(field, path)
  const texts: readonly string[] = bytes.toString('latin1').match(certificatePattern) ?? []
  if (texts.length === 0) throw wrongFile(field, path, `it has no certificate in PEM${otherForm(bytes)}`)
  return texts.map((text, index) => {
    try {
      return new X509Certificate(text)
    } catch (error) {
      throw wrongFile(field, path, `certificate ${index + 1} in it cannot be read: ${errorMessage(error)}`, error)
    }
  })
}

function checkKey({ key, keyPassword, certificate }: SslContext, leaf: X509Certificate, bytes: Buffer): void {
  let privateKey
  try {
    privateKey = createPrivateKey({ key: bytes, ...(keyPassword !== undefined && { passphrase: keyPassword }) })
  } catch (error) {
    throw wrongFile('key', key!, problemOfKey(bytes, keyPassword, error), error)
  }
  if (!leaf.checkPrivateKey(privateKey))
    throw wrongFile('key', key!, `it is not the key of the certificate in ${certificate}`)
}

function problemOfKey(bytes: Buffer, password: string | undefined, error: unknown): string {
  const text = bytes.toString('latin1')
  if (!text.includes('PRIVATE KEY-----')) return `it has no private key in PEM${otherForm(bytes)}`
  if (!text.includes('ENCRYPTED')) return `it cannot be read: ${errorMessage(error)}`
  return password === undefined ? 'it is encrypted, and there is no keyPassword' : 'keyPassword does not open it'
}

function checkKeyStore(path: string, pfx: Buffer, password: string | undefined): void {
  try {
    createSecureContext({ pfx, ...(password !== undefined && { passphrase: password }) })
  } catch (error) {
    throw wrongFile('keyStore', path, problemOfKeyStore(pfx, password, error), error)
  }
}

function problemOfKeyStore(pfx: Buffer, password: string | undefined, error: unknown): string {
  if (isJavaKeyStore(pfx)) return `it is no PKCS #12 file${otherForm(pfx)}`
  const text = errorMessage(error)
  if (/mac verify/i.test(text))
    return password === undefined
      ? 'it has a password, and there is no keyStorePassword'
      : 'keyStorePassword does not open it'
  if (/unsupported/i.test(text))
    return 'it is encrypted as was usual before 2020; openssl pkcs12 -legacy -in FILE -nodes makes PEM of it'
  return `it cannot be read as PKCS #12: ${text}`
}

const isJavaKeyStore = (bytes: Buffer): boolean => bytes.length > 4 && bytes.readUInt32BE() === 0xfeedfeed

/** DER, and so PKCS #12, begins with a SEQUENCE. */
const isDer = (bytes: Buffer): boolean => bytes[0] === 0x30

/** What it seems to be instead, and what makes the right one of it. */
function otherForm(bytes: Buffer): string {
  if (isJavaKeyStore(bytes))
    return ': it is a JKS store; keytool -importkeystore -srckeystore FILE -destkeystore NEW -deststoretype pkcs12 makes PKCS #12 of it'
  if (isDer(bytes)) return ': it is binary; keytool -exportcert -rfc or openssl pkcs12 makes PEM of PKCS #12'
  return ''
}

const wrongFile = (field: keyof SslContext, path: string, problem: string, cause?: unknown): TransportError =>
  new TransportError(`Cannot use ${field} ${path} of sslContext: ${problem}`, { code: 'TLS_FAILED', cause })
